"""The insider against the monitor: whatever is edited, deleted, back-dated, swapped or signed is found and named."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection

from minjing.kernel.ledger.actions import append, entry, erase_person
from minjing.kernel.ledger.providers.keys import signer
from minjing.kernel.ledger.rules.note import Claim, claim_text
from minjing.kernel.watch import actions, outsider, queries
from minjing.kernel.watch.monitor import DOUBT_S, ROUND_S, Monitor, Round, Sources
from minjing.kernel.watch.replay import Record
from minjing.kernel.watch.tests.conftest import INSPECTOR
from minjing.kernel.watch.tests.published import NOW, published, tamper

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
LIN = UUID(int=5)
# A part with a table of acts of its own, as small as one can be.
NOTES = Record(
    name="watch_test_note",
    ids="SELECT id FROM watch_test_note WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM watch_test_note ORDER BY id DESC LIMIT %(limit)s",
    rows="""
        SELECT entry_id, id, format('watch_test_note %%s', id), at, jsonb_build_object('note', id, 'words', words)
        FROM watch_test_note WHERE id = ANY(%(keys)s)
    """,
    kinds=("watch:note:written",),
    key="note",
)


class World:
    """A ledger with acts, its public folder, a monitor, and two clocks that the test moves."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder, self.state = Path(settings.LEDGER_DIR), tmp_path / "watch" / "monitor.json"
        self.now, self.tick = NOW, 1_000.0
        self.folder.mkdir(parents=True)
        self.monitor = self.started()

    def started(self) -> Monitor:
        sources = Sources(outsider.folder(self.folder), self.state.parent / "found")
        return Monitor(sources, [NOTES], self.state, lambda: self.tick)

    def acts(self, count: int, subject: UUID | None = None) -> list[UUID]:
        """Let acts happen, each with its row and its entry; return the notes' ids."""
        made = []
        for number in range(count):
            note = uuid4()
            record = entry(
                "watch:note:written",
                {"note": note, "words": f"w{number}", "by": note},
                at=self.now,
                subject_id=subject,
            )
            append(record)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO watch_test_note VALUES (%s, %s, %s, %s)", [note, record.id, self.now, f"w{number}"]
                )
            made.append(note)
        return made

    def round(self, pass_s: float = ROUND_S) -> Round:
        self.now, self.tick = self.now + timedelta(seconds=pass_s), self.tick + pass_s
        return self.monitor.round(self.now)

    def publish(self) -> int:
        return published(self.now)

    def alarms(self) -> list[tuple[str, int | None, str]]:
        return [(alarm.kind, alarm.index, alarm.row) for alarm in queries.alarms()]

    def found(self, *kinds: str, within_s: float = 60.0) -> list[tuple[str, int | None, str]]:
        """Make rounds until alarms of these kinds stand; fail when a minute passes first."""
        end = self.tick + within_s
        while self.tick < end:
            self.round()
            found = [alarm for alarm in self.alarms() if alarm[0] in kinds]
            if found:
                return found
        raise AssertionError(f"not found within {within_s} s: {kinds}; alarms: {self.alarms()}")


@pytest.fixture
def world(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.DATA_DIR, settings.LEDGER_POLICY = tmp_path, tmp_path / "keys" / "policy.txt"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE watch_test_note (id uuid PRIMARY KEY, entry_id uuid, at timestamptz, words text)"
        )
    made = World(tmp_path)
    # The test's clock is not the database's: what compares them has a test of its own.
    monkeypatch.setattr("minjing.kernel.watch.monitor.SKEW_S", 10**9)
    yield made
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE watch_test_note")


def test_a_sound_house_raises_nothing_round_after_round(world: World) -> None:
    for count in (3, 300, 1):
        world.acts(count)
        world.publish()
        for _ in range(3):
            made = world.round()
            assert (made.findings, made.doubts) == ([], [])
    assert world.alarms() == []
    beat = queries.beat()
    assert beat is not None
    assert (beat.at, beat.size, beat.lag_s) == (world.now, 304, 0.0)
    assert beat.checked >= 304


def counted(world: World) -> int:
    """Make a round once the database's counters are written; return how many entries it looked at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    before = world.monitor.checked
    world.round()
    return world.monitor.checked - before


def test_only_a_changed_row_has_everything_looked_at_at_once_not_a_log_that_grows(world: World) -> None:
    world.acts(600)
    world.publish()
    counted(world)
    world.acts(1)
    world.publish()  # rewrites the last bundle and adds a checkpoint
    world.round()
    assert counted(world) <= 256
    tamper(
        "UPDATE ledger_outbox SET at = at + interval '1 s' WHERE id = (SELECT min(id::text)::uuid FROM ledger_outbox)"
    )
    assert counted(world) >= 601
    assert counted(world) <= 2 * 256  # the one in doubt, and one in turn


EDITS: dict[str, tuple[str, Callable[[UUID], list[object]]]] = {
    "edits the payload": (
        "UPDATE ledger_outbox SET payload = convert_to(replace(convert_from(payload, 'UTF8'), 'w7', 'w8'), 'UTF8')"
        " WHERE id = %s",
        lambda entry_id: [entry_id],
    ),
    "back-dates a row": (
        "UPDATE ledger_outbox SET at = at - interval '1 day' WHERE id = %s",
        lambda entry_id: [entry_id],
    ),
    "moves it by a second": ("UPDATE ledger_outbox SET at = at + interval '1 s' WHERE id = %s", lambda e: [e]),
    "gives it to another officer": (
        "UPDATE ledger_outbox SET actor_id = gen_random_uuid() WHERE id = %s",
        lambda e: [e],
    ),
    "hides whom it was about": ("UPDATE ledger_outbox SET subject_id = NULL WHERE id = %s", lambda e: [e]),
    "changes its kind": ("UPDATE ledger_outbox SET kind = 'watch:note:read' WHERE id = %s", lambda e: [e]),
    "changes its salt": (
        "UPDATE ledger_outbox SET salt = decode(repeat('00', 16), 'hex') WHERE id = %s",
        lambda e: [e],
    ),
    "deletes it": ("DELETE FROM ledger_outbox WHERE id = %s", lambda e: [e]),
    "empties it": (
        "UPDATE ledger_outbox SET salt = NULL, payload = NULL, subject_id = NULL, actor_id = NULL, object_id = NULL"
        " WHERE id = %s",
        lambda e: [e],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_insider_who(world: World, edit: str) -> None:
    world.acts(300, LIN)
    world.publish()
    world.round()
    entry_id = in_log(7)
    sql, params = EDITS[edit]
    tamper(sql, params=params(entry_id))
    found = world.found("row")
    assert [index for _, index, _ in found] == [7]
    if edit != "deletes it":
        assert found[0][2] == f"ledger_outbox {entry_id}"


def in_log(index: int) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_outbox ORDER BY xid, seq OFFSET %s LIMIT 1", [index])
        return cursor.fetchone()[0]


def test_an_alarm_ends_when_the_row_is_put_back(world: World) -> None:
    world.acts(5)
    world.publish()
    world.round()
    entry_id = in_log(3)
    tamper("UPDATE ledger_outbox SET at = at - interval '1 day' WHERE id = %s", params=[entry_id])
    assert world.found("row") == [("row", 3, f"ledger_outbox {entry_id}")]
    world.round()
    assert len([alarm for alarm in world.alarms() if alarm[0] == "row"]) == 1, "raised once, not every round"
    tamper("UPDATE ledger_outbox SET at = at + interval '1 day' WHERE id = %s", params=[entry_id])
    world.round()
    assert world.alarms() == []


def test_an_alarm_about_what_was_not_looked_at_again_stands(world: World) -> None:
    words = {"zh": "甲", "en": "a"}
    actions.raise_alarms([actions.Finding("row", "bundle 9|2310", words, world.now, 2310)], now=world.now)
    world.round()
    assert [index for _, index, _ in world.alarms()] == [2310]


def test_an_erasure_that_is_on_record_is_no_fault_and_one_that_is_not_is(world: World) -> None:
    world.acts(5, LIN)
    world.publish()
    world.round()
    erase_person(LIN, INSPECTOR, world.now)
    world.publish()
    for _ in range(3):
        assert world.round().findings == []
    tamper(
        "UPDATE ledger_erased SET erased_by = gen_random_uuid()"
        " WHERE id = (SELECT min(id::text)::uuid FROM ledger_erased)"
    )
    assert len(world.found("row")) == 2


@pytest.mark.parametrize(
    ("sql", "field"),
    [
        ("UPDATE watch_test_note SET words = 'x' WHERE id = %s", "words"),
        ("UPDATE watch_test_note SET at = at - interval '1 h' WHERE id = %s", "at"),
    ],
)
def test_a_record_that_differs_from_its_entry_is_named(world: World, sql: str, field: str) -> None:
    note = world.acts(3)[1]
    world.publish()
    world.round()
    tamper(sql, params=[note])
    assert world.found("record") == [("record", None, f"watch_test_note {note}")]
    assert field in queries.alarms()[0].text["en"]


def test_a_record_without_an_entry_is_named(world: World) -> None:
    world.acts(3)
    world.publish()
    world.round()
    note = uuid4()
    tamper("INSERT INTO watch_test_note VALUES (%s, gen_random_uuid(), now(), 'past the ledger')", params=[note])
    assert world.found("record") == [("record", None, f"watch_test_note {note}")]


def test_an_entry_whose_record_was_deleted_is_named(world: World) -> None:
    note = world.acts(300)[270]
    world.publish()
    world.round()
    tamper("DELETE FROM watch_test_note WHERE id = %s", params=[note])
    assert world.found("record") == [("record", 270, f"watch_test_note {note}")]


def test_a_public_file_that_was_altered_is_named(world: World) -> None:
    world.acts(300)
    world.publish()
    world.round()
    path = world.folder / "tile" / "entries" / "000"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    assert ("file", 0, "tile/entries/000") in world.found("file")


def test_a_checkpoint_signed_with_the_stolen_key_is_named_wherever_it_turns_up(world: World) -> None:
    world.acts(5)
    world.publish()
    world.round()
    forged = signer().sign(claim_text(Claim(signer().name, 5, bytes(32))))
    (world.state.parent / "found").mkdir()
    (world.state.parent / "found" / "newspaper.txt").write_text(forged)
    assert world.found("key") == [("key", 4, "newspaper.txt")]


def test_one_put_into_the_public_folder_is_both_a_fork_and_a_stolen_key(world: World) -> None:
    world.acts(5)
    world.publish()
    world.round()
    forged = signer().sign(claim_text(Claim(signer().name, 6, bytes(32))))
    (world.folder / "checkpoint").write_text(forged)
    assert {kind for kind, _, _ in world.found("key")} == {"key"}


def test_yesterdays_backup_is_found_by_what_was_seen(world: World) -> None:
    world.acts(5)
    world.publish()
    old = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    world.acts(5)
    world.publish()
    world.round()
    for path, data in old.items():
        path.write_bytes(data)
    assert world.found("fork") == [("fork", 5, "checkpoint")]
    world.monitor = world.started()  # another process, the same memory
    assert world.round().findings != []


def test_a_promise_that_was_held_back_is_named_after_a_minute(world: World) -> None:
    world.acts(3)
    world.publish()
    world.round()
    assert world.round().findings == []
    world.acts(1)
    entry_id = in_log(3)
    tamper("DELETE FROM ledger_outbox WHERE id = %s", params=[entry_id])
    tamper("DELETE FROM watch_test_note WHERE entry_id = %s", params=[entry_id])  # no trace but the promise
    (found,) = world.found("promise", within_s=66)
    assert str(entry_id) in found[2]


@pytest.mark.parametrize(("waited", "alarm"), [(59, False), (60, True), (61, True)])
def test_a_minute_behind_raises_the_alarm(world: World, waited: int, alarm: bool) -> None:
    world.acts(1)
    world.publish()
    world.round()
    world.acts(1)
    world.round(waited)
    assert ("lag", None, "") in world.alarms() if alarm else ("lag", None, "") not in world.alarms()
    if alarm:
        world.publish()
        world.round()
        assert world.alarms() == []


def test_files_that_are_not_written_count_as_lag_though_the_database_is_up_to_date(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.acts(1)
    world.publish()
    world.round()
    world.acts(1)
    monkeypatch.setattr(settings, "LEDGER_DIR", tmp_path / "elsewhere")
    published(world.now)
    world.round()
    world.round(61)
    assert [kind for kind, _, _ in world.alarms() if kind == "lag"] == ["lag"]


def test_nobody_answers_and_the_alarm_goes_on_to_the_next(world: World) -> None:
    world.acts(1)
    world.round(61)
    assert [(alarm.kind, alarm.escalated_at) for alarm in queries.alarms() if alarm.kind == "lag"] == [("lag", None)]
    world.round(15 * 60)
    assert [alarm.escalated_at for alarm in queries.alarms() if alarm.kind == "lag"] == [world.now]


def test_a_clock_put_forward_closes_nothing_and_is_named(world: World) -> None:
    world.acts(2)
    world.publish()
    world.round()
    world.acts(1)
    world.now += timedelta(hours=2)
    world.round()
    beat = queries.beat()
    assert beat is not None
    assert beat.lag_s < 10
    assert [kind for kind, _, _ in world.alarms()] == ["clock"]


def test_a_clock_put_back_hides_no_lag(world: World) -> None:
    world.acts(2)
    world.publish()
    world.round()
    world.acts(1)
    world.now -= timedelta(hours=2)
    world.round()
    world.round(70)
    assert {kind for kind, _, _ in world.alarms()} >= {"clock", "lag"}


def test_a_frozen_clock_hides_no_lag(world: World) -> None:
    world.acts(2)
    world.publish()
    world.round()
    world.acts(1)
    for _ in range(40):
        world.tick += ROUND_S
        world.monitor.round(world.now)
    assert {kind for kind, _, _ in world.alarms()} >= {"clock", "lag"}


def test_a_clock_that_differs_from_the_databases_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    world.round()
    assert "skew" in {alarm.about.split("|")[0] for alarm in queries.alarms()}


def test_a_check_that_cannot_be_made_is_a_doubt_and_then_an_alarm(world: World) -> None:
    world.acts(1)
    world.publish()
    world.round()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE watch_test_note RENAME TO watch_test_gone")
    assert world.round().doubts == ["records", "sweep"]
    assert world.alarms() == []
    world.round(DOUBT_S)
    assert {kind for kind, _, _ in world.alarms()} == {"doubt"}
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE watch_test_gone RENAME TO watch_test_note")
    world.round()
    assert world.alarms() == []


def test_a_new_process_goes_on_where_the_last_one_was(world: World) -> None:
    world.acts(300)
    world.publish()
    world.round()
    world.monitor = world.started()
    assert world.monitor.seen.size == 300
    assert world.round().findings == []
    kept = json.loads(world.state.read_text())
    kept["seen"]["size"] = 7
    world.state.write_text(json.dumps(kept))
    with pytest.raises(ValueError, match="damaged"):
        world.started()


def test_what_the_monitor_says_stands_in_the_ledger_too(world: World) -> None:
    actions.raise_alarms([actions.Finding("row", "bundle 0|1", {"zh": "甲", "en": "a"}, world.now, 1)], now=world.now)
    world.publish()
    assert world.round().findings == []
