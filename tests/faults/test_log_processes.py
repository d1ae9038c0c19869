"""The log's own processes, real ones: killed at named points, set back to yesterday, their key changed."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from django.conf import settings

from minjing.kernel.ledger.actions.sequence import STEPS
from tests.faults.log import PYTHON, SEQUENCER, Log, a_log
from tests.house import ROOT, wait_for
from tests.verify.test_verify import run as tool

WAITS = "nothing is published until enough of them answer"
ORDER = "SELECT o.id FROM ledger_outbox o ORDER BY o.xid, o.seq"


@pytest.fixture(scope="module")
def server() -> str:
    """The address of a database on the server of the test run."""
    one = settings.DATABASES["default"]
    host = one["HOST"] or "127.0.0.1"
    return f"postgresql://{one['USER']}@/{{database}}?host={host}" + (f"&port={one['PORT']}" if one["PORT"] else "")


@pytest.fixture(scope="module")
def log(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    with a_log(tmp_path_factory.mktemp("log"), server) as made:
        yield made


def published(log: Log, total: int) -> None:
    """See that a real sequencer brings everything to the public, in order, and that an outsider agrees."""
    log.start("sequencer", SEQUENCER)
    log.wait_for(total)
    log.stop("sequencer")
    status, said = tool("log", log.data_dir / "ledger", "--policy", log.data_dir / "keys" / "policy.txt")
    assert status == 0, said
    assert log.run("ledger", "verify").returncode == 0


def test_killed_at_every_step_it_loses_nothing_and_signs_nothing_twice(log: Log, tmp_path: Path) -> None:
    chance, made = Random(27), log.act(5)
    published(log, len(made))
    kept = tmp_path / "kept"
    lives = subprocess.Popen(
        [PYTHON, "-m", "tests.faults.dying"],
        env=log.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert lives.stdin is not None
    assert lives.stdout is not None
    for step in STEPS:
        for when in ("before", "after"):
            kept.write_text(log.checkpoint())
            made += log.act(chance.randrange(1, 300))
            lives.stdin.write(f"{step.__name__} {when}\n")
            lives.stdin.flush()
            assert lives.stdout.readline().strip() == "9", f"it did not die {when} {step.__name__}"
            status, said = tool(
                "log", log.data_dir / "ledger", "--policy", log.data_dir / "keys" / "policy.txt", "--kept", kept
            )
            assert status == 0, f"dead {when} {step.__name__}: {said}"
    lives.stdin.close()
    assert lives.wait(10) == 0
    published(log, len(made))
    assert [row[0] for row in log.rows(ORDER)] == made
    assert not list((log.data_dir / "witnesses").glob("*/evidence/*"))


def test_yesterdays_backup_is_never_signed(log: Log) -> None:
    log.act(40)
    published(log, log.rows("SELECT count(*) FROM ledger_outbox")[0][0])
    log.keep("yesterday")
    log.act(40)
    published(log, log.rows("SELECT count(*) FROM ledger_outbox")[0][0])
    log.keep("today")
    shown, told = log.checkpoint(), len(log.words())
    try:
        # The database alone goes back. The guard remembers: the signer stops before it has signed anything.
        log.put_back("yesterday")
        log.act(70)
        assert log.start("sequencer", SEQUENCER).wait(30) == 2
        assert "an older backup was restored" in log.words(told)
        assert log.checkpoint() == shown

        # Guard and public folder go back with it: this machine remembers nothing. The witnesses do.
        log.put_back("yesterday", "guard", "ledger")
        yesterday, told = log.checkpoint(), len(log.words())
        log.act(70)
        log.start("sequencer", SEQUENCER)
        wait_for(lambda: WAITS in log.words(told), "it goes on", 30)
        time.sleep(2)
        log.stop("sequencer")
        assert log.checkpoint() == yesterday, "a second history was published"
    finally:
        log.put_back("today", "guard", "ledger")
        log.forget("yesterday")
        log.forget("today")
    log.act(3)
    published(log, log.rows("SELECT count(*) FROM ledger_outbox")[0][0])


ROTATE = """
from uuid import uuid4
from minjing.base.clock import now
from minjing.kernel.ledger import actions
actions.propose_key(uuid4(), now())
print(actions.confirm_key(uuid4(), now()))
"""


def test_a_new_key_is_believed_once_it_stands_in_the_policy_and_nobody_is_restarted(log: Log) -> None:
    total = log.rows("SELECT count(*) FROM ledger_outbox")[0][0]
    log.start("sequencer", SEQUENCER)
    told = len(log.words())
    new = log.run("shell", "-c", ROTATE).stdout.split()[-1]
    log.act(3)
    wait_for(lambda: WAITS in log.words(told), "they believe anybody", 30)
    policy = log.data_dir / "keys" / "policy.txt"
    text = policy.read_text()
    policy.write_text(f"log {new}\n{text}")
    log.wait_for(total + 5)
    log.stop("sequencer")
    published(log, total + 5)
