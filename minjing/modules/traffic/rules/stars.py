"""How many stars somebody has (星级): each proof that stands gives what the data file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST = 5


@dataclass(frozen=True, slots=True)
class Star:
    """One way to a star: its key, how many it gives, its words, and from which identity level on, if by level."""

    key: str
    gives: int
    title: Mapping[str, str]
    how: Mapping[str, str]
    level: int = 0


def counted(stars: Iterable[Star], proved: Iterable[str]) -> int:
    """Return how many stars these proofs give, five at most."""
    held = set(proved)
    return min(MOST, sum(star.gives for star in stars if star.key in held))


def missing(stars: Sequence[Star], proved: Iterable[str]) -> list[Star]:
    """Return what would give more, in the order of the file."""
    held = set(proved)
    return [star for star in stars if star.key not in held]
