"""The asking side: connects to the reading process and starts it when it is not there. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

START_S = 20.0  # until it listens; the engines are loaded by the first request that needs them
WAIT_S = 75.0  # in the queue and at work
WORK_S = 45  # at work; the process ends itself when one request takes longer
IDLE_S = 60
QUEUE_MAX = 8
MEMORY_MB = 3000  # of address space: onnxruntime maps 1.2 GB and uses a third of it
HEAD_MAX = 4_000_000  # the portrait comes in the answer
MORE = ""  # a module with further works; tests bring theirs
IDENTITY = Path(__file__).resolve().parents[2]
PATH_MAX = 100  # a Unix socket's name holds 107 bytes


class Down(Exception):
    """The reading process gave no answer; `reason`: busy, broke, too_slow."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _NotBegun(Exception):
    """The process ended before our request was taken up: it may be asked again."""


def ask(what: str, facts: Mapping[str, Any], pictures: Sequence[bytes]) -> dict[str, Any]:
    """Return the answer to one request. Raises Down."""
    for _ in range(3):
        try:
            with _connected() as line:
                return _exchange(line, what, facts, pictures)
        except _NotBegun:
            continue
    raise Down("broke")


def address() -> Path:
    """Return the socket's path. It names the state of the code: after an update nobody asks the old process."""
    return folder() / f"socket-{_stamp()}"


@cache
def _stamp() -> str:
    sources = [path for part in ("providers/engines", "rules") for path in (IDENTITY / part).glob("*.py")]
    return hashlib.sha256(str(sorted((str(p), p.stat().st_mtime_ns) for p in sources)).encode()).hexdigest()[:8]


def folder() -> Path:
    """Return the folder of the socket, readable by this user alone."""
    place: Path = settings.DATA_DIR / "reading"
    if len(str(place / "socket-01234567")) > PATH_MAX:
        name = hashlib.sha256(str(place).encode()).hexdigest()[:16]
        place = Path(tempfile.gettempdir()) / f"minjing-reading-{os.getuid()}-{name}"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = place.stat()
    if found.st_uid != os.getuid():
        raise Down("broke")
    if found.st_mode & 0o077:
        place.chmod(0o700)
    return place


@contextlib.contextmanager
def _connected() -> Iterator[socket.socket]:
    place = address()
    line = _connect(place) or _start(place)
    try:
        yield line
    finally:
        line.close()


def _connect(place: Path) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(WAIT_S)
    try:
        line.connect(str(place))
    except OSError:
        line.close()
        return None
    return line


def _start(place: Path) -> socket.socket:
    """Start the process, once for all that ask at the same moment, and return a connection to it."""
    with open(place.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        line = _connect(place)
        if line is not None:
            return line
        root = IDENTITY.parents[2]
        limits = {"idle_s": IDLE_S, "work_s": WORK_S, "memory_mb": MEMORY_MB, "queue_max": QUEUE_MAX, "more": MORE}
        process = subprocess.Popen(  # noqa: S603 - our own program, our own arguments
            [
                sys.executable, "-m", "minjing.kernel.identity.providers.engines.process",
                str(place), json.dumps(limits),
            ],
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        began = time.monotonic()
        while time.monotonic() - began < START_S:
            line = _connect(place)
            if line is not None:
                _let_go(process)
                return line
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.kill()
    raise Down("broke")


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Leave the process to itself: it outlives us or we it, and a thread takes its ending off our table."""
    import threading

    threading.Thread(target=process.wait, name="reading-end", daemon=True).start()


def _exchange(line: socket.socket, what: str, facts: Mapping[str, Any], pictures: Sequence[bytes]) -> dict[str, Any]:
    head = {"ask": what, "facts": dict(facts), "sizes": [len(one) for one in pictures]}
    begun = False
    try:
        line.sendall(json.dumps(head).encode() + b"\n" + b"".join(pictures))
        with line.makefile("rb") as answer:
            first = answer.readline(100)
            if first == b"busy\n":
                raise Down("busy")
            begun = first == b"begun\n"
            if not begun:
                raise _NotBegun
            said = answer.readline(HEAD_MAX)
    except TimeoutError:
        raise Down("too_slow" if begun else "busy") from None
    except OSError:
        if begun:
            raise Down("broke") from None
        raise _NotBegun from None
    if not said.endswith(b"\n"):
        raise Down("broke")  # it ended at work: out of memory or time, or the decoder itself fell
    answered: dict[str, Any] = json.loads(said)
    if "broke" in answered:
        raise Down("broke")
    return answered
