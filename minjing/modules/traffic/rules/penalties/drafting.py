"""A pack as a form: its parameters and what its rules come to as whole numbers, by the names of the form's fields."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from minjing.modules.traffic.rules.penalties.packs import Fault, WrongPack
from minjing.modules.traffic.rules.penalties.shapes import FINE, POINTS, SUSPENSION, Text

PARAMETER, EFFECT = "p-", "e-"
UNKNOWN: Text = {"zh": "规则里没有这个数", "en": "no number of the rules has this name"}
# A fine is typed in yuan, as people speak of it; a draft keeps fen.
UNITS: Mapping[str, Text] = {
    FINE: {"zh": "元", "en": "yuan"},
    POINTS: {"zh": "分", "en": "points"},
    SUSPENSION: {"zh": "个月", "en": "months"},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One number of the form, and what it is in the rules in force."""

    name: str
    title: Text
    article: str
    unit: Text
    value: str
    in_force: str

    @property
    def differs(self) -> bool:
        """Say whether the draft differs from the rules in force here."""
        return self.value != self.in_force


def fields(pack: Mapping[str, Any], in_force: Mapping[str, Any], typed: Mapping[str, str]) -> list[Field]:
    """Return the numbers of a draft; what was typed, right or wrong, stands in its place."""
    now, found = dict(_numbers(in_force)), []
    for name, (row, slot, value) in _numbers(pack).items():
        known = now.get(name)
        shown = _typed_as(slot, value)
        found.append(
            Field(
                name=name,
                title=row["title"],
                article=str(row.get("article", "")),
                unit=_unit(slot),
                value=typed.get(name, shown),
                in_force=_typed_as(known[1], known[2]) if known else "",
            )
        )
    return found


def changed(pack: Mapping[str, Any], typed: Mapping[str, str], *, known_only: bool = False) -> dict[str, Any]:
    """Return the pack with the numbers that were typed.

    Raises WrongPack for what is no whole number and, with `known_only`, for a name that is no number of the pack: a
    form sends other fields as well.
    """
    made, faults = deepcopy(dict(pack)), list[Fault]()
    numbers = _numbers(made)
    if known_only:
        faults += [Fault(name, UNKNOWN) for name in sorted(set(typed) - set(numbers))]
    for name, (row, slot, _) in numbers.items():
        text = typed.get(name)
        if text is None:
            continue
        if not text.strip().isdecimal() or len(text.strip()) > 9:
            title = row["title"]
            faults.append(
                Fault(
                    str(row.get("code", name.removeprefix(PARAMETER))),
                    {"zh": f"“{title['zh']}”请填整数", "en": f"“{title['en']}” takes a whole number"},
                )
            )
            continue
        number = int(text) * (100 if slot == FINE or slot.endswith("_fen") else 1)
        if name.startswith(PARAMETER):
            row["value"] = number
        else:
            row["effect"] = {slot: number}
    if faults:
        raise WrongPack(faults)
    return made


def _numbers(pack: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], str, int]]:
    """Return what of a pack is a number: the row it stands in, what it is, how much; by the field's name."""
    found: dict[str, tuple[dict[str, Any], str, int]] = {}
    for key, row in pack.get("parameters", {}).items():
        if isinstance(row.get("value"), int):
            found[f"{PARAMETER}{key}"] = (row, key, row["value"])
    for row in pack["rules"]:
        for slot, value in row.get("effect", {}).items():
            if slot in UNITS and isinstance(value, int):
                found[f"{EFFECT}{row['code']}"] = (row, slot, value)
    return found


def _typed_as(slot: str, value: int) -> str:
    return str(value // 100 if slot == FINE or slot.endswith("_fen") else value)


def _unit(slot: str) -> Text:
    if slot.endswith("_fen"):
        return UNITS[FINE]
    if slot.endswith("_months"):
        return {"zh": "个月", "en": "months"}
    if slot.endswith("_s"):
        return {"zh": "秒", "en": "seconds"}
    return UNITS.get(slot, {"zh": "", "en": ""})
