"""How fast the registers of traffic fill, on a database of its own: a tenth of the city, or TRAFFIC_VEHICLES."""

from __future__ import annotations

import os
from collections.abc import Callable

from bench import traffic_registers
from bench.table import Row


def run(say: Callable[[str], None]) -> list[Row]:
    """Fill the registers and drop them."""
    os.environ["TRAFFIC_FILL_ONLY"] = "1"
    os.environ.pop("TRAFFIC_KEEP", None)
    return traffic_registers.run(say)
