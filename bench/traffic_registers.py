"""The registers of traffic at the size of a city: how fast they fill, and how soon they answer.

`TRAFFIC_VEHICLES` sets the size (3,400,000 is the whole city: about ten minutes); the rows say how large it was.
With `TRAFFIC_KEEP` the filled database stays and the next run asks it again without filling it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bench import house
from bench.table import Row, at_least, at_most, percentile

VEHICLES = int(os.environ.get("TRAFFIC_VEHICLES") or 340_000)
ASKED = int(os.environ.get("ASKED") or 2_000)
QUIET = 2.5  # a load of the machine above which a fill says how busy it is, not how fast
DATABASE = "bench_traffic"
LOADED = house.DATA_DIR / "traffic_loaded.json"  # what the fill took, for a run that finds it done
Ask = Callable[[random.Random], Any]


def run(say: Callable[[str], None]) -> list[Row]:
    """Make the tables, fill them, ask; on a database of its own that stays for the next run when asked for."""
    keep = bool(os.environ.get("TRAFFIC_KEEP"))
    os.environ.update(house.environment(DATABASE))
    if not (keep and LOADED.exists() and house.exists(DATABASE)):
        LOADED.unlink(missing_ok=True)
        house.create(DATABASE)
    migrate = [sys.executable, "-m", "minjing.site.cli", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, env=house.environment(DATABASE), check=True, cwd=house.ROOT)
    import django

    django.setup()
    try:
        return _measured(say)
    finally:
        from django.db import connection

        connection.close()
        if not keep:
            house.drop(DATABASE)
            LOADED.unlink(missing_ok=True)


def _measured(say: Callable[[str], None]) -> list[Row]:
    from django.db import connection

    from minjing.base.clock import now as clock_now
    from minjing.site.demo.fleet.fill import fill

    now = clock_now()
    if not LOADED.exists():
        load = os.getloadavg()[0]
        rows, seconds = fill(VEHICLES, now, say)
        with connection.cursor() as cursor:  # as autovacuum would within the hour
            cursor.execute("VACUUM ANALYZE traffic_violation, traffic_vehicle, traffic_licence, traffic_vehiclepast")
        LOADED.write_text(json.dumps({"rows": rows, "seconds": seconds, "load": load}), encoding="utf-8")
    loaded = json.loads(LOADED.read_text(encoding="utf-8"))
    rows, seconds = loaded["rows"], loaded["seconds"]
    size = f"{VEHICLES:,} vehicles, {rows:,} rows"
    say(f"{size} in {seconds:.0f} s")
    note = f"{size} in {seconds:.0f} s: people sealed one by one, indexes and analysis included"
    if loaded["load"] < QUIET:
        found = [at_least("traffic registers: bulk load", rows / seconds, 50_000, "rows/s", note=note)]
    else:
        note += f"; the machine had a load of {loaded['load']:.1f} before and others at work all the time"
        found = [
            Row("traffic registers: bulk load beside others", rows / seconds, None, None, "", None, "rows/s", note)
        ]
    if os.environ.get("TRAFFIC_FILL_ONLY"):
        return found
    for name, ask in _questions(now).items():
        plans = _plans(ask)
        times = _times(ask)
        p50, p95, p99 = (percentile(times, part) for part in (0.5, 0.95, 0.99))
        said = f"{size}; p50 {p50:.2f}, p99 {p99:.2f} ms, one after the other; by {', '.join(plans)}"
        say(f"{name}: p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} ms; {', '.join(plans)}")
        found.append(at_most(f"traffic registers: {name}, p95", p95, 20, "ms", note=said))
    return found


def _plans(ask: Ask) -> list[str]:
    """Return the indexes by which a question finds its rows; fail where one reads a whole register."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    dice = random.Random(2)
    with CaptureQueriesContext(connection) as asked:
        for _ in range(20):
            ask(dice)
    used: set[str] = set()
    for query in asked.captured_queries:
        if not query["sql"].startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"), [])
            plan = cursor.fetchone()[0]
        _walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"], used, query["sql"])
    return sorted(used)


def _walk(node: dict[str, Any], used: set[str], sql: str) -> None:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in REGISTERS:
        raise AssertionError(f"reads the whole of {node['Relation Name']}: {sql}")
    if "Index Name" in node:
        used.add(node["Index Name"])
    for below in node.get("Plans", ()):
        _walk(below, used, sql)


REGISTERS = ("traffic_violation", "traffic_vehicle", "traffic_licence", "traffic_vehiclepast", "identity_person")


def _times(ask: Ask) -> list[float]:
    dice = random.Random(1)
    for _ in range(100):
        ask(dice)
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        ask(dice)
        times.append((time.perf_counter() - began) * 1000)
    return times


class _Fleet:
    """The vehicles, people and violations that were filled in, to be drawn from."""

    def __init__(self, now: datetime) -> None:
        from minjing.base.clock import local_day
        from minjing.site.demo.fleet.drivers import Drivers
        from minjing.site.demo.fleet.fill import DRIVERS_EACH, SEED, VIOLATIONS_EACH
        from minjing.site.demo.fleet.vehicles import Vehicles
        from minjing.site.demo.fleet.violations import Violations

        day = local_day(now)
        self.drivers = Drivers(SEED, round(VEHICLES * DRIVERS_EACH), day)
        self.cars = Vehicles(SEED, VEHICLES, self.drivers, day)
        self.rows = Violations(SEED, round(VEHICLES * VIOLATIONS_EACH), self.cars, day)

    def vehicle(self, dice: random.Random) -> Any:
        """Return the id of a vehicle."""
        return self.cars.vehicle_id(dice.randrange(VEHICLES))

    def person(self, dice: random.Random) -> Any:
        """Return the id of a driver."""
        return self.drivers.person_id(dice.randrange(self.drivers.many))


def _questions(now: datetime) -> dict[str, Ask]:
    """Return the questions of pages, engines and desks, each about another vehicle or person each time."""
    fleet = _Fleet(now)
    return {**_of_engines(fleet, now), **_of_drivers(fleet, now), **_of_desks(fleet, now)}


def _of_engines(fleet: _Fleet, now: datetime) -> dict[str, Ask]:
    """Return what rules, effects and matches ask the registers."""
    from minjing.modules.traffic.models import Violation
    from minjing.modules.traffic.queries import registers

    cars = fleet.cars

    def by_plate(dice: random.Random) -> Any:
        row = dice.randrange(VEHICLES)
        found = registers.vehicle_of_plate(cars.plate(row), cars.sort(row)[:2])
        assert found is not None
        assert found.pk == cars.vehicle_id(row)

    def on_past_day(dice: random.Random) -> Any:
        return registers.vehicle_on(fleet.vehicle(dice), now - timedelta(days=dice.randrange(2_000)))

    def of_vehicle(dice: random.Random) -> Any:
        return list(Violation.objects.filter(vehicle_id=fleet.vehicle(dice)).order_by("-violated_at")[:50])

    def of_person(dice: random.Random) -> Any:
        year = Violation.objects.filter(person_id=fleet.person(dice), violated_at__gte=now - timedelta(days=365))
        return list(year.order_by("-violated_at")[:50])

    return {
        "vehicle by plate": by_plate,
        "vehicle on a past day": on_past_day,
        "vehicles of a person": lambda dice: registers.vehicles_of(fleet.person(dice)),
        "licence of a person": lambda dice: registers.licence_of(fleet.person(dice)),
        "violations of a vehicle": of_vehicle,
        "violations of a person in a year": of_person,
    }


def _of_drivers(fleet: _Fleet, now: datetime) -> dict[str, Ask]:
    """Return what the pages of a resident ask."""
    from minjing.base.ids import new_id
    from minjing.kernel.identity.actor import RESIDENT, Actor
    from minjing.modules.traffic.queries import own, points, registers, violations

    def resident(dice: random.Random) -> Actor:
        return Actor(new_id(), RESIDENT, person_id=fleet.person(dice), level=3)

    def points_of(dice: random.Random) -> Any:
        licence = registers.licence_of(fleet.person(dice))
        assert licence is not None
        return points.standing_of(licence, now)

    return {
        "a driver's page of violations": lambda dice: violations.mine(by=resident(dice)),
        "a driver's page of cars": lambda dice: own.cars(resident(dice), now),
        "a driver's points": points_of,
    }


def _of_desks(fleet: _Fleet, now: datetime) -> dict[str, Ask]:
    """Return what officers ask: one violation, and the desk where records are reviewed."""
    from minjing.modules.traffic.models import Violation
    from minjing.modules.traffic.queries import violations

    rows = fleet.rows

    def one(dice: random.Random) -> Any:
        return Violation.objects.get(pk=rows.violation_id(dice.randrange(rows.many)))

    def by_number(dice: random.Random) -> Any:
        row = dice.randrange(rows.many)
        number = f"SY{rows.at_s(row) - rows.begin_s:08d}{row:09d}"
        found = list(Violation.objects.filter(org_id__in=range(1, 10), number=number))
        assert len(found) == 1
        return found

    return {
        "one violation": one,
        "one violation by number": by_number,
        "one violation with its explanation": lambda dice: violations.seen(one(dice), now),
        "the review desk of a district": lambda dice: violations.to_review(org_ids=[1 + dice.randrange(9)]),
        "the review desk of the city": lambda dice: violations.to_review(),
        "how many wait for review": lambda dice: violations.waiting_count(),
    }
