"""An act's entry: what it commits to, and that it stands or falls with the act."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import Error, connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.ledger.models import Outbox

NOON = datetime(2026, 3, 2, 4, 0, 17, 250, tzinfo=UTC)
LAN = UUID("01900000-0000-7000-8000-00000000001a")


def test_the_commitment_covers_kind_instant_district_person_and_content() -> None:
    made = entry("matters:matter:claimed", {"by": LAN, "at": NOON}, at=NOON, org_id=3, subject_id=LAN)
    assert made.commitment == hashlib.sha256(made.salt + made.payload).digest()
    assert json.loads(made.payload) == {
        "at": "2026-03-02T04:00:17.000250+00:00",
        "kind": "matters:matter:claimed",
        "org": 3,
        "subject": str(LAN),
        "what": {"by": str(LAN), "at": "2026-03-02T04:00:17.000250+00:00"},
    }


def test_the_same_instant_in_another_zone_gives_the_same_bytes() -> None:
    in_china = NOON.astimezone(timezone(timedelta(hours=8)))
    assert entry("a:b:c", {}, at=NOON).payload == entry("a:b:c", {}, at=in_china).payload


def test_two_entries_of_the_same_act_show_nothing_in_common() -> None:
    assert entry("a:b:c", {}, at=NOON).commitment != entry("a:b:c", {}, at=NOON).commitment


@pytest.mark.django_db
def test_many_entries_are_one_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        append(*(entry("a:b:c", {"n": n}, at=NOON, subject_id=LAN if n % 2 else None) for n in range(50)))
    assert Outbox.objects.filter(kind="a:b:c").count() == 50


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_leaves_no_entry() -> None:
    made = entry("a:b:c", {}, at=NOON)

    def act() -> None:
        with transaction.atomic():
            append(made)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Outbox.objects.filter(id=made.id).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_outbox SET payload = payload || ' '",
        "UPDATE ledger_outbox SET at = at - interval '1 day'",
        "UPDATE ledger_outbox SET subject_id = NULL",
        "DELETE FROM ledger_outbox",
    ],
)
def test_the_database_refuses_to_change_or_drop_what_was_written(change: str) -> None:
    append(entry("a:b:c", {}, at=NOON, subject_id=LAN))
    with pytest.raises(Error, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "no name"), ("salt", b"short"), ("payload", b"{}"), ("commitment", bytes(32))],
)
def test_the_database_refuses_an_entry_that_does_not_hold_together(column: str, value: object) -> None:
    made = entry("a:b:c", {"n": 1}, at=NOON)
    row = {"id": new_id(), "kind": made.kind, "salt": made.salt, "payload": made.payload}
    row = {**row, "commitment": made.commitment, column: value}
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_outbox (id, kind, at, salt, payload, commitment)"
            " VALUES (%(id)s, %(kind)s, now(), %(salt)s, %(payload)s, %(commitment)s)",
            row,
        )
