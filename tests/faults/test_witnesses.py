"""The demo's witnesses, real processes: with one of three gone the ledger goes on; with two gone it waits."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from minjing.kernel.ledger.rules.note import parse_claim, parts_of
from minjing.kernel.ledger.rules.policy import parse_policy
from minjing.site.processes import WITNESSES
from tests.house import ROOT, House, wait_for
from tests.verify.test_verify import run as verify

ACT = """
from minjing.base import clock
from minjing.kernel.ledger.actions import append, entry
from django.db import transaction
with transaction.atomic():
    append(*[entry("tests:act:done", {"n": n}, at=clock.now()) for n in range(%d)])
"""


def act(house: House, count: int = 3) -> None:
    """Let something happen that must be recorded."""
    done = house.run("shell", "-c", ACT % count)
    assert done.returncode == 0, done.stderr


def size(house: House) -> int:
    return parse_claim(parts_of(checkpoint(house))[0]).size


def checkpoint(house: House) -> str:
    return (house.data_dir / "ledger" / "checkpoint").read_text()


def signers(house: House) -> set[str]:
    return {name for name in WITNESSES if f"\u2014 {name}.example/witness " in checkpoint(house)}


def pid_of(house: House, name: str) -> int:
    """Return the process of a witness of this house."""
    folder = str(house.data_dir / "witnesses" / name)
    for entry in os.listdir("/proc"):
        with suppress(OSError, ValueError):
            if f"\0{folder}\0" in Path(f"/proc/{int(entry)}/cmdline").read_text():
                return int(entry)
    raise AssertionError(f"the witness {name} does not run")


@contextmanager
def stopped(house: House, *names: str) -> Iterator[None]:
    """Let witnesses hang: they hold their connections and answer nothing."""
    pids = [pid_of(house, name) for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture
def calm(house: House) -> House:
    """Wait until all that happened so far is published."""
    act(house, 1)
    waiting = "SELECT count(*) FROM ledger_outbox"
    total = house.rows(waiting)[0][0]
    wait_for(lambda: size(house) >= total, "the ledger does not catch up", within_s=60)
    return house


def all_three(house: House) -> None:
    """Act until a checkpoint carries all three: who is a moment late under load misses one, not the next."""

    def seen() -> bool:
        act(house, 1)
        time.sleep(0.5)
        return signers(house) == set(WITNESSES)

    wait_for(seen, "not all three cosign", within_s=60)


def test_all_three_cosign_what_the_demo_publishes(calm: House) -> None:
    policy = parse_policy((calm.data_dir / "keys" / "policy.txt").read_text())
    assert policy.need() == 2
    all_three(calm)
    assert policy.satisfied(checkpoint(calm))


def test_one_hung_witness_holds_nothing_up(calm: House) -> None:
    with stopped(calm, "court"):
        before = size(calm)
        act(calm)
        wait_for(lambda: size(calm) >= before + 3, "two of three are not enough", within_s=10)
        assert signers(calm) == {"university", "newspaper"}
    all_three(calm)


def test_with_one_of_three_nothing_is_published_and_nothing_is_lost(calm: House) -> None:
    with stopped(calm, "court", "newspaper"):
        before = checkpoint(calm)
        act(calm, 5)
        time.sleep(7)  # longer than the sequencer waits for witnesses
        assert checkpoint(calm) == before
    wait_for(lambda: size(calm) >= parse_claim(parts_of(before)[0]).size + 5, "it does not catch up", within_s=30)


def test_witnesses_killed_at_work_come_back_and_never_contradict_themselves(calm: House) -> None:
    kept = calm.data_dir / "kept"
    kept.write_text(checkpoint(calm))
    for name in WITNESSES:
        before = size(calm)
        os.kill(pid_of(calm, name), signal.SIGKILL)
        act(calm, 2)
        wait_for(
            lambda before=before: size(calm) >= before + 2, f"{name} was killed and nothing goes on", within_s=20
        )
        wait_for(lambda name=name: _runs(calm, name), f"{name} is not started again")
    status, said = verify(
        "log", calm.data_dir / "ledger", "--policy", calm.data_dir / "keys" / "policy.txt", "--kept", kept
    )
    assert status == 0, said
    assert not list((calm.data_dir / "witnesses").glob("*/evidence/*"))


def _runs(house: House, name: str) -> bool:
    url = re.search(rf"witness {name} \S+ (\S+)", (house.data_dir / "keys" / "policy.txt").read_text())
    assert url is not None
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url[1]}/", timeout=1).status_code == 200
    return False


def test_the_whole_ledger_is_checked_over_http_by_the_tool(calm: House) -> None:
    status, said = verify("log", f"{calm.url}/ledger", "--policy", calm.data_dir / "keys" / "policy.txt")
    assert status == 0, said
    assert "Witness" in said
    assert str(ROOT) not in said
