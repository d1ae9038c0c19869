"""Whether a clock runs as a clock does: forward, and as fast as the machine's own count of seconds."""

from datetime import datetime

BACK_S = 1.0  # a correction by NTP may step back by less
LEAP_S = 3600.0  # more ahead of the machine's own count than this is no correction
FROZEN_S = 10.0  # of the machine's own count, in which the clock did not move


def misgiving(before: datetime, now: datetime, elapsed_s: float) -> str:
    """Return what is wrong with a clock that went from `before` to `now` while `elapsed_s` passed, "" for nothing."""
    moved = (now - before).total_seconds()
    if moved < -BACK_S:
        return f"The clock went back by {-moved:.0f} s."
    if moved - elapsed_s > LEAP_S:
        return f"The clock leapt forward by {moved - elapsed_s:.0f} s."
    if elapsed_s > FROZEN_S and moved <= 0:
        return f"The clock has stood still for {elapsed_s:.0f} s."
    return ""
