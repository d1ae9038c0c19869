"""Reading a log's public files as an outsider would who has only the specifications: nothing of ours is imported."""

from base64 import b64decode
from pathlib import Path


def number(n: int) -> str:
    digits = f"{n:09d}"
    groups = [digits[0:3], digits[3:6], digits[6:9]]
    while len(groups) > 1 and groups[0] == "000":
        groups.pop(0)
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])


def checkpoint(folder: Path) -> tuple[str, int, bytes, str]:
    """Return origin, size and root of the newest checkpoint, and all of it."""
    note = (folder / "checkpoint").read_text()
    origin, size, root = note.split("\n")[:3]
    return origin, int(size), b64decode(root), note


def entries(folder: Path) -> list[bytes]:
    """Return all entries, out of the bundles."""
    size = checkpoint(folder)[1]
    found: list[bytes] = []
    for n in range(-(-size // 256)):
        width = min(256, size - n * 256)
        data = (folder / "tile" / "entries" / (number(n) + (f".p/{width}" if width < 256 else ""))).read_bytes()
        while data:
            length = data[0] << 8 | data[1]
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found
