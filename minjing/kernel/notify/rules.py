"""When a notice is tried again, and what may stand in a text message: pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

Text = Mapping[str, str]

# How long to wait after each failed attempt; after the last one the notice counts as undeliverable, 48 h in all.
BACK_OFF: Sequence[timedelta] = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
    timedelta(hours=24),
)
# A worker that has taken a notice and not reported for so long is taken to be dead.
LEASE = timedelta(minutes=2)
# A job that has not run so long after its time is taken to be lost.
LOST_AFTER = timedelta(seconds=90)
SMS_CHARS_MAX = 500


def next_try(attempts: int, now: datetime, wait: timedelta | None = None) -> datetime | None:
    """Return when to try again after `attempts` failures, not sooner than the provider asks; None: give up."""
    if attempts > len(BACK_OFF):
        return None
    return now + max(BACK_OFF[attempts - 1], min(wait or timedelta(0), BACK_OFF[-1]))


def dedupe_key(matter_id: object, seq: object, template: str, channel: str) -> str:
    """Return what makes a notice one of its kind: the same step of a matter is told once in each channel."""
    return f"{matter_id}:{seq}:{template}:{channel}"


def code_text(code: str, minutes: int) -> Text:
    """Return the words that carry a sign-in code."""
    return {
        "zh": f"您的登录验证码是 {code}，{minutes} 分钟内有效。工作人员不会向您索要验证码，请勿告诉他人。",
        "en": f"Your sign-in code is {code}, valid for {minutes} minutes. Nobody from the police will ask for it.",
    }
