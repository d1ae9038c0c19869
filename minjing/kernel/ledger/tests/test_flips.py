"""A bit that flips in a private row is found, and the entry named: every column that a commitment covers, any bit."""

import os
from random import Random
from uuid import UUID

import pytest
from django.db import IntegrityError, connection

from minjing.base.ids import new_id
from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import append, drain, entry
from minjing.kernel.ledger.tests.acts import NOW, in_order, tamper

pytestmark = pytest.mark.django_db(transaction=True)
FLIPS = int(os.environ.get("FLIPS") or 300)  # `make faults`: 1,000
ENTRIES = 60

# How a bit of each column is turned: bytes where they lie; an id, a time, a number by what it is made of.
BYTES = "UPDATE ledger_outbox SET {0} = set_byte({0}, {1}, get_byte({0}, {1}) # {2}) WHERE id = '{3}'"
UUIDS = (
    "UPDATE ledger_outbox SET {0} = encode(set_byte(uuid_send({0}), {1}, get_byte(uuid_send({0}), {1}) # {2}), 'hex')"
    "::uuid WHERE id = '{3}'"
)
COLUMNS = {
    "salt": (BYTES, 16),
    "payload": (BYTES, 20),
    "subject_id": (UUIDS, 16),
    "actor_id": (UUIDS, 16),
    "object_id": (UUIDS, 16),
    "id": (UUIDS, 16),
    "at": ("UPDATE ledger_outbox SET at = at + {2} * 256.0 ^ {1} * interval '1 microsecond' WHERE id = '{3}'", 5),
    "org_id": ("UPDATE ledger_outbox SET org_id = (org_id::int # ({2} << (8 * {1})))::smallint WHERE id = '{3}'", 1),
    "kind": (
        "UPDATE ledger_outbox SET kind = overlay(kind placing chr(ascii(substr(kind, {1} + 1, 1)) # {2})"
        " from {1} + 1 for 1) WHERE id = '{3}'",
        14,
    ),
}


@pytest.fixture
def log() -> list[UUID]:
    for number in range(ENTRIES):
        append(
            entry(
                "matters:matter:claimed",
                {"by": new_id(), "matter": new_id(), "words": f"step {number:04d}, to be kept"},
                at=NOW,
                org_id=number % 12,
                subject_id=new_id(),
            )
        )
    drain(NOW)
    assert queries.verify().ok
    return in_order()


def turn(sql: str) -> bool:
    """Turn a bit, unless the table's own check of kinds refuses what would come of it."""
    try:
        tamper(sql)
    except IntegrityError:
        return False
    return True


def test_every_flipped_bit_of_a_private_row_is_found_and_named(log: list[UUID]) -> None:
    chance, missed, turned = Random(20_261_127), [], dict.fromkeys(COLUMNS, 0)
    for _ in range(FLIPS):
        column = chance.choice(sorted(COLUMNS))
        sql, width = COLUMNS[column]
        index, place = chance.randrange(ENTRIES), chance.randrange(width)
        bit = 1 << chance.randrange(7 if column == "kind" else 8)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE kept AS SELECT * FROM ledger_outbox WHERE id = %s", [log[index]])
        if turn(sql.format(column, place, bit, log[index])):
            turned[column] += 1
            faults = queries.verify().faults
            if [fault.index for fault in faults] != [index]:
                missed.append((column, index, place, bit, faults))
        tamper(
            "DELETE FROM ledger_outbox WHERE (xid, seq) = (SELECT xid, seq FROM kept)",
            "INSERT INTO ledger_outbox OVERRIDING SYSTEM VALUE SELECT * FROM kept",
            "DROP TABLE kept",
        )
    assert missed == []
    assert min(turned.values()) > 0, turned
    assert queries.verify().ok
