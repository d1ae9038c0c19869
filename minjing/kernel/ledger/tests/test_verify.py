"""Verification names what an insider changed, wherever it was changed; erasure is no fault."""

from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from random import Random
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import Error, connection, transaction

from minjing.kernel.ledger import queries
from minjing.kernel.ledger.actions import append, drain, entry, erase_person
from minjing.kernel.ledger.models import Bundle, Checkpoint, Erased, Outbox, State, Tile
from minjing.kernel.ledger.providers import folder
from minjing.kernel.ledger.tests.acts import NOW, acts, flip, in_order, tamper

pytestmark = pytest.mark.django_db(transaction=True)
LAN, BO = UUID("01900000-0000-7000-8000-00000000001a"), UUID("01900000-0000-7000-8000-00000000001b")
ENTRY = 2 + len("matters:matter:claimed 2026-03-02T04:00Z ") + 43  # bytes of one in a bundle
FLIP = "set_byte({0}, {1}, get_byte({0}, {1}) # {2})"


@dataclass(frozen=True)
class Inspector:
    account_id: UUID


WANG = Inspector(UUID("01900000-0000-7000-8000-00000000000f"))


def faults() -> list[tuple[int | None, UUID | None]]:
    return [(fault.index, fault.entry_id) for fault in queries.verify().faults]


def entry_id(index: int) -> UUID:
    return in_order()[index]


def test_an_untouched_ledger_holds_together_and_says_what_was_checked() -> None:
    acts(300)
    drain(NOW)
    acts(40)
    drain(NOW)
    acts(2)  # not yet in the log
    report = queries.verify()
    assert report.ok
    assert (report.size, report.payloads, report.erased) == (340, 340, 0)
    assert report.checkpoints >= 2


def test_an_empty_ledger_holds_together() -> None:
    assert queries.verify().ok


def test_any_byte_of_any_entry_is_named() -> None:
    acts(300)
    drain(NOW)
    random = Random(6)
    for _ in range(25):
        index, bit = random.randrange(256), random.randrange(8)
        place = index * ENTRY + 2 + random.randrange(ENTRY - 2)
        flip("tile/entries/000", place, bit)
        report = queries.verify()
        assert (index, entry_id(index)) in [(f.index, f.entry_id) for f in report.faults]
        assert {f.index for f in report.faults} <= {index, 0}, "one altered entry is one named entry"
        assert any("bytes were altered" in f.what for f in report.faults)
        flip("tile/entries/000", place, bit)
    assert queries.verify().ok


def published(size: int) -> None:
    acts(size, subject_id=LAN)
    drain(NOW)
    acts(1)
    drain(NOW)  # what was published in full is let go from the database


def test_every_flipped_bit_of_every_file_and_row_is_found() -> None:
    published(600)
    random = Random(7)
    live = ["checkpoint", "tile/1/000.p/2"]
    live += [f"tile/{kind}/{name}" for kind in ("0", "entries") for name in ("000", "001", "002.p/89")]
    for _ in range(100):
        name = random.choice(live)
        place, bit = random.randrange((folder.folder() / name).stat().st_size), random.randrange(8)
        flip(name, place, bit)
        assert not queries.verify().ok, (name, place, bit)
        flip(name, place, bit)
    assert queries.verify().ok


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (f"UPDATE ledger_outbox SET payload = {FLIP.format('payload', 5, 1)} {{row}}", "payload, salt or columns"),
        (f"UPDATE ledger_outbox SET salt = {FLIP.format('salt', 0, 128)} {{row}}", "payload, salt"),
        ("UPDATE ledger_outbox SET actor_id = id {row}", "officer"),
        ("UPDATE ledger_outbox SET object_id = id {row}", "matter"),
        ("UPDATE ledger_outbox SET kind = 'a:b:nothing' {row}", "another kind"),
        ("UPDATE ledger_outbox SET at = at - interval '1 day' {row}", "another kind or time"),
        ("UPDATE ledger_outbox SET at = at + interval '1 second' {row}", "columns"),
        ("UPDATE ledger_outbox SET org_id = 9 {row}", "columns"),
        ("UPDATE ledger_outbox SET subject_id = NULL {row}", "columns"),
        ("DELETE FROM ledger_outbox {row}", "gone without an erasure"),
    ],
)
def test_what_an_insider_changes_is_named_with_index_and_entry(change: str, what: str) -> None:
    acts(300, subject_id=LAN)
    drain(NOW)
    seventh = entry_id(7)
    tamper(change.format(row=f"WHERE id = '{seventh}'"))
    report = queries.verify()
    named = [f for f in report.faults if f.index == 7 and what in f.what]
    assert named, report.faults
    assert named[0].entry_id in (seventh, None)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("tile/entries/000", "bundle 0 in the database and the public file differ"),
        ("tile/0/000", "tile 0/0 in the database and the public file differ"),
        ("tile/1/000.p/2", "the public file tile/1/000.p/2 does not fit"),
        ("tile/entries/002.p/88", "the public file tile/entries/002.p/88 does not fit"),
        ("checkpoint", "checkpoint in the public folder"),
    ],
)
def test_a_public_file_that_differs_is_named(name: str, what: str) -> None:
    acts(600)
    drain(NOW)
    flip(name, 30, 0)
    assert any(what in fault.what for fault in queries.verify().faults), queries.verify().faults


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/001", "tile/1/000.p/2", "checkpoint"])
def test_a_public_file_that_is_gone_is_named(name: str) -> None:
    published(600)
    (folder.folder() / name.replace("p/88", "p/89")).unlink()
    assert not queries.verify().ok


def overlay(path: str, place: int, data: bytes) -> None:
    file = folder.folder() / path
    whole = file.read_bytes()
    file.write_bytes(whole[:place] + data + whole[place + len(data) :])


def test_an_entry_rewritten_with_its_tile_and_private_record_still_breaks_what_was_signed() -> None:
    acts(300)
    drain(NOW)
    seventh = entry_id(7)
    forged = replace(entry("matters:matter:claimed", {"n": "forged"}, at=NOW), id=seventh)
    tamper(
        f"UPDATE ledger_outbox SET salt = '\\x{forged.salt.hex()}', payload = '\\x{forged.payload.hex()}'"
        f" WHERE id = '{seventh}'",
        f"UPDATE ledger_bundle SET entries = overlay(entries PLACING '\\x{forged.public.hex()}' FROM {7 * ENTRY + 3})"
        " WHERE n = 0",
        f"UPDATE ledger_tile SET hashes = overlay(hashes PLACING '\\x{forged.leaf_hash.hex()}' FROM {7 * 32 + 1})"
        " WHERE level = 0 AND n = 0",
    )
    overlay("tile/entries/000", 7 * ENTRY + 2, forged.public)
    overlay("tile/0/000", 7 * 32, forged.leaf_hash)
    report = queries.verify()
    assert any("tile 1/0" in f.what and "0 to 255" in f.what for f in report.faults)
    assert any("root stated" in f.what for f in report.faults)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (f"UPDATE ledger_tile SET hashes = {FLIP.format('hashes', 0, 1)} WHERE level = 1", "tile 1/0"),
        (f"UPDATE ledger_state SET root = {FLIP.format('root', 0, 1)}", "root that is stored"),
        (f"UPDATE ledger_checkpoint SET root = {FLIP.format('root', 0, 1)}", "another origin"),
        ("UPDATE ledger_checkpoint SET note = replace(note, E'300', E'299')", "not valid"),
        ("UPDATE ledger_state SET size = 299", "was stated"),
    ],
)
def test_a_change_of_tile_state_or_checkpoint_is_found(change: str, what: str) -> None:
    acts(300)
    while queries.head() is None or queries.head().size < 300:  # type: ignore[union-attr]
        drain(NOW)
    tamper(change)
    assert any(what in fault.what for fault in queries.verify().faults)


def test_an_act_that_was_slipped_past_the_sequencer_is_found() -> None:
    acts(500)
    drain(NOW)
    late = acts(1)[0]
    tamper(f"UPDATE ledger_outbox SET xid = '5' WHERE id = '{late.id}'")
    assert (None, late.id) in faults()


def test_an_erased_person_leaves_the_tree_whole() -> None:
    acts(5, "identity:person:looked", LAN)
    acts(3, "identity:person:looked", BO)
    drain(NOW)
    before = queries.head()
    assert erase_person(LAN, WANG, NOW) == 5
    assert queries.about(LAN) == []
    assert len(queries.about(BO)) == 3
    assert not Outbox.objects.filter(subject_id=LAN).exists()
    drain(NOW)
    report = queries.verify()
    assert report.ok, report.faults
    assert (report.size, report.erased, report.payloads) == (9, 5, 4)
    after = queries.head()
    assert before is not None
    assert after is not None
    assert after.size == before.size + 1, "the erasure itself is an entry"
    record = Outbox.objects.get(kind="ledger:person:erased")
    assert str(LAN).encode() not in bytes(record.payload or b"")


def test_a_second_erasure_of_the_same_person_finds_nothing_left() -> None:
    acts(2, subject_id=LAN)
    assert (erase_person(LAN, WANG, NOW), erase_person(LAN, WANG, NOW)) == (2, 0)


def test_an_erasure_that_nobody_recorded_is_found() -> None:
    acts(5, subject_id=LAN)
    drain(NOW)
    tamper(
        "INSERT INTO ledger_erased SELECT id, gen_random_uuid(), sha256(ledger_frame(o)) FROM ledger_outbox o"
        " ORDER BY seq LIMIT 1",
        "UPDATE ledger_outbox SET salt = NULL, payload = NULL, subject_id = NULL"
        " WHERE seq = (SELECT min(seq) FROM ledger_outbox)",
    )
    assert any("its erasure states None" in fault.what for fault in queries.verify().faults)


def test_an_emptied_record_without_an_erasure_is_found() -> None:
    acts(5, subject_id=LAN)
    drain(NOW)
    tamper("UPDATE ledger_outbox SET salt = NULL, payload = NULL, subject_id = NULL WHERE payload = '{\"n\":3}'")
    assert [(f.index, f.what) for f in queries.verify().faults] == [
        (3, "its private record was emptied without an erasure")
    ]


def test_a_person_erased_before_the_sequencer_came_by_still_gets_their_leaves() -> None:
    made = acts(3, subject_id=LAN)
    assert erase_person(LAN, WANG, NOW) == 3
    drain(NOW)
    assert in_order()[:3] == [one.id for one in made]
    assert [queries.public_entry_of(one.id) for one in made] == [one.public for one in made]
    assert all(queries.proof(one.id).holds() for one in made)  # type: ignore[union-attr]
    report = queries.verify()
    assert (report.ok, report.erased, report.payloads) == (True, 3, 1)


def test_nobody_but_a_recorded_erasure_empties_a_record() -> None:
    acts(1, subject_id=LAN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('minjing.ledger', 'erase', true)")
        with pytest.raises(Error, match="only grows"):
            cursor.execute("UPDATE ledger_outbox SET salt = NULL, payload = NULL, subject_id = NULL")
        transaction.set_rollback(True)


def test_a_look_is_seen_by_its_person_at_once_newest_first_and_by_page() -> None:
    made = [
        entry("identity:person:looked", {"n": n}, at=NOW + timedelta(seconds=n), subject_id=LAN) for n in range(5)
    ]
    append(*made, *[entry("matters:matter:claimed", {}, at=NOW, subject_id=LAN)])
    seen = queries.about(LAN, kinds=["identity:person:looked"], limit=2)
    assert [row["what"]["n"] for row in seen] == [4, 3]
    assert seen[0]["index"] is None
    older = queries.about(LAN, kinds=["identity:person:looked"], before=NOW + timedelta(seconds=3))
    assert [row["what"]["n"] for row in older] == [2, 1, 0]
    assert len(queries.about(LAN)) == 6
    drain(NOW)
    assert {row["index"] for row in queries.about(LAN)} == set(range(6))


def test_entries_are_searched_by_kind_and_time() -> None:
    acts(3, "identity:person:looked")
    acts(2, "matters:matter:claimed")
    span = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
    assert len(queries.search(**span)) == 5
    assert {found.kind for found in queries.search(prefix="matters:", **span)} == {"matters:matter:claimed"}
    assert len(queries.search(kinds=["identity:person:looked"], limit=2, **span)) == 2
    assert queries.search(since=NOW + timedelta(days=1), until=NOW + timedelta(days=2)) == []
    assert queries.search(before=NOW, **span) == []
    assert queries.entry_of(queries.search(**span)[0].id) == queries.search(**span)[0]


def test_a_proof_leads_from_every_entry_to_the_signed_root() -> None:
    made = acts(300)
    assert queries.proof(made[0].id) is None
    drain(NOW)
    for one in made[::7]:
        proof = queries.proof(one.id)
        assert proof is not None
        assert proof.holds()
        assert proof.size == queries.head().size  # type: ignore[union-attr]


def test_the_lag_counts_from_the_oldest_act_that_waits() -> None:
    assert queries.lag_s(NOW) == 0
    acts(1)
    assert queries.lag_s(NOW + timedelta(seconds=90)) == 90
    drain(NOW)
    assert queries.lag_s(NOW + timedelta(seconds=90)) == 0


def test_the_command_line_speaks_in_sentences_and_fails_on_faults() -> None:
    acts(10)
    out = StringIO()
    call_command("ledger", "status", stdout=out)
    assert "Nothing has been published yet" in out.getvalue()
    drain(NOW)
    call_command("ledger", "status", stdout=out)
    call_command("ledger", "verify", stdout=out)
    assert "10 published entries" in out.getvalue()
    assert "holds together: 10 entries" in out.getvalue()
    tamper(f"UPDATE ledger_bundle SET entries = {FLIP.format('entries', 4 * ENTRY + 5, 1)}")
    with pytest.raises(CommandError) as failed:
        call_command("ledger", "verify")
    assert f"Entry 4 ({entry_id(4)}): the entry's bytes were altered." in str(failed.value)
    assert failed.value.returncode == 1


def test_the_models_are_what_the_schema_made() -> None:
    with connection.cursor() as cursor:
        for model in (Outbox, Erased, Bundle, Tile, State, Checkpoint):
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [model._meta.db_table]
            )
            assert {row[0] for row in cursor.fetchall()} == {f.column for f in model._meta.local_concrete_fields}
