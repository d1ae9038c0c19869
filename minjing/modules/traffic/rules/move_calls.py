"""Calls to move a vehicle: how many are allowed, when misuse bars a caller, what an owner may answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

COMING, SOON, CANNOT, MISUSE = "coming", "soon", "cannot", "misuse"
ANSWERS: Mapping[str, Mapping[str, str]] = {
    COMING: {"zh": "我马上来挪", "en": "I am coming now"},
    SOON: {"zh": "五分钟内到", "en": "I come within 5 minutes"},
    CANNOT: {"zh": "现在来不了", "en": "I cannot come now"},
    MISUSE: {"zh": "没有挡路，这是骚扰", "en": "It is not in the way: this is misuse"},
}
REASONS: Mapping[str, Mapping[str, str]] = {
    "exit": {"zh": "挡住出入口", "en": "it blocks an exit"},
    "fire": {"zh": "挡住消防通道", "en": "it blocks a fire lane"},
    "parking": {"zh": "挡住车位", "en": "it blocks a parking space"},
    "road": {"zh": "挡住道路", "en": "it blocks the road"},
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters of `data/move_calls.yaml`."""

    caller_per_hour: int
    caller_per_day: int
    plate_wait: timedelta
    plate_per_day: int
    relay: timedelta
    link: timedelta
    misuse_marks: int
    misuse: timedelta
    kept: timedelta


def refusal(
    limits: Limits, *, mine: Sequence[datetime], of_plate: Sequence[datetime], misuse: int, now: datetime
) -> str:
    """Return why one more call is refused, "" when it may be made.

    `mine` and `of_plate` are the instants of earlier calls by this person and of this plate; `misuse` is how many
    owners have marked a call of this person as misuse within the window.
    """
    if misuse >= limits.misuse_marks:
        return "misuse"
    if _within(mine, now, timedelta(hours=1)) >= limits.caller_per_hour:
        return "hour"
    if _within(mine, now, timedelta(days=1)) >= limits.caller_per_day:
        return "day"
    if _within(of_plate, now, limits.plate_wait):
        return "plate_wait"
    return "plate_day" if _within(of_plate, now, timedelta(days=1)) >= limits.plate_per_day else ""


def _within(instants: Sequence[datetime], now: datetime, window: timedelta) -> int:
    return sum(1 for at in instants if at > now - window)
