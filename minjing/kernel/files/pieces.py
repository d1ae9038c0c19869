"""Uploads under way on the disk: the pieces one after the other, each sealed with its place bound to it."""

import os
import struct
from pathlib import Path
from uuid import UUID

from django.conf import settings

from minjing.kernel.identity import sealing

LENGTH = struct.Struct(">I")


def add(owner_id: UUID, upload_id: UUID, stored: int, offset: int, piece: bytes) -> int:
    """Write a piece behind the `stored` bytes that count and return the new end.

    What a process that died had written beyond them is cut off first.
    """
    sealed = sealing.seal(owner_id, _context(upload_id, offset), piece)
    path = _path(upload_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as out:
        out.truncate(stored)
        out.seek(stored)
        out.write(LENGTH.pack(len(sealed)) + sealed)
        out.flush()
        os.fsync(out.fileno())
        return out.tell()


def whole(owner_id: UUID, upload_id: UUID, stored: int) -> bytes:
    """Return all pieces together. Raises FileNotFoundError when they are gone."""
    content = bytearray()
    with _path(upload_id).open("rb") as source:
        while source.tell() < stored:
            (length,) = LENGTH.unpack(source.read(LENGTH.size))
            content += sealing.unseal(owner_id, _context(upload_id, len(content)), source.read(length))
    return bytes(content)


def drop(upload_id: UUID) -> None:
    """Remove what has come of an upload."""
    _path(upload_id).unlink(missing_ok=True)


def _context(upload_id: UUID, offset: int) -> str:
    return f"files.piece|{upload_id}|{offset}"


def _path(upload_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "uploads" / str(upload_id)
