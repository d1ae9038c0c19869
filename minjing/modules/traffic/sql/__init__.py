"""The SQL of traffic, by file name."""

from functools import cache
from pathlib import Path


def read(name: str) -> str:
    """Return the text of `name`."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def read_once(name: str) -> str:
    """Return the statement in `name` without its comments, read once: for what runs at every act."""
    return "\n".join(line for line in read(name).splitlines() if not line.startswith("--"))
