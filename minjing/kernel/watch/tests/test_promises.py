"""Each promise is checked within a minute, in whatever order journal and log arrive."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from minjing.kernel.ledger.rules.promise import Promise, promise_text
from minjing.kernel.watch import promises
from minjing.kernel.watch.promises import Promises

ORIGIN = "city.example/ledger"
AT = 1_795_000_000
ONE, TWO, THREE = (bytes([n]) * 32 for n in (1, 2, 3))


def line(*leaves: bytes, at: int = AT, origin: str = ORIGIN) -> str:
    words = promise_text(Promise(origin, leaves, at))
    return json.dumps({"entries": [str(UUID(bytes=leaf[:16])) for leaf in leaves], "promise": words}) + "\n"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "minjing-web-7-20261124.log"
    path.write_text(line(ONE) + line(TWO, THREE))
    return path


def nowhere(leaf: bytes) -> bool:
    return False


@pytest.mark.parametrize(("age", "late"), [(59, 0), (60, 1), (61, 1)])
def test_a_promise_is_broken_when_a_minute_has_passed(journal: Path, age: int, late: int) -> None:
    held = Promises()
    held.read([journal], ORIGIN, AT)
    held.published([TWO, THREE])
    broken = held.broken(AT + age, nowhere)
    assert [leaf for leaf, _ in broken] == [ONE] * late
    if broken:
        assert (broken[0][1].entry_id, broken[0][1].journal) == (UUID(bytes=ONE[:16]), journal.name)


def test_an_entry_published_before_its_promise_was_written_down_is_kept_too(journal: Path) -> None:
    held = Promises()
    held.published([ONE, TWO, THREE])
    held.read([journal], ORIGIN, AT)
    assert held.broken(AT + 600, nowhere) == []


def test_what_lay_there_before_the_monitor_came_has_a_minute_from_then(journal: Path) -> None:
    held = Promises()
    held.read([journal], ORIGIN, AT + 9_000)
    assert held.broken(AT + 9_059, nowhere) == []
    assert len(held.broken(AT + 9_060, nowhere)) == 3


def test_the_whole_log_is_asked_before_a_promise_is_called_broken(journal: Path) -> None:
    held = Promises()
    held.read([journal], ORIGIN, AT)
    assert [leaf for leaf, _ in held.broken(AT + 60, lambda leaf: leaf != TWO)] == [TWO]
    assert set(held.pending) == {TWO}


def test_a_late_entry_ends_the_wait(journal: Path) -> None:
    held = Promises()
    held.read([journal], ORIGIN, AT)
    assert len(held.broken(AT + 90, nowhere)) == 3
    held.published([ONE, TWO, THREE])
    assert held.broken(AT + 92, nowhere) == []


def test_journals_are_read_on_and_survive_a_restart(journal: Path) -> None:
    held = Promises()
    held.read([journal], ORIGIN, AT)
    held.published([ONE])
    again = promises.from_json(json.loads(json.dumps(promises.to_json(held))))
    assert set(again.pending) == {TWO, THREE}
    again.read([journal], ORIGIN, AT + 5)
    assert set(again.pending) == {TWO, THREE}
    with journal.open("a") as more:
        more.write(line(bytes(32))[:40])  # torn: not yet whole
    again.read([journal], ORIGIN, AT + 5)
    assert set(again.pending) == {TWO, THREE}


def test_a_promise_for_another_log_is_named(journal: Path) -> None:
    journal.write_text(line(ONE, origin="another.example/ledger"))
    held = Promises()
    held.read([journal], ORIGIN, AT)
    assert held.foreign == [(journal.name, 0)]
    assert held.pending == {}


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "PENDING_MAX", 10)
    monkeypatch.setattr(promises, "BYTES_A_ROUND", 600)
    path = tmp_path / "a.log"
    path.write_text("".join(line(bytes([n]) * 32) for n in range(1, 40)))
    held = Promises()
    for _ in range(50):
        held.read([path], ORIGIN, AT)
    assert 10 <= len(held.pending) < 20
    held.published(list(held.pending))
    held.read([path], ORIGIN, AT)
    assert held.pending
