"""The numbers that the match turns on. They are data (`data/yielding.yaml`), each with its ground and confidence."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Limits of the match and of what a batch of fixes may look like."""

    after_s: float  # the ambulance passes within so many seconds after the violation
    within_m: float  # and so near
    turn_deg: float  # its heading differs from the approach by at most this
    longest_gap_s: float  # between two fixes no further apart is interpolated
    fastest_mps: float  # who would have been faster has jumped: nothing is interpolated
    standing_m: float  # who moves less between two fixes stands, and keeps the heading it had
    clock_off_s: float  # a batch whose clock differs more from ours is held
    late_s: float  # a batch that comes later than this counts as late: it is matched again

    @property
    def least_cos(self) -> float:
        """The cosine that two unit headings must reach to lie within `turn_deg`; who is on the border lies within."""
        return math.cos(math.radians(self.turn_deg)) - 1e-9


# Headings are whole tenths of a degree: as (east, north), looked up, so that all who ask get the same bits.
HEADINGS = tuple((math.sin(math.radians(n / 10)), math.cos(math.radians(n / 10))) for n in range(3600))
NO_HEADING = -1  # of a place whose approach nobody wrote down: every direction is taken, and the officer is told
