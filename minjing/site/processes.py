"""The processes of the house under one parent: web, worker, sequencer and, in the demo, the world outside."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeVar

RESTART_AFTER_S = 1.0
STOP_WITHIN_S = 10.0


class CannotStart(Exception):
    """Why the house cannot start, as a sentence that says what to do."""


T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """Do `work` in a forked process and return what it returns; raise CannotStart as it does.

    What the work needs (the framework, the whole catalogue: a hundred megabytes) goes with that process, and the
    parent, which only watches afterwards, stays small.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            try:
                said: tuple[bool, object] = (True, work())
            except CannotStart as reason:
                said = (False, str(reason))
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(said, pipe)
            status = 0
        except Exception:  # nothing above this frame is the child's: its traceback is printed here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    if not content:
        raise SystemExit(1)
    ended_well, value = pickle.loads(content)  # noqa: S301 - from our own child
    if not ended_well:
        raise CannotStart(value)
    result: T = value
    return result


@dataclass
class Child:
    """One process under the parent, and how often it had to be started."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent alone."""
        environment = {**os.environ, "MINJING_PROCESS": f"minjing-{self.name}"}
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True)
        self.starts += 1
        self.started_at = time.monotonic()

    def stop(self) -> None:
        """Ask it to finish what it has in hand and end."""
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def end_group(self) -> None:
        """End what it started and did not end itself: a server's worker left behind would keep the port."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def check_port(port: int, variable: str = "PORT") -> None:
    """Raise CannotStart when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CannotStart(
                f"Port {port} is in use by another program. Stop it, or choose another: {variable}=9000 make up"
            ) from None


def check_folder(data_dir: Path) -> None:
    """Raise CannotStart when the folder of the data cannot be made or written."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        probe = data_dir / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The folder {data_dir} cannot be written ({error.strerror})."
            " Give it to this user, or choose another: DATA_DIR=/some/folder make up"
        ) from None
    if shutil.disk_usage(data_dir).free < 500_000_000:
        raise CannotStart(f"Less than 500 MB are free under {data_dir}. Make room, then start again.")


def web(port: int, workers: int) -> list[str]:
    """Return the command that serves the pages: granian, several workers, one address."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", os.environ.get("HOST", "127.0.0.1"),
        "--port", str(port), "--workers", str(workers), "--blocking-threads", "4", "--backlog", "2048",
        "--workers-kill-timeout", "10", "--respawn-failed-workers", "--no-access-log", "--log-level", "warning",
        "minjing.site.wsgi:application",
    ]  # fmt: skip


WITNESSES = (
    "court",
    "university",
    "newspaper",
)  # the demo's, on the ports 2 to 4 after the pages


def witness(name: str, data_dir: Path, port: int) -> list[str]:
    """Return the command of one of the demo's witnesses: it loads the ledger's formats and nothing else of ours."""
    return [
        sys.executable, "-m", "minjing.kernel.ledger.witness", "run", "--port", str(port),
        "--data-dir", str(data_dir / "witnesses" / name), "--policy", str(data_dir / "keys" / "policy.txt"),
    ]  # fmt: skip


def own(verb: str, *more: str) -> list[str]:
    """Return the command of another verb of `minjing`."""
    return [sys.executable, "-m", "minjing.site.cli", verb, *more]


def supervise(children: Sequence[Child], ready: Callable[[], None], watch: Callable[[], None] = lambda: None) -> None:
    """Keep the children running until SIGINT or SIGTERM, then stop them in reverse order.

    A child that dies is started again after a second: what a worker killed in the middle of a job has left is
    taken up within two minutes (kernel/watch/tasks.py). `watch` is called several times a second and looks after
    what is no child, such as the embedded database.
    """
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    for child in children:
        child.start()
    ready()
    while not stopping:
        time.sleep(0.2)
        watch()
        for child in children:
            if child.process and child.process.poll() is not None and not stopping:
                print(f"{child.name} ended (code {child.process.returncode}) and is started again", flush=True)
                child.end_group()
                time.sleep(RESTART_AFTER_S)
                child.start()
    stop_all(children)


def stop_all(children: Sequence[Child]) -> None:
    """Stop every child, gently first."""
    for child in reversed(children):
        child.stop()
    deadline = time.monotonic() + STOP_WITHIN_S
    for child in reversed(children):
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        child.end_group()


def wait_until_served(port: int, within_s: float = 30.0) -> float:
    """Return the seconds until the port answers."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return time.monotonic() - began
        time.sleep(0.05)
    raise CannotStart(f"The pages did not come up on port {port} within {within_s:.0f} s.")
