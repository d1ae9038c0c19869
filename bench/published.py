"""A log of its own for a benchmark: folder, guard and policy of its own, a real sequencer, real witnesses."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import house

FIRST_PORT = 8180
PATIENCE_S = 120.0


def own_log() -> Path:
    """Give this process and those it starts a log of their own; call it before django.setup()."""
    place = Path(tempfile.mkdtemp(prefix="log-", dir=house.DATA_DIR))
    os.environ |= {
        "LEDGER_DIR": str(place / "ledger"),
        "LEDGER_GUARD": str(place / "guard" / "ledger.guard"),
        "LEDGER_POLICY": str(place / "keys" / "policy.txt"),
    }
    (place / "keys").mkdir()
    (place / "keys" / "policy.txt").write_text("quorum none\n")
    import django

    django.setup()
    return place


def discard(place: Path) -> None:
    """Remove a log that was measured."""
    shutil.rmtree(place, ignore_errors=True)


@contextmanager
def running(place: Path) -> Iterator[None]:
    """Run a sequencer and three witnesses, of which two must cosign, as the demo city does."""
    from minjing.site import processes
    from minjing.site.demo import witnesses

    witnesses.prepare(place, FIRST_PORT)
    commands = [processes.witness(name, place, port) for port, name in enumerate(processes.WITNESSES, FIRST_PORT)] + [
        [sys.executable, "-m", "minjing.site.cli", "sequencer"]
    ]
    started = [subprocess.Popen(command, env=dict(os.environ), cwd=house.ROOT) for command in commands]
    try:
        yield
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(20)


def size() -> int:
    """Return how many entries are published, read from the public file as an outsider reads it."""
    try:
        text = (Path(os.environ["LEDGER_DIR"]) / "checkpoint").read_text()
    except FileNotFoundError:
        return 0
    return int(text.split("\n", 2)[1])


def wait_for(entries: int) -> float:
    """Wait until that many entries are published and return when."""
    end = time.monotonic() + PATIENCE_S
    while size() < entries:
        if time.monotonic() > end:
            raise TimeoutError(f"{size()} of {entries} entries are published after {PATIENCE_S:.0f} s")
        time.sleep(0.005)
    return time.monotonic()


def entries() -> int:
    """Return how many entries the acts have written."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_outbox")
        return int(cursor.fetchone()[0])


BULK = """
INSERT INTO ledger_outbox (id, kind, org_id, at, subject_id, actor_id, object_id, salt, payload)
SELECT gen_random_uuid(),
    (ARRAY['identity:person:looked', 'matters:matter:claim', 'matters:matter:approve'])[1 + n %% 3],
    4, now(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), uuid_send(gen_random_uuid()),
    convert_to('{"from":"submitted","post":"station_clerk","seq":3,"to":"recommended","unit":16}', 'UTF8')
FROM generate_series(1, %s) AS n
"""


def fill(rows: int, at_once: int = 50_000) -> None:
    """Write rows as acts would, but many in a transaction: a backlog."""
    from django.db import connection

    for start in range(0, rows, at_once):
        with connection.cursor() as cursor:
            cursor.execute(BULK, [min(at_once, rows - start)])
