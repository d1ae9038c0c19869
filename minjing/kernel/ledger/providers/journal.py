"""The journal of promises: files outside the database, so that what vanishes from it before it is logged is missed.

A line is written when the act has committed, by one O_APPEND write and without fsync: it costs microseconds, and it
need not survive more than the act's own process. The journal guards against a hand in the database while the machine
runs, and what was written to the page cache outlives every process; a power cut may take the last half minute of
lines, but then the database is what was synchronously written, and whoever holds a promise holds it still.
A line holds the words of a promise and the opaque ids of its entries: no person, no kind, no content, no signature.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

log = logging.getLogger(__name__)

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the words of a promise, and the entries it is for in the order of its leaves."""

    words: str
    entries: tuple[UUID, ...]


def folder() -> Path:
    """Return where the journals lie."""
    return Path(settings.DATA_DIR) / "promises"


def write(words: str, entries: Sequence[UUID], at: datetime) -> None:
    """Append a promise to this process's journal of the day of `at`. A journal that cannot be written stops no act:
    the act has committed, and its promise can be had by the one who acted.
    """
    ids = '","'.join(map(str, entries))
    line = f'{{"entries":["{ids}"],"promise":{encode_basestring(words)}}}\n'.encode()
    try:
        handle = _handle(os.getpid(), settings.DATA_DIR, int(at.timestamp()) // DAY_S)
        if os.write(handle, line) != len(line):
            os.write(handle, b"\n")  # the disk was full in the middle: the next line must stand alone
    except OSError as error:
        log.error("A promise could not be written to its journal: %s", os.strerror(error.errno or 0))


@lru_cache(maxsize=2)  # yesterday's and today's
def _handle(pid: int, data_dir: Path, day: int) -> int:
    """Open a journal for appending; kept open, and the process's own after a fork."""
    where = Path(data_dir) / "promises"
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = os.environ.get("MINJING_PROCESS", "minjing")
    name = f"{process}-{pid}-{datetime.fromtimestamp(day * DAY_S, UTC):%Y%m%d}.log"
    return os.open(where / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def journals() -> list[Path]:
    """Return every journal, by name."""
    return sorted(folder().glob("*.log"))


def read(path: Path, offset: int = 0, limit: int = 1 << 20) -> tuple[list[Line], int]:
    """Return the whole lines of a journal from the byte `offset` on, at most `limit` bytes, and where they end.

    A line that is torn is passed over: a full disk or a power cut leaves one.
    """
    with path.open("rb") as handle:
        handle.seek(offset)
        data = handle.read(limit)
    end = data.rfind(b"\n") + 1
    return list(_parsed(data[:end].split(b"\n"))), offset + end


def _parsed(lines: Sequence[bytes]) -> Iterator[Line]:
    for line in lines:
        try:
            found: Any = json.loads(line)
            yield Line(str(found["promise"]), tuple(UUID(e) for e in found["entries"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
