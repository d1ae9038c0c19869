"""The public folder: the log as static files that any server can hand out (c2sp.org/tlog-tiles@v0.1.0).

Durable means: a temporary file, fsync, rename, fsync of the folder. A power cut leaves a file whole or absent.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

DRAFTS = ".new"  # on the same disk, so that a rename is atomic; no server hands out names with a dot


class Differs(RuntimeError):
    """A file that never changes is already there with other bytes."""


def folder() -> Path:
    """Return the public folder."""
    return Path(settings.LEDGER_DIR)


def read(path: str) -> bytes | None:
    """Return the bytes of a public file, None if it is not there."""
    try:
        return (folder() / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def store(files: Mapping[str, bytes]) -> None:
    """Write files that never change, durably; those that are there already must hold the same bytes.

    Raises Differs, and OSError when the disk is full: then some of the files may be there, whole.
    """
    touched: set[Path] = set()
    for path, data in files.items():
        found = read(path)
        if found is None:
            touched |= _write(path, data)
        elif found != data:
            raise Differs(f"{folder() / path} is there already with other bytes.")
    for each in touched:
        sync_folder(each)


def replace(path: str, data: bytes) -> None:
    """Write a file anew, durably: whoever reads sees the old bytes or the new ones, never a mixture."""
    for each in _write(path, data):
        sync_folder(each)


def _write(path: str, data: bytes) -> set[Path]:
    """Write and rename; return the folders to be synced, those made on the way included."""
    place = folder() / path
    made = _folders(place.parent)
    drafts = folder() / DRAFTS
    drafts.mkdir(exist_ok=True)
    draft = drafts / path.replace("/", "-")
    write_synced(draft, data)
    os.replace(draft, place)
    return made


def _folders(wanted: Path) -> set[Path]:
    made = {wanted}
    missing = wanted
    while not missing.exists():
        made.add(missing.parent)
        missing = missing.parent
    wanted.mkdir(parents=True, exist_ok=True)
    return made


def write_synced(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file and wait until the disk has it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder: without it a power cut can take a name, its content safe."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def drop_partials(full: str) -> None:
    """Remove the partial versions of a file that is there in full (tlog-tiles, "Partial Tiles": MAY)."""
    partials = folder() / f"{full}.p"
    if not partials.is_dir() or not (folder() / full).exists():
        return
    for each in partials.iterdir():
        each.unlink()
    partials.rmdir()
