"""The engine's statements, each in a file of its own, read once."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """Return the text of `name`.sql."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def transition(moves: tuple[str, ...], follows: frozenset[str]) -> str:
    """Return transition.sql with the columns `moves` and only the parts named in `follows`: tasks, notices."""
    return composed("transition", follows, tuple(f"{column} = %({column})s" for column in moves))


def transitions(moves: tuple[str, ...], follows: frozenset[str]) -> str:
    """Return transitions.sql, that of many matters, in the same way."""
    return composed("transitions", follows, tuple(f"{column} = p.{column}" for column in moves))


@cache
def composed(name: str, follows: frozenset[str], moves: tuple[str, ...] = ()) -> str:
    """Return a statement with only the parts named in `follows`, and the assignments `moves`.

    A short statement is planned, sent and run faster than one that writes every column and joins empty lists. The
    variants are few, one for each kind of step, and PostgreSQL keeps each planned.
    """
    lines, kept = [], True
    for line in statement(name).splitlines():
        if line.startswith("--["):
            kept = line.removeprefix("--[").strip() in follows
        elif line.startswith("--]"):
            kept = True
        elif kept and not line.lstrip().startswith("--"):
            lines.append(line)
    return "\n".join(lines).replace("{moves}", "".join(f", {assignment}" for assignment in moves))
