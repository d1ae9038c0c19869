"""The packs of penalty rules as they lie in `data/packs/`, and the conducts they speak of. Read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.modules.traffic.rules.penalties import lint
from minjing.modules.traffic.rules.penalties.packs import build
from minjing.modules.traffic.rules.penalties.shapes import Rules, Text

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a driver did, as violations are recorded by it."""

    code: str
    title: Text
    kind: str
    yields: bool = False  # making way for an ambulance may cause it
    on_foot: bool = False  # counted by the person, not by a vehicle


@cache
def conducts() -> Mapping[str, Conduct]:
    """Return every conduct by its code."""
    said = _yaml(DATA / "conducts.yaml")["conducts"]
    return {code: Conduct(code=code, **row) for code, row in said.items()}


@cache
def sources() -> Mapping[str, Mapping[str, Any]]:
    """Return what each pack's file says, by the file's name: what a draft is a changed copy of."""
    return {path.stem: _yaml(path) for path in sorted((DATA / "packs").glob("*.yaml"))}


@cache
def in_force() -> Rules:
    """Return the published rules, all packs together. Raises WrongPack when two of them would both win."""
    return checked(sources())


def checked(packs: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Return the rules of these packs after the lint. Raises WrongPack with the path and reason of each fault."""
    rules = build(packs)
    lint.check(rules, conducts().keys())
    return rules


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
