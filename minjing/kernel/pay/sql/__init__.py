"""SQL of pay: the guards that hold whatever the code above does, the matching of statements, refunds."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """Return the text of `name`.sql."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
