"""The statements of booking, each in a file of its own, read once."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str, moves: tuple[str, ...] = ()) -> str:
    """Return the text of `name`.sql, with what every act adds and the columns `moves` that change."""
    text = _read(name).replace("{fill}", _read("fill")).replace("{tail}", _read("tail"))
    return text.replace("{moves}", "".join(f", {column} = %({column})s" for column in moves))


@cache
def _read(name: str) -> str:
    lines = (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
