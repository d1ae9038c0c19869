"""What may be taken in at any household counter of the city (全城通): the city's own list, from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import yaml
from django.conf import settings

from minjing.kernel.matters.schema import Text


@dataclass(frozen=True, slots=True)
class CityWideClass:
    """A class of services that any counter takes in, with their codes."""

    key: str
    title: Text
    codes: tuple[str, ...]


@lru_cache(maxsize=1)
def classes() -> tuple[CityWideClass, ...]:
    """Return the classes in the order of the city's file; none where a city has no such file."""
    path = settings.CITY_DIR / "city_wide.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {"classes": []}
    return tuple(CityWideClass(c["key"], Text(**c["title"]), tuple(c["codes"])) for c in data["classes"])


def is_city_wide(code: str) -> bool:
    """Say whether any counter of the city may take in this service."""
    return any(code in one.codes for one in classes())


def class_of(code: str) -> CityWideClass | None:
    """Return the class of a service; None for one that only the responsible station takes in."""
    return next((one for one in classes() if code in one.codes), None)
