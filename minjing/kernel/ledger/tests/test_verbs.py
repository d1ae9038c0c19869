"""`minjing ledger`: keys, proofs and copies for people at a terminal."""

import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from minjing.kernel.ledger import actions, queries
from minjing.kernel.ledger.actions import Doubt, drain, sequence_once
from minjing.kernel.ledger.providers import folder, guard, keys, sm2
from minjing.kernel.ledger.rules.note import parse_line, parts_of
from minjing.kernel.ledger.rules.policy import Log, Policy
from minjing.kernel.ledger.rules.receipt import check_receipt, parse_receipt
from minjing.kernel.ledger.tests.acts import NOW, acts, flip

pytestmark = pytest.mark.django_db(transaction=True)


def said(*words: str) -> str:
    out = StringIO()
    call_command("ledger", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.LEDGER_POLICY = tmp_path / "keys" / "policy.txt"
    return tmp_path


def test_init_makes_three_private_keys_outside_the_database_once(data_dir: Path) -> None:
    first = said("init")
    assert [line.split(" ")[0] for line in first.splitlines()] == ["log", "log-mldsa", "promise"]
    private = sorted((data_dir / "keys").glob("*.key"))
    assert [path.name for path in private] == ["ledger-mldsa.key", "ledger.key", "promise.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert said("init") == first


def test_a_checkpoint_carries_both_signatures_of_the_log(data_dir: Path) -> None:
    acts(3)
    drain(NOW)
    checkpoint = (folder.read("checkpoint") or b"").decode()
    for key in (keys.verifier(), keys.quantum_verifier()):
        assert key is not None
        Policy(logs=(Log(key),)).check(checkpoint)
    assert len(parts_of(checkpoint)[1]) == 2


def test_a_city_that_must_signs_with_sm2_on_a_line_that_others_skip(data_dir: Path, settings: Any) -> None:
    settings.LEDGER_SM2 = True
    acts(3)
    drain(NOW)
    checkpoint = (folder.read("checkpoint") or b"").decode()
    text, lines = parts_of(checkpoint)
    assert len(lines) == 3
    third = parse_line(lines[2])
    assert sm2.holds(keys.origin(), text, third.key_id + third.signature)
    assert not sm2.holds(keys.origin(), text.replace("3", "4", 1), third.key_id + third.signature)
    assert stat.S_IMODE((data_dir / "keys" / "ledger-sm2.pem").stat().st_mode) == 0o600
    Policy(logs=tuple(map(Log, keys.verifiers()))).check(checkpoint)
    assert "log-sm2" in said("init")


def test_prove_writes_a_file_that_proves_the_entry_without_us(tmp_path: Path) -> None:
    made = acts(5)
    out = tmp_path / "entry.tlog-proof"
    with pytest.raises(CommandError, match="no published head"):
        said("prove", str(made[3].id), "--out", str(out))
    drain(NOW)
    said("prove", str(made[3].id), "--out", str(out))
    check_receipt(parse_receipt(out.read_text()), made[3].public, Policy(logs=tuple(map(Log, keys.verifiers()))))


def test_export_hands_over_a_copy_that_was_verified_file_by_file(tmp_path: Path) -> None:
    acts(16_384 + 300)
    drain(NOW)
    keys.publish_history(NOW)
    copy = tmp_path / "copy"
    assert "16,684 entries" in said("export", str(copy))
    files = {str(file.relative_to(copy)) for file in copy.rglob("*") if file.is_file()}
    assert {"checkpoint", "keys/history", "tile/0/064", "tile/0/065.p/44", "tile/1/000.p/65"} <= files
    assert all((copy / name).read_bytes() == folder.read(name) for name in files)
    with pytest.raises(CommandError, match="not empty"):
        said("export", str(copy))


@pytest.mark.parametrize("name", ["tile/0/001.p/44", "tile/entries/000", "tile/1/000.p/1", "checkpoint"])
def test_export_refuses_a_folder_that_is_not_whole(name: str, tmp_path: Path) -> None:
    acts(300)
    drain(NOW)
    flip(name, 20, 3)
    with pytest.raises(CommandError):
        said("export", str(tmp_path / "copy"))
    assert not (tmp_path / "copy" / "checkpoint").exists()


def test_a_lost_guard_is_set_to_the_published_head_and_a_whole_one_never_goes_back() -> None:
    acts(3)
    drain(NOW)
    guard.path().unlink()
    with pytest.raises(Doubt, match="ledger guard"):
        sequence_once(NOW)
    assert actions.set_guard(NOW) == 3
    acts(2)
    drain(NOW)
    assert [head.size for head in queries.checkpoints()] == [5, 3]
    with pytest.raises(Doubt, match="never goes back"):
        actions.set_guard(NOW)


def test_status_says_size_guard_and_witnesses() -> None:
    assert "Nothing has been published yet" in said("status")
    acts(3)
    drain(NOW)
    assert "3 published entries" in said("status")
    assert "The guard stands at 3." in said("status")
    assert "this log stands alone" in said("status")
