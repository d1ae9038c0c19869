"""Promises: what they say, that they are kept, and that what vanishes before it is logged is missed."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.ledger.actions import Entry, append, drain, entry, keeping, promise_of
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.providers import journal
from minjing.kernel.ledger.providers.promise import promise_signer, promise_verifier
from minjing.kernel.ledger.queries import proof
from minjing.kernel.ledger.rules.note import BadNote, Verifier, open_note, parse_claim
from minjing.kernel.ledger.rules.promise import Promise, open_promise, parse_promise, promise_text
from minjing.kernel.ledger.rules.tree import leaf_hash
from minjing.kernel.ledger.tests.acts import NOW, acts, tamper

LAN = UUID("01900000-0000-7000-8000-00000000001a")


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.LEDGER_POLICY = tmp_path / "keys" / "policy.txt"
    return tmp_path


def verifier() -> Verifier:
    promise_signer()
    found = promise_verifier()
    assert found is not None
    return found


def lines() -> list[journal.Line]:
    return [line for path in journal.journals() for line in journal.read(path)[0]]


def leaf_in_the_log(entry_id: UUID) -> bytes | None:
    found = proof(entry_id)
    return leaf_hash(found.entry) if found else None


# ---- what a promise says ---------------------------------------------------------------------------------


def test_a_promise_names_the_log_the_leaf_the_second_and_the_delay() -> None:
    made = entry("matters:matter:claimed", {"by": LAN}, at=NOW, subject_id=LAN)
    note = promise_of(made)
    said = open_promise(note, [verifier()])
    assert (said.origin, said.at, said.within_s) == ("localhost/ledger", int(NOW.timestamp()), 60)
    assert len(said.leaves) == 1
    assert note == promise_of(made), "asked again, it is the same promise to the byte"
    assert str(LAN) not in note


def test_a_promise_is_no_checkpoint_and_a_checkpoint_no_promise() -> None:
    text = open_note(promise_of(entry("a:b:c", {}, at=NOW)), [verifier()])
    with pytest.raises(BadNote):
        parse_claim(text)
    with pytest.raises(BadNote):
        parse_promise("localhost/ledger\n12\n" + "A" * 43 + "=\n")


def test_every_byte_of_a_promise_counts() -> None:
    note, key = promise_of(entry("a:b:c", {}, at=NOW)).encode(), verifier()
    rejected = 0
    for position in range(len(note)):
        for changed in {note[position] ^ 1, note[position] ^ 0x20, 0x0A} - {note[position]}:
            try:
                open_promise((note[:position] + bytes([changed]) + note[position + 1 :]).decode("utf-8"), [key])
            except (BadNote, UnicodeDecodeError):
                rejected += 1
                continue
            pytest.fail(f"byte {position} may be {changed:#x}")
    assert rejected > 2 * len(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log/promise\n1\nwithin 60 s\n",
        "log/promise\nAAAA\n1\nwithin 60 s\n",
        f"log/promise\n{'A' * 43}=\n01\nwithin 60 s\n",
        f"log/promise\n{'A' * 43}=\n1\nwithin sixty s\n",
        f"log/promise\n{'A' * 43}=\n1\nwithin 60 m\n",
        f"log/promise\n{'A' * 43}=\n1\nwithin 60 s",
        f"log\n{'A' * 43}=\n1\nwithin 60 s\n",
        "log/promise\n" + f"{'A' * 43}=\n" * 1001 + "1\nwithin 60 s\n",
    ],
)
def test_what_is_no_promise_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_promise(text)


def test_a_text_comes_back_as_it_was_written() -> None:
    said = Promise("x.example/ledger", (bytes(32), b"\xff" * 32), 1, 60)
    assert parse_promise(promise_text(said)) == said


# ---- when it is given ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_promised_stands_in_the_log_afterwards() -> None:
    with keeping() as kept:
        made = acts(3)
    (promise,) = kept
    assert promise.entries == tuple(made)
    drain(NOW)
    said = open_promise(promise.note, [verifier()])
    assert [leaf_in_the_log(e.id) for e in made] == list(said.leaves)


@pytest.mark.django_db(transaction=True)
def test_the_journal_has_a_line_as_soon_as_the_act_has_committed() -> None:
    with transaction.atomic():
        made = acts(2)
        assert lines() == [], "nothing is on record before the commit"
    (line,) = lines()
    assert line.entries == tuple(e.id for e in made)
    assert line.words == open_note(promise_of(*made), [verifier()]), "the words that are signed for whoever takes it"


@transaction.atomic
def act_and_fail() -> None:
    acts(1)
    raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_promised_to_nobody() -> None:
    with keeping() as kept:
        with pytest.raises(ZeroDivisionError):
            act_and_fail()
        with transaction.atomic():
            acts(1)
            with pytest.raises(ZeroDivisionError):  # a savepoint
                act_and_fail()
    assert len(kept) == len(lines()) == 1
    assert Outbox.objects.filter(id=lines()[0].entries[0]).exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_deleted_before_it_is_logged_is_missed_by_its_promise() -> None:
    made = acts(3)
    tamper(f"DELETE FROM ledger_outbox WHERE id = '{made[1].id}'")
    drain(NOW)
    (line,) = lines()
    leaves = parse_promise(line.words).leaves
    missing = [e for e, leaf in zip(line.entries, leaves, strict=True) if leaf_in_the_log(e) != leaf]
    assert missing == [made[1].id]


# ---- the journal -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_journal_holds_nobody() -> None:
    append(entry("identity:person:looked", {"by": LAN, "words": "林建国"}, at=NOW, subject_id=LAN))
    (path,) = journal.journals()
    text = path.read_text(encoding="utf-8")
    assert str(LAN) not in text
    assert "林建国" not in text
    assert "looked" not in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_torn_line_is_passed_over_and_reading_goes_on_where_it_ended() -> None:
    def written(made: Entry) -> None:
        journal.write(open_note(promise_of(made), [verifier()]), [made.id], made.at)

    first, second, third = (entry("a:b:c", {"n": n}, at=NOW) for n in range(3))
    written(first)
    (path,) = journal.journals()
    with path.open("ab") as torn:
        torn.write(b'{"entries":["0190')  # the power went here
    read, offset = journal.read(path)
    assert [line.entries for line in read] == [(first.id,)]
    with path.open("ab") as torn:
        torn.write(b"\n")
    written(second)
    read, offset = journal.read(path, offset)
    assert [line.entries for line in read] == [(second.id,)]
    written(third)
    assert [line.entries for line in journal.read(path, offset)[0]] == [(third.id,)]


def test_a_day_has_a_file_of_its_own() -> None:
    for day in range(3):
        journal.write("x", [new_id()], NOW + timedelta(days=day))
    assert [path.name[-12:] for path in journal.journals()] == ["20260302.log", "20260303.log", "20260304.log"]


def test_threads_do_not_mix_their_lines() -> None:
    notes = ["x" * (n % 700) for n in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda note: journal.write(note, [new_id()], NOW), notes))
    assert sorted(line.words for line in lines()) == sorted(notes)


@pytest.mark.django_db(transaction=True)
def test_a_journal_that_cannot_be_written_stops_no_act(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    promise_signer()
    (data_dir / "promises").write_text("a file where the folder should be")
    with keeping() as kept:
        (made,) = acts(1)
    assert Outbox.objects.filter(id=made.id).exists()
    assert len(kept) == 1
    assert os.strerror(errno.EEXIST) in caplog.text or os.strerror(errno.ENOTDIR) in caplog.text


def test_a_new_key_is_used_by_processes_that_run_on(data_dir: Path) -> None:
    made = entry("a:b:c", {}, at=NOW)
    old, old_key = promise_of(made), verifier()
    for name in ("promise.key", "promise.pub"):
        (data_dir / "keys" / name).unlink()
    with pytest.raises(BadNote):
        open_promise(promise_of(made), [old_key])
    assert open_promise(promise_of(made), [verifier()]) == open_promise(old, [old_key])
