"""The numbers of papers: a district's decisions draw them side by side, and none is left out.

A number is drawn in the transaction of its paper and lies locked until that ends, some 60 ms later with the paper
typeset and signed. Free numbers lie in a table, so that the next decision takes the next one instead of waiting for
this; a decision that is undone leaves its number free, the lowest, which is drawn next.
"""

from django.db import connection

BLOCK = 64  # numbers laid out at a time: only who finds none waits for who lays them out

# Locked once and apart: as a part of the condition it could be asked anew within the statement, and find another.
_DRAW = """
WITH free AS MATERIALIZED (
    SELECT org_id, year, number FROM papers_number WHERE org_id = %s AND year = %s
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
)
DELETE FROM papers_number n USING free
WHERE (n.org_id, n.year, n.number) = (free.org_id, free.year, free.number) RETURNING n.number
"""
# Locks the row of the counter, which it makes where there is none.
_TURN = """
INSERT INTO papers_counter (org_id, year, last) VALUES (%s, %s, 0)
ON CONFLICT (org_id, year) DO UPDATE SET last = papers_counter.last
"""
_LAY_OUT = """
WITH counter AS (
    UPDATE papers_counter SET last = last + %s WHERE org_id = %s AND year = %s RETURNING org_id, year, last
)
INSERT INTO papers_number (org_id, year, number)
SELECT org_id, year, generate_series(last - %s + 1, last) FROM counter
"""


def draw(org_id: int, year: int) -> int:
    """Return the lowest free number of a district's year; it is free again when the transaction is undone."""
    whose = [org_id, year]
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, whose)
        if cursor.rowcount == 0:
            cursor.execute(_TURN, whose)
            cursor.execute(_DRAW, whose)  # somebody else may have laid some out meanwhile
        if cursor.rowcount == 0:
            cursor.execute(_LAY_OUT, [BLOCK, *whose, BLOCK])
            cursor.execute(_DRAW, whose)
        row: tuple[int] = cursor.fetchone()
        return row[0]
