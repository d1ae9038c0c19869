"""Which of the 165 services of traffic are asked for, and how often: shares by class and by kind of procedure.

The service of 2017 published one sum, 14.2 million matters in two years; it did not say how they were spread. The
shares are made up: most people look something up or settle a violation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Any

CLASSES = {"01": 14, "02": 12, "03": 58, "04": 2, "05": 8, "06": 6}  # of JTccnn: vehicles, licences, violations, …
FLOWS = {"traffic_query": 8, "traffic_instant": 4, "traffic_booked": 3, "traffic_visit": 2, "traffic_report": 2}
MATTERS, DAYS = 14_200_000, 730


class Mix:
    """The services with their shares; `draw` returns one of them."""

    def __init__(self, bodies: Sequence[Any] = ()) -> None:
        from minjing.kernel.matters import queries

        found = bodies or [body for body in queries.current() if body.service.code.startswith("JT")]
        self.bodies = list(found)
        weights = {body.service.code: FLOWS.get(body.flow.flow, 1) for body in found}
        of_class = {c: sum(w for code, w in weights.items() if code[2:4] == c) for c in CLASSES}
        shares = [
            CLASSES[b.service.code[2:4]] * weights[b.service.code] / of_class[b.service.code[2:4]] for b in found
        ]
        self._up_to = list(accumulate(shares))

    def draw(self, dice: Random) -> Any:
        """Return the body of a service."""
        return dice.choices(self.bodies, cum_weights=self._up_to)[0]
