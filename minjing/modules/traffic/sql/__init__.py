"""The SQL of traffic, by file name."""

from pathlib import Path


def read(name: str) -> str:
    """Return the text of `name`."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
