"""A log of real processes alone: a sequencer and three witnesses, a folder and a database of their own.

The house around it takes a minute to start; what is to be killed or set back here is only the log.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from minjing.base.clock import now
from minjing.kernel.ledger.actions.append import APPEND, as_rows, entry
from minjing.kernel.ledger.rules.note import parse_claim, parts_of
from minjing.kernel.ledger.witness.store import fresh
from minjing.site.processes import WITNESSES, witness
from tests.house import MINJING, OURS, ROOT
from tests.ports import free_port

SEQUENCER = (*MINJING, "sequencer")


class Log:
    """One log under test: what it shows, what its processes said, and how to set it back."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.data_dir = folder, folder / "data"
        self.server, self.name = server, f"log_{uuid4().hex[:12]}"
        self.port = free_port(8)
        self.said = folder / "log.txt"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if name not in OURS}
        return given | {
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.server.format(database=self.name),
            "DJANGO_SETTINGS_MODULE": "minjing.site.ledger_settings",
            "PORT": str(self.port),
        }

    # --- database -------------------------------------------------------------------------------------------

    def _server(self, sql: str, *names: str) -> None:
        with psycopg.connect(self.server.format(database="postgres"), autocommit=True) as connection:
            connection.execute(SQL(sql).format(*map(Identifier, names)))

    def make(self) -> None:
        """Make database, keys, witnesses and the policy that asks for two of the three."""
        self.data_dir.mkdir(parents=True)
        self._server("CREATE DATABASE {}", self.name)
        self.run("migrate", "--verbosity", "0")
        self.run("ledger", "init")
        key = (self.data_dir / "keys" / "ledger.pub").read_text().strip()
        lines = [f"log {key}"]
        for port, name in enumerate(WITNESSES, self.port):
            public = fresh(self.data_dir / "witnesses" / name, f"{name}.example/witness")
            lines.append(f"witness {name} {public} http://127.0.0.1:{port}")
        lines += [f"group witnesses 2 {' '.join(WITNESSES)}", "quorum witnesses", ""]
        (self.data_dir / "keys" / "policy.txt").write_text("\n".join(lines))

    def drop(self) -> None:
        self._server("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)

    def keep(self, name: str) -> None:
        """Take a backup of the stopped log: its database, and its folder without the witnesses', who are others."""
        self._server("CREATE DATABASE {} TEMPLATE {}", f"{self.name}_{name}", self.name)
        subprocess.run(["cp", "-a", str(self.data_dir), str(self.folder / name)], check=True)

    def put_back(self, name: str, *parts: str) -> None:
        """Set the database back to a backup, and the named parts of the folder with it."""
        self.drop()
        self._server("CREATE DATABASE {} TEMPLATE {}", self.name, f"{self.name}_{name}")
        for part in parts:
            subprocess.run(["rm", "-rf", str(self.data_dir / part)], check=True)
            subprocess.run(["cp", "-a", str(self.folder / name / part), str(self.data_dir / part)], check=True)

    def forget(self, name: str) -> None:
        self._server("DROP DATABASE IF EXISTS {} WITH (FORCE)", f"{self.name}_{name}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()

    def act(self, count: int) -> list[UUID]:
        """Let acts happen, each in a transaction of its own; return their entries."""
        made = [entry("tests:act:done", {"n": number}, at=now()) for number in range(count)]
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            for one in made:
                connection.execute(APPEND, [as_rows([one])])
        return [one.id for one in made]

    # --- processes ------------------------------------------------------------------------------------------

    def run(self, *verbs: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of `minjing` to its end; its checks are of pages that are not here."""
        words = [*MINJING, verbs[0], *(["--skip-checks"] if verbs[0] != "shell" else []), *verbs[1:]]
        done = subprocess.run(words, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, name: str, command: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        with self.said.open("ab") as out:
            self.running[name] = subprocess.Popen(
                list(command), env=self.environment, cwd=ROOT, stdout=out, stderr=out, **more
            )
        return self.running[name]

    def start_witnesses(self) -> None:
        for port, name in enumerate(WITNESSES, self.port):
            self.start(name, witness(name, self.data_dir, port))

    def stop(self, *names: str) -> None:
        """Stop processes, gently; without names all of them."""
        for name in names or list(self.running):
            process = self.running.pop(name)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(20)

    def words(self, start: int = 0) -> str:
        return self.said.read_text()[start:]

    # --- what the public sees -------------------------------------------------------------------------------

    def checkpoint(self) -> str:
        path = self.data_dir / "ledger" / "checkpoint"
        return path.read_text() if path.exists() else ""

    def size(self) -> int:
        text = self.checkpoint()
        return parse_claim(parts_of(text)[0]).size if text else 0

    def wait_for(self, size: int, within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while self.size() < size:
            assert time.monotonic() < deadline, f"{self.size()} of {size} are published: {self.words()[-2000:]}"
            time.sleep(0.05)


@contextmanager
def a_log(folder: Path, server: str) -> Iterator[Log]:
    """Make a log with its witnesses running, and take it away afterwards."""
    log = Log(folder, server)
    log.make()
    log.start_witnesses()
    try:
        yield log
    finally:
        for process in log.running.values():
            process.kill()
            process.wait()
        log.drop()


PYTHON = sys.executable
