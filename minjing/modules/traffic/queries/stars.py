"""Which stars somebody has, and what would give more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.modules.traffic.models import Binding
from minjing.modules.traffic.rules.stars import Star, counted

FILE = Path(__file__).parents[1] / "data" / "stars.yaml"


@dataclass(frozen=True, slots=True)
class Standing:
    """The stars of somebody: how many, and each way with whether it stands."""

    count: int
    ways: Sequence[tuple[Star, bool]]


@cache
def _file() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


@cache
def ways() -> tuple[Star, ...]:
    """Return the ways to stars, as the data file has them."""
    return tuple(Star(**row) for row in _file()["stars"])


def others_max() -> int:
    """Return how many vehicles of others one account may have bound at a time."""
    most: int = _file()["other_vehicles_max"]
    return most


def ask_lapses_days() -> int:
    """Return after how many days an ask that the owner did not answer is over."""
    days: int = _file()["ask_lapses_days"]
    return days


def stars_of(by: Actor, now: datetime) -> int:
    """Return how many stars the asker has now."""
    return counted(ways(), proved(by, now))


def standing(by: Actor, now: datetime) -> Standing:
    """Return the asker's stars with what gives each."""
    held = proved(by, now)
    return Standing(counted(ways(), held), [(star, star.key in held) for star in ways()])


def proved(by: Actor, now: datetime) -> set[str]:
    """Return which proofs stand for the asker now: a binding that was ended gives none from that moment on."""
    if not by.is_resident:
        return set()
    held = {"phone"}
    held |= {star.key for star in ways() if star.level and by.level >= star.level}
    bound = Binding.objects.filter(account_id=by.account_id, state=Binding.BOUND).values_list("kind", "until_at")
    for kind, until in bound:
        if until is None or until > now:
            held.add("licence" if kind == Binding.LICENCE else "vehicle")
    if people.has_passkey(by.account_id):
        held.add("passkey")
    return held
