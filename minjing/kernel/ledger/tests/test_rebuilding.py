"""A public folder that was lost comes back byte for byte, or not at all."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from minjing.base.ids import new_id
from minjing.kernel.ledger import actions, queries
from minjing.kernel.ledger.actions import drain
from minjing.kernel.ledger.providers import folder, guard, keys
from minjing.kernel.ledger.tests.acts import NOW, acts, flip, tamper


class Clerk:
    """Who erases."""

    account_id = new_id()


pytestmark = pytest.mark.django_db(transaction=True)
MANY = 16_384 + 700  # two rounds, full tiles of two levels and partial ones


def rebuilt() -> str:
    out = StringIO()
    call_command("ledger", "rebuild", stdout=out)
    return out.getvalue()


def files() -> dict[str, bytes]:
    place = folder.folder()
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and not str(path.relative_to(place)).startswith(folder.DRAFTS)
    }


@pytest.fixture
def published(settings: Any, tmp_path: Path) -> dict[str, bytes]:
    """A log of two rounds, in which a person was erased; what the public saw."""
    settings.DATA_DIR = tmp_path
    settings.LEDGER_POLICY = tmp_path / "keys" / "policy.txt"
    actions.initialise(NOW)
    person = new_id()
    acts(MANY)
    acts(5, subject_id=person)
    drain(NOW)
    actions.erase_person(person, Clerk(), NOW)
    drain(NOW)
    return files()


def lose() -> None:
    shutil.rmtree(folder.folder())


def test_a_lost_folder_comes_back_byte_for_byte(published: dict[str, bytes]) -> None:
    lose()
    assert f"{MANY + 6:,} entries" in rebuilt()
    assert files() == published
    assert queries.verify().ok, queries.verify().faults


def test_the_log_goes_on_in_a_folder_that_was_rebuilt(published: dict[str, bytes]) -> None:
    lose()
    rebuilt()
    acts(300)
    drain(NOW)
    assert queries.verify().ok
    assert queries.checkpoints(1)[0].size == MANY + 306


def test_a_single_lost_file_comes_back_and_the_rest_is_compared(published: dict[str, bytes]) -> None:
    (folder.folder() / "tile/entries/007").unlink()
    rebuilt()
    assert files() == published
    (folder.folder() / "tile/entries/007").unlink()
    flip("tile/0/003", 100, 2)
    with pytest.raises(CommandError, match="other bytes"):
        rebuilt()


def test_records_that_were_altered_write_nothing(published: dict[str, bytes]) -> None:
    lose()
    tamper(
        "UPDATE ledger_outbox SET at = at + interval '1 minute' WHERE seq = (SELECT min(seq) + 9 FROM ledger_outbox)"
    )
    with pytest.raises(CommandError, match="Nothing was written"):
        rebuilt()
    assert folder.read("checkpoint") is None
    assert not (folder.folder() / "tile").exists()


def test_a_guard_that_stands_elsewhere_writes_nothing(published: dict[str, bytes]) -> None:
    lose()
    guard.path().unlink()
    with pytest.raises(CommandError, match="guard does not stand"):
        rebuilt()


def test_nothing_published_is_said() -> None:
    with pytest.raises(CommandError, match="nothing to rebuild"):
        rebuilt()


def test_keys_of_before_a_rotation_are_in_the_list_again(published: dict[str, bytes]) -> None:
    first, second = new_id(), new_id()
    actions.propose_key(first, NOW)
    actions.confirm_key(second, NOW)
    acts(3)
    drain(NOW)
    old = set(keys.history())
    lose()
    rebuilt()
    assert set(keys.history()) == old
    assert len([1 for role, _ in old if role == "log"]) == 2
