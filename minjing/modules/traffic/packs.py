"""The packs of penalty rules as they lie in `data/packs/`, and the conducts they speak of. Read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.modules.traffic.rules.penalties import lint
from minjing.modules.traffic.rules.penalties.packs import Fault, WrongPack, build
from minjing.modules.traffic.rules.penalties.shapes import Rules, Text

SOURCE_MAX = 200_000  # characters of a draft
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


def written(pack: Mapping[str, Any]) -> str:
    """Return a pack as YAML, in its own order."""
    text: str = yaml.dump(dict(pack), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110)
    return text


def read(text: str) -> Mapping[str, Any]:
    """Return what the YAML of a draft says. Raises WrongPack: no YAML, no pack, too long, or refers within."""
    if len(text) > SOURCE_MAX:
        raise _wrong("", "草案太长（最多 20 万字）", "the draft is too long (200,000 characters at most)")
    try:
        tokens = yaml.scan(text, Loader=yaml.CSafeLoader)
        if any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in tokens):
            raise _wrong("", "不能用 & 和 * 引用", "references with & and * are not taken")
        said = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise _wrong(f"YAML:{line}", f"第 {line} 行不是 YAML", f"line {line} is not YAML") from None
    if not isinstance(said, Mapping) or not isinstance(said.get("rules"), list):
        raise _wrong("rules", "草案须有 rules 列表", "a draft has a list of rules")
    return said


def with_draft(base: str, text: str) -> Rules:
    """Return all rules with the draft in the place of the pack it is a copy of. Raises WrongPack."""
    if base not in sources():
        raise _wrong(base, "没有这个规则包", "there is no such pack")
    pack = read(text)
    try:
        return checked({**sources(), base: pack})
    except (AttributeError, KeyError, TypeError, ValueError):
        # A list where names belong, a parameter without its value: the shape is wrong as a whole.
        raise _wrong(
            base, "结构不对：请对照原规则包的写法", "the shape is wrong: compare the pack in force"
        ) from None


def _wrong(path: str, zh: str, en: str) -> WrongPack:
    return WrongPack([Fault(path, {"zh": zh, "en": en})])
