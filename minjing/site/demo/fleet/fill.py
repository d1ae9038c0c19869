"""`minjing demo traffic`: the made-up city on wheels, as large as asked for, with a bar that shows how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, models

from minjing.base.clock import local_day
from minjing.kernel.identity.actions.take_over import take_over_people
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Person
from minjing.modules.traffic.actions import take_over as acts
from minjing.modules.traffic.models import Licence, Vehicle, Violation
from minjing.site.demo.fleet.drivers import Drivers
from minjing.site.demo.fleet.vehicles import Vehicles
from minjing.site.demo.fleet.violations import Violations

SEED = 20171114
# Of 3.4 million vehicles: 4 million drivers and 20 million violations in two years, as the city counts them.
DRIVERS_EACH, VIOLATIONS_EACH = 4.0 / 3.4, 20.0 / 3.4
BAR = 24
Say = Callable[[str], None]
Told = Callable[[int], None]


def fill(many: int, now: datetime, say: Say, *, seed: int = SEED) -> tuple[int, float]:
    """Fill the registers with `many` vehicles and what belongs to them; return rows entered and seconds.

    Rows that are in already, by the ids that the seed gives them, are left as they are: a larger fill adds to a
    smaller one, and one that was cut off goes on. While it runs the ledger of a running house waits for it.
    """
    today = local_day(now)
    drivers = Drivers(seed, round(many * DRIVERS_EACH), today)
    vehicles = Vehicles(seed, many, drivers, today)
    violations = Violations(seed, round(many * VIOLATIONS_EACH), vehicles, today)
    began = time.monotonic()

    def people(first: int, told: Told) -> None:
        take_over_people(drivers.people(first), source="demo", now=now, told=told)

    def licences(first: int, told: Told) -> None:
        rows = drivers.licences(first)
        acts.take_over_licences(rows, expected=drivers.many - first, by=SYSTEM, now=now, told=told)

    def cars(first: int, told: Told) -> None:
        rows = vehicles.rows(first)
        acts.take_over_vehicles(rows, expected=many - first, by=SYSTEM, now=now, told=told)

    def offences(first: int, told: Told) -> None:
        rows = violations.lines(first)
        acts.take_over_violations(rows, expected=violations.many - first, by=SYSTEM, now=now, told=told)

    rows = _part("people", drivers.many, _in(Person, drivers.person_id, drivers.many), people, say)
    rows += _part("licences", drivers.many, _in(Licence, drivers.licence_id, drivers.many), licences, say)
    rows += _part("vehicles", many, _in(Vehicle, vehicles.vehicle_id, many), cars, say)
    known = _in(Violation, violations.violation_id, violations.many)
    rows += _part("violations", violations.many, known, offences, say)
    return rows, time.monotonic() - began


def _in(model: type[models.Model], id_of: Callable[[int], Any], many: int) -> int:
    """Return how many of the rows are in: they come in order, so that halving finds the first that is not."""
    low, high = 0, many
    while low < high:
        middle = (low + high) // 2
        if model._default_manager.filter(pk=id_of(middle)).exists():
            low = middle + 1
        else:
            high = middle
    return low


def _part(what: str, many: int, first: int, enter: Callable[[int, Told], None], say: Say) -> int:
    """Enter what is missing of one register, showing how far it is; return how many rows that were."""
    if first >= many:
        return 0
    began, missing = time.monotonic(), many - first
    enter(first, _Bar(what, missing, say))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TABLES[what]}")
    seconds = time.monotonic() - began
    say(f"{what}: {missing:,} in {seconds:.1f} s ({missing / seconds:,.0f} rows/s, indexes and all)")
    return missing


TABLES = {
    "people": "identity_person",
    "licences": "traffic_licence",
    "vehicles": "traffic_vehicle",
    "violations": "traffic_violation",
}


class _Bar:
    """A bar that moves on a terminal; a line each tenth where there is none."""

    def __init__(self, what: str, many: int, say: Say) -> None:
        self.what, self.many, self.say = what, many, say
        self.began, self.tenth = time.monotonic(), 0
        self.moves = sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        """Show that `done` rows are in."""
        part = done / self.many
        filled = round(part * BAR)
        rate = done / max(time.monotonic() - self.began, 0.001)
        line = f"{self.what:<10} [{'█' * filled}{'░' * (BAR - filled)}] {part:4.0%} {done:>12,} rows {rate:>9,.0f}/s"
        if self.moves:
            print(f"\r{line}", end="\n" if done >= self.many else "", file=sys.stderr, flush=True)
        elif int(part * 10) > self.tenth and done < self.many:
            self.tenth = int(part * 10)
            self.say(line)
