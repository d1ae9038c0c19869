"""Packs of rules from data: built, with each fault named by its path and its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from minjing.modules.traffic.rules.penalties.shapes import SLOTS, Counter, Ground, Merge, Rule, Rules, Text

CONFIDENCES = "ABC"  # D is a warning of the sources: such a rule is not applied
REACHES = ("record", "act")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a pack: where, and why."""

    path: str
    reason: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.reason['en']}"


class WrongPack(Exception):
    """The packs cannot be used as they are; `faults` says why, each with its path."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def build(packs: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Return the rules of all packs together; `packs` is what each file says, by its name. Raises WrongPack."""
    faults: list[Fault] = []
    parameters: dict[str, Any] = {}
    counters: dict[str, Counter] = {}
    grounds: dict[str, Ground] = {}
    merges: list[Merge] = []
    rules: list[Rule] = []
    for name, pack in packs.items():
        given = {key: said["value"] for key, said in pack.get("parameters", {}).items()}
        parameters |= given
        for path, row, take in _parts(name, pack, given):
            try:
                made = take(row)
            except (KeyError, TypeError, ValueError) as wrong:
                faults.append(Fault(path, _reason(wrong)))
                continue
            if isinstance(made, Counter):
                counters[made.name] = made
            elif isinstance(made, Ground):
                grounds[made.code] = made
            elif isinstance(made, Merge):
                merges.append(made)
            else:
                rules.append(made)
    if faults:
        raise WrongPack(faults)
    return Rules(version(packs), tuple(rules), counters, tuple(merges), grounds, parameters)


def version(packs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name of exactly these packs: the first 16 digits of the hash of what they say."""
    said = json.dumps(packs, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _parts(name: str, pack: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key, row in pack.get("counters", {}).items():
        yield f"{name}.counters.{key}", row, lambda row, key=key: _counter(key, _filled(row, given))
    for key, row in pack.get("grounds", {}).items():
        yield f"{name}.grounds.{key}", row, lambda row, key=key: _ground(key, row)
    for at, row in enumerate(pack.get("merges", ())):
        yield f"{name}.merges[{at}]", row, lambda row: _merge(_filled(row, given))
    for at, row in enumerate(pack.get("rules", ())):
        code = row.get("code", at) if isinstance(row, Mapping) else at
        yield f"{name}.rules.{code}", row, lambda row: _rule(_filled(row, given), name, pack)


def _filled(row: Any, given: Mapping[str, Any]) -> Any:
    """Put the pack's parameters where `$name` stands."""
    if isinstance(row, Mapping):
        return {key: _filled(value, given) for key, value in row.items()}
    if isinstance(row, list):
        return [_filled(value, given) for value in row]
    if isinstance(row, str) and row.startswith("$"):
        if row[1:] not in given:
            raise ValueError(f"没有参数 {row}|there is no parameter {row}")
        return given[row[1:]]
    return row


def _rule(row: Mapping[str, Any], name: str, pack: Mapping[str, Any]) -> Rule:
    (effect,) = row["effect"].items() if len(row["effect"]) == 1 else ((None, None),)
    slot, value = effect
    if slot not in SLOTS:
        raise ValueError(
            "一条规则只写一个效果：" + "、".join(SLOTS) + f"|a rule has one effect of {', '.join(SLOTS)}"
        )
    if slot in ("fine_fen", "points", "suspension_months") and (not isinstance(value, int) or value < 0):
        raise ValueError(f"{slot} 须为非负整数|{slot} is a whole number, not below nought")
    start, end = row["valid"]["from"], row["valid"].get("to")
    if not isinstance(start, date) or not (end is None or isinstance(end, date)):
        raise ValueError("valid 须为日期|valid holds dates")
    if end is not None and end <= start:
        raise ValueError(f"生效日 {start} 不早于失效日 {end}|it ends on {end}, not after its start {start}")
    if row["confidence"] not in CONFIDENCES:
        raise ValueError("可信度为 D 的规则不得施行|a rule of confidence D is not applied")
    return Rule(
        code=row["code"],
        start=start,
        end=end,
        known=row.get("known", start),
        place=row.get("place", pack["place"]),
        when=row.get("when", {}),
        effect=(slot, value),
        title=_text(row["title"]),
        article=str(row["article"]),
        priority=int(row.get("priority", 10)),
        confidence=row["confidence"],
        source=str(row["source"]),
        pack=name,
    )


def _counter(key: str, row: Mapping[str, Any]) -> Counter:
    return Counter(key, frozenset(row["conducts"]), int(row["months"]), _text(row["title"]))


def _ground(key: str, row: Mapping[str, Any]) -> Ground:
    if row["reach"] not in REACHES:
        raise ValueError("reach 为 record 或 act|reach is record or act")
    return Ground(key, row["reach"], _text(row["title"]), str(row["article"]), row["confidence"])


def _merge(row: Mapping[str, Any]) -> Merge:
    if row["kind"] not in ("photos", "act"):
        raise ValueError("kind 为 photos 或 act|kind is photos or act")
    return Merge(
        code=row["code"],
        kind=row["kind"],
        window_s=int(row.get("window_s", 0)),
        conducts=frozenset(row.get("conducts", ())),
        same_place=bool(row.get("same_place", True)),
        title=_text(row["title"]),
        article=str(row["article"]),
        confidence=row["confidence"],
    )


def _text(said: Mapping[str, str]) -> Text:
    return {"zh": said["zh"], "en": said["en"]}


def _reason(wrong: Exception) -> Text:
    if isinstance(wrong, KeyError):
        return {"zh": f"缺少 {wrong.args[0]}", "en": f"{wrong.args[0]} is missing"}
    zh, _, en = str(wrong).partition("|")
    return {"zh": zh, "en": en or zh}
