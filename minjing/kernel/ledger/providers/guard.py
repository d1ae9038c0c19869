"""The guard: size and root of the last head the log bound itself to, in a file outside the database.

A database can be set back to yesterday; the guard is never part of a backup and remembers. Nothing is signed
before it has moved, and it moves by compare-and-swap. Beside it lies the note that was signed for that head, so
that a crash before publication does not make a second signature necessary.
"""

import fcntl
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from minjing.kernel.ledger.providers.folder import sync_folder, write_synced


class BadGuard(RuntimeError):
    """The guard file cannot be trusted; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The head the log bound itself to, and when."""

    size: int
    root: bytes
    at: datetime


def path() -> Path:
    """Return where the guard lies."""
    return Path(settings.LEDGER_GUARD)


@contextmanager
def held() -> Iterator[bool]:
    """Hold the guard for one step of the sequencer; yields False while another process holds it."""
    path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path().with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def read() -> Guard | None:
    """Return the guard, None if there is none yet; raises BadGuard for one that is damaged."""
    try:
        text = path().read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    body, _, check = text.rpartition("\n")
    lines = body.split("\n")
    if len(lines) != 3 or sha256(body.encode()).hexdigest() != check:
        raise BadGuard(
            f"The guard file {path()} is damaged. Compare the newest checkpoint of the public folder with what the"
            " witnesses show, then run `minjing ledger guard`."
        )
    return Guard(int(lines[0]), b64decode(lines[1]), datetime.fromisoformat(lines[2]))


def advance(seen: Guard | None, new: Guard) -> None:
    """Move the guard from what was seen to `new`, durably; raises BadGuard if it is no longer what was seen."""
    if read() != seen:
        raise BadGuard("The guard moved under the sequencer. Make sure that only one is running.")
    body = f"{new.size}\n{b64encode(new.root).decode()}\n{new.at.astimezone(UTC).isoformat()}"
    _replace(path(), f"{body}\n{sha256(body.encode()).hexdigest()}")


def keep_note(note: str) -> None:
    """Keep what was signed before anybody sees it."""
    _replace(path().with_suffix(".note"), note)


def kept_note() -> str | None:
    """Return what was signed last, None if there is nothing."""
    try:
        return path().with_suffix(".note").read_text()
    except FileNotFoundError:
        return None


def _replace(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_name(f"{place.name}.new")
    write_synced(draft, text.encode(), 0o600)
    os.replace(draft, place)
    sync_folder(place.parent)
