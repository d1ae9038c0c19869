"""The registers of traffic at the size of a city: how fast they fill, and how soon they answer.

`TRAFFIC_VEHICLES` sets the size (3,400,000 is the whole city: about ten minutes); the rows say how large it was.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bench import house
from bench.table import Row, at_least, at_most, percentile

VEHICLES = int(os.environ.get("TRAFFIC_VEHICLES") or 340_000)
ASKED = 2_000


def run(say: Callable[[str], None]) -> list[Row]:
    """Make the tables, fill them, ask; on a database of its own that stays for the next run when asked for."""
    database = "bench_traffic"
    house.create(database)
    os.environ.update(house.environment(database))
    migrate = [sys.executable, "-m", "minjing.site.cli", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, env=house.environment(database), check=True, cwd=house.ROOT)
    import django

    django.setup()
    try:
        return _measured(say)
    finally:
        from django.db import connection

        connection.close()
        if not os.environ.get("TRAFFIC_KEEP"):
            house.drop(database)


def _measured(say: Callable[[str], None]) -> list[Row]:
    from minjing.base.clock import now as clock_now
    from minjing.site.demo.fleet.fill import fill

    now = clock_now()
    rows, seconds = fill(VEHICLES, now, say)
    size = f"{VEHICLES:,} vehicles, {rows:,} rows"
    say(f"{size} in {seconds:.0f} s")
    note = f"{size} in {seconds:.0f} s: people sealed one by one, indexes and analysis included"
    found = [at_least("traffic registers: bulk load", rows / seconds, 50_000, "rows/s", note=note)]
    for name, ask in _questions(now).items():
        times = _times(ask)
        p95 = percentile(times, 0.95)
        say(f"{name}: p50 {percentile(times, 0.5):.2f}, p95 {p95:.2f} ms")
        said = f"{size}; p50 {percentile(times, 0.5):.2f}, p99 {percentile(times, 0.99):.2f} ms, one after the other"
        found.append(at_most(f"traffic registers: {name}, p95", p95, 20, "ms", note=said))
    return found


def _times(ask: Callable[[random.Random], Any]) -> list[float]:
    dice = random.Random(1)
    for _ in range(100):
        ask(dice)
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask(dice)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _questions(now: Any) -> dict[str, Callable[[random.Random], Any]]:
    """Return the questions of pages and engines, each about another vehicle or person each time."""
    from minjing.base.clock import local_day
    from minjing.modules.traffic.models import Violation
    from minjing.modules.traffic.queries import registers
    from minjing.site.demo.fleet.drivers import Drivers
    from minjing.site.demo.fleet.fill import DRIVERS_EACH, SEED
    from minjing.site.demo.fleet.vehicles import Vehicles

    drivers = Drivers(SEED, round(VEHICLES * DRIVERS_EACH), local_day(now))
    cars = Vehicles(SEED, VEHICLES, drivers, local_day(now))

    def car(dice: random.Random) -> int:
        return dice.randrange(VEHICLES)

    def person(dice: random.Random) -> Any:
        return drivers.person_id(dice.randrange(drivers.many))

    def by_plate(dice: random.Random) -> Any:
        row = car(dice)
        found = registers.vehicle_of_plate(cars.plate(row), cars.sort(row)[:2])
        assert found is not None
        assert found.pk == cars.vehicle_id(row)

    def of_vehicle(dice: random.Random) -> Any:
        return list(Violation.objects.filter(vehicle_id=cars.vehicle_id(car(dice))).order_by("-violated_at")[:50])

    def of_person(dice: random.Random) -> Any:
        rows = Violation.objects.filter(person_id=person(dice), violated_at__gte=now - timedelta(days=365))
        return list(rows.order_by("-violated_at")[:50])

    return {
        "vehicle by plate": by_plate,
        "vehicle on a past day": lambda dice: registers.vehicle_on(
            cars.vehicle_id(car(dice)), now - timedelta(days=dice.randrange(2_000))
        ),
        "vehicles of a person": lambda dice: registers.vehicles_of(person(dice)),
        "licence of a person": lambda dice: registers.licence_of(person(dice)),
        "violations of a vehicle": of_vehicle,
        "violations of a person in a year": of_person,
    }
