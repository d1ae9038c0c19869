"""The real processes, as `minjing up` starts them, on a folder and a port of their own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
MINJING = [sys.executable, "-m", "minjing.site.cli"]
# What the test run sets for itself must not reach the house: it is to be as a city starts it.
OURS = ("DATABASE_URL", "DATA_DIR", "PORT", "PGOPTIONS", "MINJING_TEST_DB", "TEST_DATA_DIR", "DJANGO_SETTINGS_MODULE")


PORTS = 17  # the pages; in the demo also what stands for the world outside (docs/howto/run-it.md)


class House:
    """One running Minjing: its folder, its address, its database."""

    def __init__(self, workers: int = 2, data_dir: str = "", port: int = 0, **environment: str) -> None:
        self.data_dir = Path(data_dir or tempfile.mkdtemp(prefix="minjing-"))
        self.data_dir.chmod(0o755)  # the embedded PostgreSQL may run as another user than root
        self.port = port or free_port(PORTS)
        self.url = f"http://localhost:{self.port}"
        self.inbox = f"http://127.0.0.1:{self.port + 1}/inbox"
        self.database = f"postgresql://postgres@/minjing?host={self.data_dir / 'pg'}"
        self.environment = {k: v for k, v in os.environ.items() if k not in OURS} | {
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "WEB_WORKERS": str(workers),
            # Each browser of a test says where it comes from, as a proxy would: limits count by address.
            "TRUSTED_PROXIES": "1",
            # Officers of a test work faster than people do.
            "API_PER_MINUTE": "0",
            # Tests run at any hour.
            "NOTIFY_QUIET_HOURS": "none",
            **environment,
        }
        self.log = self.data_dir / "house.log"
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def running(cls, data_dir: str, port: str) -> "House":
        """Return the house that somebody else has started."""
        return cls(data_dir=data_dir, port=int(port))

    def start(self, within_s: float = 240.0) -> float:
        """Start everything and return the seconds until the first page was served."""
        began = time.monotonic()
        said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*MINJING, "up"], env=self.environment, stdout=out, stderr=out, cwd=ROOT, start_new_session=True
            )
        while time.monotonic() - began < within_s:
            if self.process.poll() is not None:
                raise RuntimeError(f"the house ended at its start:\n{self.log.read_text()[-3000:]}")
            with suppress(httpx.HTTPError):
                is_well = httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
                if is_well and b" is up (" in self.log.read_bytes()[said_before:]:  # the world outside too
                    return time.monotonic() - began
            time.sleep(0.1)
        raise RuntimeError(f"the house did not come up within {within_s} s:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def run(self, *verbs: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a verb of `minjing` beside the house, on its data."""
        environment = self.environment | {"DATABASE_URL": self.database}
        return subprocess.run(
            [*MINJING, *verbs],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def last_words(self) -> str:
        """Return the end of what the house and its database said, for the text of a failure."""
        logs = [log for log in (self.log, self.data_dir / "pg" / "log") if log.exists()]
        return "\n".join(f"{log.name}: …{log.read_text(errors='replace')[-2000:]}" for log in logs)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what the database answers."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql, params).fetchall()

    def tamper(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Change rows as an insider with the database's password would: past every trigger."""
        with psycopg.connect(self.database) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            return connection.execute(sql, params).rowcount

    def texts_to(self, phone: str) -> list[str]:
        """Return the text messages a phone has received, newest first."""
        answer = httpx.get(f"{self.inbox}.json", params={"phone": phone}, timeout=10)
        return [message["text"] for message in answer.json()["messages"]]


def wait_for(what, sentence: str, within_s: float = 30.0):
    """Return the first true answer of `what`, asked again and again."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(sentence)
