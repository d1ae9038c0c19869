"""Taking over whole registers from another system, or for the demo: COPY, and one ledger entry for each register."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from django.db import connection, transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events

BLOCK, BATCH = 500, 50_000
REBUILD_FROM = 200_000  # so many rows into a table that is all but empty: faster without its indexes, made anew after
Told = Callable[[int], None]

# The columns of a line, in order; a line is as COPY's text format has it: tabs, \\N for null, a newline at the end.
VEHICLE = (
    "id", "org_id", "plate", "plate_kind", "use", "colour", "engine_number", "owner_person_id", "owner_firm",
    "inspected_until_date", "insured_until_date", "mortgaged", "status", "since_at", "vin", "brand", "model", "body",
    "energy", "seats", "made_date", "registered_date",
)  # fmt: skip
VEHICLE_PAST = (
    "vehicle_id", "until_at", "org_id", "plate", "plate_kind", "use", "colour", "engine_number", "owner_person_id",
    "owner_firm", "inspected_until_date", "insured_until_date", "mortgaged", "status", "since_at",
)  # fmt: skip
LICENCE = (
    "id", "org_id", "person_id", "file_number", "classes", "first_issued_date", "valid_from_date", "valid_until_date",
    "probation_until_date", "checkup_due_date", "status", "suspended_until_date", "since_at",
)  # fmt: skip
VIOLATION = (
    "id", "org_id", "number", "violated_at", "recorded_at", "conduct", "district", "place", "lat", "lon",
    "heading_deg", "vehicle_id", "plate", "plate_kind", "person_id", "checked", "state", "published_at", "fine_fen",
    "points",
)  # fmt: skip


@transaction.atomic
def take_over_vehicles(
    rows: Iterable[tuple[str, str]], *, expected: int, by: Actor, now: datetime, told: Told
) -> int:
    """Enter vehicles (VEHICLE) with the state that ended before, if there was one (VEHICLE_PAST); return how many.

    IntegrityError: a plate or VIN is taken. Nothing is entered then.
    """
    past: list[str] = []

    def vehicles() -> Iterator[str]:
        for line, before in rows:
            if before:
                past.append(before)
            yield line

    many = _enter("vehicle", VEHICLE, vehicles(), expected, told)
    copy("traffic_vehiclepast", VEHICLE_PAST, past)
    _entry("vehicle", many, by, now)
    return many


@transaction.atomic
def take_over_licences(rows: Iterable[str], *, expected: int, by: Actor, now: datetime, told: Told) -> int:
    """Enter licences (LICENCE); return how many. IntegrityError: the person has one, or the file number is taken."""
    many = _enter("licence", LICENCE, rows, expected, told)
    _entry("licence", many, by, now)
    return many


@transaction.atomic
def take_over_violations(rows: Iterable[str], *, expected: int, by: Actor, now: datetime, told: Told) -> int:
    """Enter violations (VIOLATION); return how many. IntegrityError: a number is taken."""
    many = _enter("violation", VIOLATION, rows, expected, told)
    _entry("violation", many, by, now)
    return many


def _enter(register: str, columns: Iterable[str], rows: Iterable[str], expected: int, told: Told) -> int:
    with _bare(f"traffic_{register}", expected):
        return copy(f"traffic_{register}", columns, rows, told)


def copy(table: str, columns: Iterable[str], lines: Iterable[str], told: Told = lambda done: None) -> int:
    """Send lines to a table of ours in one COPY and return how many; `told` hears of each batch.

    In small blocks: the database takes one in while the next is being made.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    rest, many = iter(lines), 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as sent:
        while block := list(islice(rest, BLOCK)):
            sent.write("".join(block).encode())
            many += len(block)
            if many % BATCH == 0:
                told(many)
    return many


def _entry(register: str, many: int, by: Actor, now: datetime) -> None:
    said = {"register": register, "count": many, "by": by.account_id}
    ledger.append(ledger.entry(events.TAKEN_OVER, said, at=now))


_FIRST = "SELECT count(*) FROM (SELECT FROM {table} LIMIT %s) AS first_rows"
_INDEXES = """
SELECT c.relname, pg_get_indexdef(c.oid), k.conname, pg_get_constraintdef(k.oid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'u'
 WHERE i.indrelid = %s::regclass AND NOT i.indisprimary ORDER BY c.relname
"""


@contextmanager
def _bare(table: str, expected: int) -> Iterator[None]:
    """Take the indexes of a table off while far more rows come in than it has, and make them anew."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST.format(table=table), [expected // 10 + 1])
        if expected < REBUILD_FROM or cursor.fetchone()[0] > expected // 10:
            yield
            return
        cursor.execute(_INDEXES, [table])
        known = cursor.fetchall()
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL synchronous_commit = off")
        for index, _, constraint, _ in known:
            cursor.execute(
                f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"' if constraint else f'DROP INDEX "{index}"'
            )
        yield
        for _, made, constraint, said in known:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{constraint}" {said}' if constraint else made)
