"""What the help desk decides without asking anybody: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

QUESTION, CALL = "BZ0101", "BZ0102"
CODES = (QUESTION, CALL)
TOPICS = ("account", "identity", "household", "exit_entry", "booking", "pay", "papers", "page", "machine", "other")
MACHINE = "machine"
PAGE, PHONE, KIOSK = "page", "phone", "kiosk"  # how a question came
CHANNELS = (PAGE, PHONE, KIOSK)
WITHIN = timedelta(hours=1)  # how soon an answer is counted as quick: the clock on the wall, not working time
HELP_LINE_2017 = 4_120  # enquiries at the fault desk, as the city said in 2017 (facts S0)

# A page is named by the pattern of its address, in which every number, code and id is a placeholder.
ROUTE = re.compile(r"[a-z0-9_/<>:.-]{0,120}\Z")
_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")


def route_of(text: str) -> str:
    """Return the pattern of an address that a question is about; "" for anything that is no such pattern."""
    return text if ROUTE.match(text) else ""


def names_somebody(*texts: str) -> bool:
    """Say whether a text holds what looks like a mobile number or an ID number: it must not be published."""
    return any(_PERSONAL.search(re.sub(r"[\s-]", "", text)) for text in texts)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the figures count it: nothing of what was said."""

    topic: str
    channel: str
    asked_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""

    @property
    def answered_at(self) -> datetime | None:
        """Return when it was answered; None while it waits, and for one withdrawn or not accepted."""
        return self.closed_at if self.outcome in ("answered", "referred") else None

    @property
    def is_quick(self) -> bool:
        """Say whether the answer came within the hour."""
        return self.answered_at is not None and self.answered_at - self.asked_at <= WITHIN


@dataclass(frozen=True, slots=True)
class Figures:
    """Some questions counted. Shares are whole per cent of the answered, None where none is."""

    asked: int
    answered: int
    quick: int
    median_minutes: float | None

    @property
    def quick_share(self) -> int | None:
        """Return the share answered within the hour."""
        return round(100 * self.quick / self.answered) if self.answered else None


def count(questions: Iterable[Asked]) -> Figures:
    """Return the figures of these questions."""
    listed = list(questions)
    waits = sorted((q.answered_at - q.asked_at).total_seconds() / 60 for q in listed if q.answered_at)
    return Figures(len(listed), len(waits), sum(q.is_quick for q in listed), _median(waits))


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
