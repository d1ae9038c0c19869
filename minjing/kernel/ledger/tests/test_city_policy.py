"""The city's policy file: read anew when it changes, and never silently absent."""

from pathlib import Path
from typing import Any

import pytest

from minjing.kernel.ledger.providers import keys
from minjing.kernel.ledger.providers.policy import policy, policy_text
from minjing.kernel.ledger.rules.policy import BadPolicy
from minjing.kernel.ledger.tests.witnesses import key


@pytest.fixture
def path(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.LEDGER_POLICY = tmp_path / "keys" / "policy.txt"
    (tmp_path / "keys").mkdir()
    return tmp_path / "keys" / "policy.txt"


def test_a_city_without_a_policy_believes_its_own_log_alone(path: Path) -> None:
    own = keys.signer().verifier
    assert [log.verifier for log in policy().logs] == [own]
    assert policy().need() == 0
    assert policy_text() == f"log {own}\nquorum none\n"


def test_the_policy_is_read_anew_when_its_file_changes(path: Path) -> None:
    line = f"witness court {key(1).verifier}\n"
    path.write_text(f"{line}quorum none\n")
    assert policy().need() == 0
    path.write_text(f"{line}quorum court\n")
    assert policy().need() == 1
    assert policy_text() == f"{line}quorum court\n"


def test_a_policy_that_is_named_but_missing_is_refused(path: Path, settings: Any) -> None:
    settings.LEDGER_POLICY = path.with_name("other.txt")
    with pytest.raises(BadPolicy, match="no such file"):
        policy()


def test_a_damaged_policy_is_refused(path: Path) -> None:
    path.write_text("quorum nobody\n")
    with pytest.raises(BadPolicy, match="not defined"):
        policy()
