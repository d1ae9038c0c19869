"""Two years of violations of the made-up city, in the order in which they happened.

Sums are those of a first offence; what repeats, one act and mercy make of them is the engine's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from minjing.base.clock import CHINA
from minjing.site.demo.fleet.dice import drawn, identifier_hex, spread, table
from minjing.site.demo.fleet.vehicles import Vehicles

YEARS_DAYS = 730
STEP = 1_299_743  # prime

# Conduct, fine in fen, points: of `sz_penalties.csv` and `points_2022.csv`; the shares are made up.
CONDUCTS = table(
    {
        "SZP18\t20000\t0": 300,
        "SZP20\t100000\t0": 90,
        "SZP19\t50000\t0": 80,
        "SZP01\t50000\t6": 120,
        "SZP05\t50000\t1": 60,
        "SZP13\t50000\t0": 60,
        "SZP33\t20000\t0": 60,
        "SZP34\t20000\t0": 60,
        "SZP12\t30000\t0": 50,
        "SZP15\t30000\t3": 40,
        "SZP02\t30000\t0": 40,
        "SZP03\t50000\t3": 25,
        "SZP09\t50000\t1": 20,
        "SZP08\t300000\t9": 10,
        "SZP14\t50000\t1": 9,
    }
)
# District, org, and its middle (WGS-84).
DISTRICTS = (
    ("440303", 1, 114.1318, 22.5482), ("440304", 2, 114.0550, 22.5415), ("440305", 3, 113.9304, 22.5333),
    ("440306", 4, 113.8840, 22.5553), ("440307", 5, 114.2469, 22.7210), ("440308", 6, 114.2369, 22.5565),
    ("440309", 7, 114.0360, 22.6968), ("440310", 8, 114.3508, 22.7087), ("440311", 9, 113.9360, 22.7488),
)  # fmt: skip
ROADS = tuple(
    f"{name}示范路"
    for name in ("深南", "滨河", "北环", "红岭", "彩田", "新洲", "侨香", "南海", "龙岗", "宝安", "民治")
)
SITES_EACH = 120
RECENT = table({"recorded": 10, "reviewed": 5, "published": 50, "decided": 10, "paid": 25})
OLD = table({"published": 6, "decided": 6, "paid": 88})


def _sites() -> list[str]:
    """Return each camera's district, place, position and heading, as COPY reads them, its org before."""
    out = []
    for district, org, lon, lat in DISTRICTS:
        for n in range(SITES_EACH):
            bits = drawn(0x517E, org * 1000 + n)
            north, east = ((bits & 1023) - 512) / 18_000, ((bits >> 10 & 1023) - 512) / 16_000
            one, other = ROADS[(bits >> 20) % 11], ROADS[(bits >> 30) % 11]
            place = f"{one}与{other}路口" if one != other else f"{one}{100 + n}号路段"
            out.append(f"{org}\n{district}\t{place}\t{lat + north:.6f}\t{lon + east:.6f}\t{(bits >> 40) % 360}")
    return out


class Violations:
    """The violations of one seed in the two years before `today`."""

    def __init__(self, seed: int, many: int, vehicles: Vehicles, today: date) -> None:
        self.seed, self.many, self.vehicles = seed, many, vehicles
        begin = datetime.combine(today - timedelta(days=YEARS_DAYS), datetime.min.time(), CHINA)
        self.begin_s = int(begin.timestamp())
        self.end_s = self.begin_s + YEARS_DAYS * 86_400
        self.sites = [site.split("\n") for site in _sites()]

    def lines(self, first: int = 0) -> Iterator[str]:
        """Yield each violation as COPY reads it: `take_over.VIOLATION`."""
        for row in range(first, self.many):
            yield self._line(row, self.at_s(row))

    def at_s(self, row: int) -> int:
        """Return the second of the epoch at which violation `row` happened."""
        return self.begin_s + row * (self.end_s - self.begin_s) // self.many

    def violation_id(self, row: int) -> UUID:
        """Return the id of violation `row`: a fill of another size has others."""
        return UUID(hex=self._hex(row, self.at_s(row)))

    def _hex(self, row: int, at_s: int) -> str:
        return identifier_hex(self.seed + 22, at_s * 1000 - row // 1000, row)

    def _line(self, row: int, at_s: int) -> str:
        bits = drawn(self.seed + 21, row)
        cars, drivers = self.vehicles, self.vehicles.drivers
        share = bits & 0xFFFFF
        vehicle = spread((share * share * cars.many) >> 40, STEP, cars.many)  # few have many, many have few
        sort = cars.sort(vehicle)
        kind = sort[:2]
        owner = cars.owner_by(vehicle, sort) if bits >> 20 & 7 < 5 else None  # who drove is known of five in eight
        driver = drivers.person_hex(owner) if owner is not None else "\\N"
        org, site = self.sites[(bits >> 24) % len(self.sites)]
        age_days = (self.end_s - at_s) // 86_400
        state = (RECENT if age_days < 60 else OLD)[bits >> 36 & 1023]
        seen = at_s + 3_600 + (bits >> 46) % 80_000
        told = "\\N" if state in ("recorded", "reviewed") else stamp(seen + 86_400)
        conduct, fine, points = CONDUCTS[bits >> 54 & 1023].split("\t")
        return (
            f"{self._hex(row, at_s)}\t{org}\tSY{at_s - self.begin_s:08d}{row:09d}\t{stamp(at_s)}"
            f"\t{stamp(seen)}\t{conduct}\t{site}\t{cars.vehicle_hex(vehicle)}\t{cars.plate_by(vehicle, kind)}\t{kind}"
            f"\t{driver}\t{'f' if state == 'recorded' else 't'}"
            f"\t{state}\t{told}\t{fine}\t{points}\n"
        )


_DAY = {0: ""}


def stamp(second: int) -> str:
    """Return an instant of the epoch as text; days are remembered, for there are few of them."""
    day, rest = divmod(second, 86_400)
    text = _DAY.get(day)
    if not text:
        text = _DAY[day] = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
    hour, rest = divmod(rest, 3_600)
    minute, rest = divmod(rest, 60)
    return f"{text}T{hour:02d}:{minute:02d}:{rest:02d}Z"
