"""The processes of the house under one parent: web, worker, sequencer and, in the demo, the world outside."""

from __future__ import annotations

import fcntl
import multiprocessing
import multiprocessing.process
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Generic, NoReturn, TypeVar

from setproctitle import setproctitle

RESTART_AFTER_S = 1.0
STOP_WITHIN_S = 10.0
STOPPING = (signal.SIGINT, signal.SIGTERM)
GIVES_WAY = 10  # of 19: a tenth of the weight of what people wait for, never nothing (sched(7), "The nice value")


class CannotStart(Exception):
    """Why the house cannot start, as a sentence that says what to do."""


T = TypeVar("T")
# Loading makes half a million objects that stay; to look for garbage among them takes a sixth of a start.
GC_THRESHOLDS = (50_000, 20, 100)
FORK = multiprocessing.get_context("fork")


class Apart(Generic[T]):
    """Work that a forked process does while this one goes on.

    What the work needs beyond what is loaded already (the catalogue's files, the demo's city: a hundred megabytes)
    goes with that process, and this one, from which the house's other processes are forked, does not carry it along.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        """Begin."""
        reading, writing = os.pipe()
        self._child = os.fork()
        if not self._child:
            os.close(reading)
            _do(work, writing)
        os.close(writing)
        self._said = reading

    def give_up(self) -> None:
        """End the work where it is: nobody will ask for what it returns."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._said)

    def result(self) -> T:
        """Return what the work returned; raise CannotStart as it did."""
        with os.fdopen(self._said, "rb") as pipe:
            content = pipe.read()
        os.waitpid(self._child, 0)
        if not content:
            raise SystemExit(1)
        ended_well, value = pickle.loads(content)  # noqa: S301 - from our own child
        if not ended_well:
            raise CannotStart(value)
        result: T = value
        return result


def _do(work: Callable[[], object], writing: int) -> NoReturn:
    """Do the work in the forked process, write what came of it, and end there."""
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


@dataclass
class Child:
    """One process under the parent, and how often it had to be started.

    Its work is a command, or a function for a fork of this process: that begins at once and shares with the others
    what was loaded before (the framework, the pages), each page of memory counted once.
    """

    name: str
    work: Sequence[str] | Callable[[], object]
    gives_way: bool = False  # where the processors are short, pages are served before it goes on
    process: multiprocessing.process.BaseProcess | None = None
    starts: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent alone.

        Signals wait until the child has put the parent's handlers away: there they would swallow them.
        """
        self.process = FORK.Process(target=self._become, name=self.name)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.starts += 1

    def _become(self) -> None:
        os.setsid()
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)  # the parent's way to stop is not the child's
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        os.environ["MINJING_PROCESS"] = f"minjing-{self.name}"
        if self.gives_way:
            _give_way()
        if callable(self.work):
            setproctitle(f"minjing {self.name}")
            self.work()
        else:
            os.execv(self.work[0], list(self.work))  # noqa: S606 - our own interpreter

    @property
    def lives(self) -> bool:
        """Say whether it was started and has not ended."""
        return self.process is not None and self.process.is_alive()

    def stop(self) -> None:
        """Ask it to finish what it has in hand and end."""
        if self.process and self.process.is_alive():
            self.process.terminate()

    def end_within(self, seconds: float) -> None:
        """Wait for its end, and end it when it takes longer; also what it started and did not end itself."""
        if self.process is None:
            return
        deadline = time.monotonic() + seconds
        # not join(seconds): a command closes the pipe that join watches, and join then waits for ever
        while self.process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.end_group()

    def end_group(self) -> None:
        """End what it started and did not end itself: a server's worker left behind would keep the port."""
        if self.process and self.process.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _give_way() -> None:
    os.nice(GIVES_WAY)
    # Linux may weigh sessions first and the processes within each afterwards, and a child has a session of its own:
    # sched(7), "The autogroup feature".
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(GIVES_WAY))


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
    """Raise CannotStart when the folder of the data cannot be made or written; several processes may ask at once."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=data_dir).close()
    except OSError as error:
        raise CannotStart(
            f"The folder {data_dir} cannot be written ({error.strerror})."
            " Give it to this user, or choose another: DATA_DIR=/some/folder make up"
        ) from None
    if shutil.disk_usage(data_dir).free < 500_000_000:
        raise CannotStart(f"Less than 500 MB are free under {data_dir}. Make room, then start again.")


def hold_folder(data_dir: Path) -> IO[bytes]:
    """Hold the folder for this parent until it ends; raise CannotStart where another one holds it.

    Two would share the embedded database, and the first to end would stop it under the other. The lock is the
    process's own: the children it forks do not have it, and what a killed parent leaves behind keeps nobody out.
    """
    lock = (data_dir / "up.lock").open("ab")
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(
            f"Another `minjing up` runs on the folder {data_dir}. Stop it, or give this one a folder of its own:"
            " DATA_DIR=/some/folder make up"
        ) from None
    return lock


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


def supervise(
    children: Sequence[Child],
    served: Callable[[], object],
    ready: Callable[[], None] = lambda: None,
    watch: Callable[[], None] = lambda: None,
) -> None:
    """Keep the children running until SIGINT or SIGTERM, then stop them in reverse order.

    The first one begins alone and the others once `served` returns: whoever starts a house waits for its first page.
    `ready` is called when all have begun.
    A child that dies is started again after a second: what a worker killed in the middle of a job has left is
    taken up within two minutes (kernel/watch/tasks.py). `watch` is called several times a second and looks after
    what is no child, such as the embedded database.
    """
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in STOPPING:
        signal.signal(number, stop)
    children[0].start()
    served()
    for child in children[1:]:
        if not stopping:
            child.start()
    if not stopping:
        ready()
    while not stopping:
        time.sleep(0.2)
        watch()
        for child in children:
            if not child.lives and not stopping:
                code = child.process.exitcode if child.process else None
                print(f"{child.name} ended (code {code}) and is started again", flush=True)
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
        child.end_within(max(0.1, deadline - time.monotonic()))


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
