"""An act's entry: what it commits to, and that it stands or falls with the act."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from django.db import Error, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from minjing.base.ids import new_id
from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import append, entry, keeping, together
from minjing.kernel.ledger.actions.append import canonical
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.rules.public import PublicEntry, parse_public

NOON = datetime(2026, 3, 2, 4, 0, 17, 250, tzinfo=UTC)
LAN = UUID("01900000-0000-7000-8000-00000000001a")


def test_the_commitment_covers_kind_instant_district_person_and_content() -> None:
    made = entry("matters:matter:claimed", {"by": LAN, "at": NOON}, at=NOON, org_id=3, subject_id=LAN)
    assert (made.actor_id, made.object_id, json.loads(made.payload)) == (LAN, None, {"at": f"{NOON.isoformat()}"})
    for change in (
        {"kind": "matters:matter:seen"},
        {"at": NOON + timedelta(microseconds=1)},
        {"org_id": 4},
        {"subject_id": None},
        {"actor_id": None},
        {"object_id": LAN},
        {"salt": bytes(16)},
        {"payload": b"{}"},
        {"id": LAN},
    ):
        assert replace(made, **change).commitment != made.commitment  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.parametrize("said", [{}, {"by": LAN, "matter": str(LAN), "n": 1, "why": "失主来取"}])
@pytest.mark.parametrize("subject", [None, LAN])
def test_the_database_frames_an_entry_as_the_application_does(said: dict[str, object], subject: UUID | None) -> None:
    made = entry("a:b:c", said, at=NOON, org_id=-3, subject_id=subject)
    append(made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sha256(ledger_frame(o)) FROM ledger_outbox o WHERE id = %s", [made.id])
        assert bytes(cursor.fetchone()[0]) == made.commitment
    row = Outbox.objects.get(id=made.id)
    assert row.what == {key: str(value) if key != "n" else value for key, value in said.items()}
    assert queries.public_entry_of(made.id) == made.public
    assert parse_public(made.public) == PublicEntry("a:b:c", NOON.replace(second=0, microsecond=0), made.commitment)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), JSON))
def test_what_is_said_is_written_as_rfc_8785_has_it(said: dict[str, object]) -> None:
    assert canonical(said) == rfc8785.dumps(said)


@pytest.mark.parametrize("said", [{"n": 1.5}, {"键": 1}, {"n": b"bytes"}, {"n": {"m": float("nan")}}])
def test_what_has_more_than_one_spelling_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        entry("a:b:c", said, at=NOON)


def test_the_same_instant_in_another_zone_gives_the_same_bytes() -> None:
    in_china = NOON.astimezone(timezone(timedelta(hours=8)))
    made = entry("a:b:c", {"at": NOON}, at=NOON)
    assert made.payload == entry("a:b:c", {"at": in_china}, at=in_china).payload
    assert replace(made, at=in_china).public == made.public


def test_two_entries_of_the_same_act_show_nothing_in_common() -> None:
    assert entry("a:b:c", {}, at=NOON).commitment != entry("a:b:c", {}, at=NOON).commitment


@pytest.mark.django_db
def test_many_entries_are_one_statement(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        append(*(entry("a:b:c", {"n": n}, at=NOON, subject_id=LAN if n % 2 else None) for n in range(50)))
    assert Outbox.objects.filter(kind="a:b:c").count() == 50


@pytest.mark.django_db(transaction=True)
def test_the_parts_of_an_act_tell_the_ledger_together(django_assert_num_queries: object) -> None:
    made = [entry("a:b:c", {"n": n}, at=NOON) for n in range(3)]
    with keeping() as promises, transaction.atomic(), django_assert_num_queries(1), together():  # type: ignore[operator]
        append(made[0])
        with together():
            append(made[1])
        append(made[2])
    assert list(Outbox.objects.order_by("seq").values_list("id", flat=True)) == [one.id for one in made]
    assert [promise.entries for promise in promises] == [tuple(made)]


@pytest.mark.django_db(transaction=True)
def test_an_act_of_several_parts_that_fails_leaves_no_entry() -> None:
    def act() -> None:
        with transaction.atomic(), together():
            append(entry("a:b:c", {}, at=NOON))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    append(entry("a:b:d", {}, at=NOON))
    assert list(Outbox.objects.values_list("kind", flat=True)) == ["a:b:d"]


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
    [("kind", "no name"), ("salt", b"short"), ("payload", b""), ("payload", None), ("salt", None)],
)
def test_the_database_refuses_an_entry_that_does_not_hold_together(column: str, value: object) -> None:
    made = entry("a:b:c", {"n": 1}, at=NOON)
    row = {"id": new_id(), "kind": made.kind, "salt": made.salt, "payload": made.payload}
    row = {**row, column: value}
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_outbox (id, kind, at, salt, payload)"
            " VALUES (%(id)s, %(kind)s, now(), %(salt)s, %(payload)s)",
            row,
        )
