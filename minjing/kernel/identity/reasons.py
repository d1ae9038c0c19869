"""What is data about looks: reasons and their law, the lot, what makes a note, what may be hidden; and erasures."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.kernel.identity.errors import NotAllowed, Text
from minjing.kernel.identity.rules import WORDS, Tastes

SOURCE = Path(__file__).with_name("reasons.yaml")
LOOKING = Path(__file__).with_name("looking.yaml")
ROW = frozenset({"key", "zh", "en", "text", "basis"})
TEXT_MIN, TEXT_MAX = 4, 100  # characters of a reason in one's own words


@dataclass(frozen=True, slots=True)
class Law:
    """Where a reason stands in the law, and how sure that is: A read … C assumed."""

    law: str
    article: int
    confidence: str

    @property
    def text(self) -> Text:
        """Return it as people cite it."""
        return {"zh": f"《{self.law}》第 {self.article} 条", "en": f"{laws()[self.law]}, art. {self.article}"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One entry of a list; `needs_text` when the key alone does not say enough."""

    key: str
    title: Text
    needs_text: bool = False
    basis: Law | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """How often an officer is asked about a look, and how many days answer and review may take."""

    bound_one_in: int
    unbound_one_in: int
    answer_days: int
    review_days: int


@cache
def laws() -> Mapping[str, str]:
    """Return what the laws that reasons name are called in English."""
    return dict(_said(SOURCE)["laws"])


@cache
def reasons() -> Mapping[str, Reason]:
    """Return the reasons for looking, in order."""
    return _load(SOURCE, "reasons")


@cache
def assigned() -> Mapping[str, Reason]:
    """Return the reasons of looks that the house assigns; no officer chooses one."""
    return _load(SOURCE, "assigned")


@cache
def erasure_grounds() -> Mapping[str, Reason]:
    """Return the grounds for erasing, in order."""
    return _load(SOURCE, "erasure_grounds")


@cache
def hidden_bases() -> Mapping[str, Reason]:
    """Return the grounds on which looks may be hidden from the person for a time, in order."""
    return _load(LOOKING, "hidden_bases")


@cache
def lot() -> Lot:
    """Return how often is asked, and the days."""
    said = _said(LOOKING)
    note = said["note"]
    return Lot(said["lot"]["bound_one_in"], said["lot"]["unbound_one_in"], note["answer_days"], note["review_days"])


@cache
def tastes() -> Tastes:
    """Return what makes a note no answer."""
    note = _said(LOOKING)["note"]
    return Tastes(
        note["min_chars"],
        note["max_chars"],
        note["min_distinct"],
        note["max_share"],
        frozenset(str(phrase) for phrase in note["empty_phrases"]),
    )


def parse(reason: str) -> tuple[Reason, str]:
    """Return the reason that `key` or `other:text in one's own words` names. Raises NotAllowed."""
    key, _, text = reason.partition(":")
    text = text.strip()
    found = reasons().get(key)
    if found is None:
        raise NotAllowed("no_reason", WORDS["no_reason"])
    if found.needs_text and not TEXT_MIN <= len(text) <= TEXT_MAX:
        raise NotAllowed(
            "reason_needs_text",
            {
                "zh": f"请用 {TEXT_MIN} 至 {TEXT_MAX} 个字写明理由。",
                "en": f"Please say why in {TEXT_MIN} to {TEXT_MAX} characters.",
            },
        )
    return found, text if found.needs_text else ""


def _said(source: Path) -> Mapping[str, Any]:
    said: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return said


def _load(source: Path, name: str) -> Mapping[str, Reason]:
    rows = _said(source)[name]
    for row in rows:
        if not set(row) <= ROW:
            raise ValueError(f"{source.name}: {row['key']} has odd parts; is a comma unquoted?")
    return {
        row["key"]: Reason(
            row["key"],
            {"zh": row["zh"], "en": row["en"]},
            bool(row.get("text")),
            Law(**row["basis"]) if "basis" in row else None,
        )
        for row in rows
    }
