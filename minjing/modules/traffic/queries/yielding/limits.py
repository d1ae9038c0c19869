"""The limits of the match and their ground, as `data/yielding.yaml` has them. Read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.modules.traffic import packs
from minjing.modules.traffic.rules.yielding.parameters import Parameters

DATA = Path(__file__).parents[2] / "data" / "yielding.yaml"


@cache
def said() -> Mapping[str, Any]:
    """Return the file: each limit with its value, words and confidence, and the ground of striking."""
    found: Mapping[str, Any] = yaml.load(DATA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


@cache
def limits() -> Parameters:
    """Return the limits as the rules want them."""
    return Parameters(**{name: float(row["value"]) for name, row in said()["limits"].items()})


@cache
def causes() -> tuple[str, ...]:
    """Return the conducts that making way can cause."""
    return tuple(code for code, conduct in packs.conducts().items() if conduct.yields)
