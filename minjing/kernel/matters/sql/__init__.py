"""The engine's statements, each in a file of its own, read once."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """Return the text of `name`.sql."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
