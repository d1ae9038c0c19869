"""Capacity, opening days, the queue and missed visits: pure decisions about instants and minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import asin, cos, radians, sqrt
from typing import Any

from minjing.base.clock import CHINA

# States of a visit, and where each leads:
#   held → booked | lapsed | cancelled      booked → waiting | cancelled | missed      waiting → called | cancelled
#   called → done | waiting (skipped) | missed
HELD, BOOKED, WAITING, CALLED = "held", "booked", "waiting", "called"
DONE, CANCELLED, MISSED, LAPSED = "done", "cancelled", "missed", "lapsed"
STATES = (HELD, BOOKED, WAITING, CALLED, DONE, CANCELLED, MISSED, LAPSED)
LIVE = (HELD, BOOKED, WAITING, CALLED)  # takes capacity
ONLINE, WALK_IN = "online", "walk_in"

MINUTES_MAX = 240  # of one visit
SERVICES_MAX = 6
# Crockford's alphabet: no I, L, O, U, so that a code read aloud or typed from a slip is not mistaken.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 10
_CONFUSED = str.maketrans("OIL", "011")
# A ticket that did not come when called waits behind those of the next ten minutes.
SKIP = timedelta(minutes=10)
EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What the city rules about visits; platform rules, not law. Times in minutes or days as named."""

    hold_min: int = 10  # a place chosen is kept so long until it is confirmed
    level_hold_min: int = 20  # from when a check of identity is begun that the booking waits for; once a visit
    offer_min: int = 30  # and so long for somebody from the waiting list
    days_ahead: int = 30
    early_min: int = 60  # how long before the slot one may report at the hall
    late_min: int = 30  # after the end of the slot a visit counts as missed
    remind_before_min: int = 24 * 60
    misses: int = 3
    within_days: int = 90
    pause_days: int = 30
    waits_max: int = 5  # waiting lists of one person at a time

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Terms:
        """Return the terms of a city's file; what it does not name is as here."""
        return cls(**{name: int(value) for name, value in body.items() if name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Grid:
    """How a place divides its day: spans of opening as minutes since midnight, and the length of a slot."""

    spans: tuple[tuple[int, int], ...]
    slot_min: int

    @classmethod
    def of(cls, hours: Sequence[Sequence[str]], slot_min: int) -> Grid:
        """Return the grid of `[["09:00", "12:00"], …]`."""
        return cls(tuple((_minute(start), _minute(end)) for start, end in hours), slot_min)

    def starts(self, day: date) -> list[datetime]:
        """Return the instants at which the slots of `day` begin."""
        midnight = datetime.combine(day, time(), CHINA)
        return [
            midnight + timedelta(minutes=minute)
            for start, end in self.spans
            for minute in range(start, end - self.slot_min + 1, self.slot_min)
        ]

    def parts(self, starts_at: datetime, minutes: int) -> list[tuple[datetime, int]]:
        """Return what a visit of `minutes` takes: of each slot in a row at most its length, the rest of the next."""
        taken = []
        while minutes > 0:
            part = min(minutes, self.slot_min)
            taken.append((starts_at, part))
            starts_at, minutes = starts_at + timedelta(minutes=self.slot_min), minutes - part
        return taken


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def slot_id(place_id: int, starts_at: datetime) -> int:
    """Return the id of a slot: place and minute, so that who knows both needs not ask for it."""
    return place_id << 32 | int(starts_at.timestamp()) // 60


def is_slot_start(grid: Grid, starts_at: datetime) -> bool:
    """Say whether a slot of this place begins at that instant."""
    local = starts_at.astimezone(CHINA)
    return local in grid.starts(local.date())


@dataclass(frozen=True, slots=True)
class Free:
    """A slot with what is free of it, in minutes of counter time."""

    starts_at: datetime
    ends_at: datetime
    free_min: int
    capacity_min: int
    visits: int = 0  # how many visits of the minutes asked for still fit, from this slot on


def fitting(slots: Sequence[Free], minutes: int, slot_min: int) -> list[Free]:
    """Return the slots at which a visit of `minutes` may begin: it needs the following ones too, without a gap."""
    by_start = {slot.starts_at: slot for slot in slots}
    grid = Grid((), slot_min)
    fits = []
    for slot in slots:
        parts = grid.parts(slot.starts_at, minutes)
        rooms = [(by_start[at].free_min // part) if at in by_start else 0 for at, part in parts]
        if min(rooms) > 0:
            fits.append(Free(slot.starts_at, slot.ends_at, slot.free_min, slot.capacity_min, min(rooms)))
    return fits


@dataclass(frozen=True, slots=True)
class Misses:
    """How often somebody did not come, and until when they therefore cannot book online."""

    counted: tuple[datetime, ...] = ()  # the missed visits within the time that counts, oldest first
    until: datetime | None = None


def misses(missed_at: Iterable[datetime], terms: Terms, now: datetime) -> Misses:
    """Return what missed visits (those not excused) mean now: the last of too many pauses online booking."""
    recent = sorted(at for at in missed_at if at > now - timedelta(days=terms.within_days + terms.pause_days))
    until = None
    for last in recent:
        window = [at for at in recent if last - timedelta(days=terms.within_days) < at <= last]
        if len(window) >= terms.misses:
            until = last + timedelta(days=terms.pause_days)
    counted = tuple(at for at in recent if at > now - timedelta(days=terms.within_days))
    return Misses(counted, until if until and until > now else None)


def queue_at(starts_at: datetime, arrived_at: datetime) -> datetime:
    """Return the instant by which a ticket is ordered: one's own time, or one's arrival when that was later."""
    return max(starts_at, arrived_at)


def may_report(starts_at: datetime, ends_at: datetime, terms: Terms, now: datetime) -> str:
    """Say whether one may report for a visit now: "" if so, else early or late."""
    if now < starts_at - timedelta(minutes=terms.early_min):
        return "early"
    return "late" if now > ends_at + timedelta(minutes=terms.late_min) else ""


def parse_code(text: str) -> str | None:
    """Return the code of a slip as it is stored, however it was typed or scanned, or None."""
    tail = text.strip().rstrip("/").rpartition("/")[2]
    code = "".join(c for c in tail.upper() if c.isalnum()).translate(_CONFUSED)
    return code if len(code) == CODE_CHARACTERS and set(code) <= set(ALPHABET) else None


def grouped(code: str) -> str:
    """Return a code as people read it: 7K3M9-QXD2A."""
    return f"{code[:5]}-{code[5:]}"


def km_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance of two points as the crow flies, in kilometres (haversine, WGS-84)."""
    up, across = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    square = _sin2(up) + cos(radians(lat)) * cos(radians(other_lat)) * _sin2(across)
    return 2 * EARTH_KM * asin(sqrt(square))


def _sin2(angle: float) -> float:
    from math import sin

    return sin(angle) ** 2


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """A service that a place offers: its name and how long it takes at the counter."""

    service: str
    title: Mapping[str, str]
    minutes: int


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A place where one can be seen, as far as everybody may know it."""

    id: int
    code: str
    org_id: int
    unit_id: int
    unit_path: str
    kind: str
    name: Mapping[str, str]
    address: Mapping[str, str]
    lon: float | None
    lat: float | None
    hours: tuple[tuple[str, str], ...]
    slot_min: int
    counters: int
    demo: bool
    offers: Mapping[str, OfferFacts] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """Return how the day is divided."""
        return Grid.of(self.hours, self.slot_min)

    def minutes_of(self, services: Iterable[str]) -> int:
        """Return how long these services take together. Raises KeyError for one that is not offered."""
        return sum(self.offers[service].minutes for service in services)
