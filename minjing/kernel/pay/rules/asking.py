"""When the gateway is asked again, and until when an attempt may be paid."""

from collections.abc import Sequence
from datetime import datetime, timedelta

# How long a payer has at the gateway. Shorter than an order lives: a new attempt costs one tap.
ATTEMPT_LIVES = timedelta(minutes=30)
# An attempt is not offered again when so little of it is left.
ATTEMPT_LEAST = timedelta(minutes=2)
# A gateway that knows nothing of a number so long after its end will take no money for it.
CERTAIN_AFTER = timedelta(minutes=15)
# A worker that has taken a question up and not reported is taken to be dead.
LEASE = timedelta(minutes=2)
# How long until the first and each later question; the last is repeated for ever, because failed is not final.
ASK_AGAIN: Sequence[timedelta] = (
    timedelta(seconds=5),
    timedelta(seconds=10),
    timedelta(seconds=20),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
)


def next_question(
    asked: int, now: datetime, wait: timedelta | None = None, until: datetime | None = None
) -> datetime:
    """Return when to ask after `asked` questions; not sooner than the gateway wants, and at `until` at the latest.

    `until` is the end of the attempt: from then on it can be closed, which should not wait for the back-off.
    """
    again = now + max(ASK_AGAIN[min(asked, len(ASK_AGAIN) - 1)], min(wait or timedelta(0), ASK_AGAIN[-1]))
    return min(again, max(until, now + ASK_AGAIN[0])) if until is not None and until > now else again


def attempt_ends(now: datetime, order_ends: datetime) -> datetime:
    """Return until when an attempt begun now may be paid: never longer than its order lives."""
    return min(now + ATTEMPT_LIVES, order_ends)
