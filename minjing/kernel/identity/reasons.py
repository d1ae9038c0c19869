"""The fixed list of reasons for looking at a person's record, and of grounds for erasing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from minjing.kernel.identity.errors import NotAllowed, Text

SOURCE = Path(__file__).with_name("reasons.yaml")
TEXT_MIN, TEXT_MAX = 4, 100  # characters of a reason in one's own words


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of a list; `needs_text` when the key alone does not say enough."""

    key: str
    title: Text
    needs_text: bool = False


@cache
def reasons() -> Mapping[str, Reason]:
    """Return the reasons for looking, in order."""
    return _load("reasons")


@cache
def erasure_grounds() -> Mapping[str, Reason]:
    """Return the grounds for erasing, in order."""
    return _load("erasure_grounds")


def parse(reason: str) -> tuple[Reason, str]:
    """Return the reason that `key` or `other:text in one's own words` names. Raises NotAllowed."""
    key, _, text = reason.partition(":")
    text = text.strip()
    found = reasons().get(key)
    if found is None:
        raise NotAllowed("no_reason", {"zh": "请选择查看理由。", "en": "Please give the reason for looking."})
    if found.needs_text and not TEXT_MIN <= len(text) <= TEXT_MAX:
        raise NotAllowed(
            "reason_needs_text",
            {
                "zh": f"请用 {TEXT_MIN} 至 {TEXT_MAX} 个字写明理由。",
                "en": f"Please say why in {TEXT_MIN} to {TEXT_MAX} characters.",
            },
        )
    return found, text if found.needs_text else ""


def _load(name: str) -> Mapping[str, Reason]:
    rows = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))[name]
    return {row["key"]: Reason(row["key"], {"zh": row["zh"], "en": row["en"]}, bool(row.get("text"))) for row in rows}
