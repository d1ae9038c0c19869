"""The contents on the disk: each blob sealed under its owner's key, named by a keyed hash of owner and content.

Equal contents of two people have different names and different bytes, so a copy of the disk tells nothing.
Erasing a person's key makes their blobs unreadable wherever copies may lie.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from minjing.kernel.files.places import blob_path
from minjing.kernel.identity import sealing

THUMBNAIL = ".small"
FOLDER_MODE, FILE_MODE = 0o700, 0o600


def index_of(owner_id: UUID, content: bytes) -> bytes:
    """Return the 32 bytes that name this content of this owner."""
    return sealing.blind_index("file", f"{owner_id}|{hashlib.sha256(content).hexdigest()}")


def keep(owner_id: UUID, index: bytes, content: bytes, part: str = "") -> None:
    """Write the content so that it lies on the disk, whole, when this returns; once is enough."""
    path = blob_path(index, part)
    try:
        os.utime(path)  # young again: the sweep leaves it alone until its row is in
    except FileNotFoundError:
        _write(path, sealing.seal(owner_id, _context(index, part), content))


def read(owner_id: UUID, index: bytes, part: str = "") -> bytes:
    """Return the content. Raises FileNotFoundError, sealing.Tampered, Erased."""
    return sealing.unseal(owner_id, _context(index, part), blob_path(index, part).read_bytes())


def kept_sha256(index: bytes) -> str:
    """Return the hash of a blob as it lies on the disk, sealed: what can be checked without a key."""
    return hashlib.sha256(blob_path(index).read_bytes()).hexdigest()


def drop(index: bytes) -> None:
    """Remove a blob and its thumbnail."""
    for part in ("", THUMBNAIL):
        blob_path(index, part).unlink(missing_ok=True)


def old(older_than_s: float) -> Iterator[bytes]:
    """Yield the names of blobs written longer ago than that."""
    before = time.time() - older_than_s
    for path in Path(settings.FILES_DIR).glob("??/*"):
        if len(path.name) == 64 and path.stat().st_mtime < before:
            yield bytes.fromhex(path.name)


def _context(index: bytes, part: str) -> str:
    return f"files.blob|{index.hex()}{part}"


def _write(path: Path, data: bytes) -> None:
    """Write beside, flush to the disk, then rename: a crash leaves either nothing or the whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), FILE_MODE)
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
