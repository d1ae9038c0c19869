"""The fast match: a day of violations against a day of ambulances, in numpy, on one core.

The violations are laid out by (cell of the city, slot of time) in one sorted order with a table of where each cell
and slot begins. Every stretch then asks the few cells that it can reach for the slots of its own minute and a half:
two look-ups a cell, neighbours in memory because an ambulance moves on slowly. What it finds goes through the same
arithmetic as `reference.hit`, in the same order of operations, so both give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minjing.modules.traffic.rules.yielding.parameters import HEADINGS, NO_HEADING, Parameters

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Floats = NDArray[numpy.float64]
    Ints = NDArray[numpy.int64]

CELL_M = 1024.0  # at first; grows until the table fits
SLOT_S = 64.0
TABLE_MOST = 1 << 24  # entries: 64 MB


@dataclass(frozen=True, slots=True)
class Fixes:
    """The fixes of many missions: ordered by mission, then by time. `mission` may be any whole number."""

    mission: Ints
    at: Floats
    east: Floats
    north: Floats


@dataclass(frozen=True, slots=True)
class Places:
    """Where and when violations were recorded; `heading` in tenths of a degree, NO_HEADING when unknown."""

    at: Floats
    east: Floats
    north: Floats
    heading: Ints


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of a violation and the stretch that begins at a fix: how near and when it came past."""

    place: Ints
    fix: Ints
    distance_m: Floats
    at: Floats


@dataclass(frozen=True, slots=True)
class _Stretches:
    """The usable stretches, a column each; `fix` is the number of the fix at the start."""

    fix: Ints
    begin: Floats
    end: Floats
    east: Floats
    north: Floats
    east_u: Floats
    north_u: Floats
    speed: Floats


def match(places: Places, fixes: Fixes, limits: Parameters) -> Hits:
    """Return all hits, in no particular order: those that `reference.hits` finds, mission by mission."""
    import numpy

    lines = _stretches(fixes, limits)
    if not len(lines.fix) or not len(places.at):
        nothing = numpy.zeros(0)
        return Hits(nothing.astype(numpy.int64), nothing.astype(numpy.int64), nothing, nothing)
    place, line = _pairs(places, lines, limits)
    return _checked(places, lines, place, line, limits)


def best(hits: Hits, mission: Ints) -> Hits:
    """Return the nearest hit of each pair of violation and mission; `mission` is the column of the fixes."""
    import numpy

    order = numpy.lexsort((hits.at, hits.distance_m, mission[hits.fix], hits.place))
    place, of = hits.place[order], mission[hits.fix[order]]
    first = numpy.ones(len(order), dtype=bool)
    first[1:] = (place[1:] != place[:-1]) | (of[1:] != of[:-1])
    kept = order[first]
    return Hits(hits.place[kept], hits.fix[kept], hits.distance_m[kept], hits.at[kept])


def _stretches(fixes: Fixes, limits: Parameters) -> _Stretches:
    import numpy

    lasted = numpy.diff(fixes.at)
    east, north = numpy.diff(fixes.east), numpy.diff(fixes.north)
    moved = numpy.sqrt(east * east + north * north)
    usable = (fixes.mission[1:] == fixes.mission[:-1]) & (lasted > 0) & (lasted <= limits.longest_gap_s)
    usable &= moved <= limits.fastest_mps * lasted
    moves = usable & (moved >= limits.standing_m)
    # Who stands keeps the heading of the last stretch on which it moved, if nothing unusable lies between.
    number = numpy.arange(len(lasted))
    last_moved = numpy.maximum.accumulate(numpy.where(moves, number, -1))
    last_broken = numpy.maximum.accumulate(numpy.where(usable, -1, number))
    kept = numpy.flatnonzero(usable & (last_moved > last_broken))
    of = last_moved[kept]
    length = moved[of]
    speed = numpy.where(moves[kept], moved[kept], 0.0) / lasted[kept]
    return _Stretches(
        kept, fixes.at[kept], fixes.at[kept + 1], fixes.east[kept], fixes.north[kept],
        east[of] / length, north[of] / length, speed,
    )  # fmt: skip


def _pairs(places: Places, lines: _Stretches, limits: Parameters) -> tuple[Ints, Ints]:
    """Return the pairs worth a look: every violation that lies in a cell and slot which a stretch can reach."""
    import numpy

    driven = lines.speed * (lines.end - lines.begin)
    sides = []
    for start, unit in ((lines.east, lines.east_u), (lines.north, lines.north_u)):
        stop = start + unit * driven
        sides += [numpy.minimum(start, stop) - limits.within_m, numpy.maximum(start, stop) + limits.within_m]
    west, east, south, north = sides
    grid = _Grid.around(west.min(), east.max(), south.min(), north.max(), lines.begin.min() - limits.after_s,
                        lines.end.max())  # fmt: skip
    order, begins = grid.lay(places)
    x, more_x = grid.cells(west, east, grid.west)
    y, more_y = grid.cells(south, north, grid.south)
    first = ((lines.begin - limits.after_s - grid.begin) / grid.slot_s).astype(numpy.int32)
    slots = ((lines.end - grid.begin) / grid.slot_s).astype(numpy.int32) - first
    place, line = [], []
    for right in range(int(more_x.max()) + 1):
        for up in range(int(more_y.max()) + 1):
            if right or up:
                asks = numpy.flatnonzero((more_x >= right) & (more_y >= up))
                key = ((x[asks] + right) * grid.rows + y[asks] + up) * grid.slots + first[asks]
                found, by = _ranges(begins[key], begins[key + slots[asks] + 1])
                line.append(asks[by])
            else:
                key = (x * grid.rows + y) * grid.slots + first
                found, by = _ranges(begins[key], begins[key + slots + 1])
                line.append(by)
            place.append(order[found])
    return numpy.concatenate(place), numpy.concatenate(line)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells of the city and slots of the day, numbered in one row: column, then row, then slot."""

    west: float
    south: float
    begin: float
    cell_m: float
    slot_s: float
    columns: int
    rows: int
    slots: int

    @classmethod
    def around(cls, west: float, east: float, south: float, north: float, begin: float, end: float) -> _Grid:
        """Return the finest grid over what the stretches can reach whose table still fits."""
        cell_m, slot_s = CELL_M, SLOT_S
        while True:
            columns, rows = int((east - west) / cell_m) + 1, int((north - south) / cell_m) + 1
            slots = int((end - begin) / slot_s) + 1
            if columns * rows * slots <= TABLE_MOST:
                return cls(float(west), float(south), float(begin), cell_m, slot_s, columns, rows, slots)
            if columns * rows > slots:
                cell_m *= 2
            else:
                slot_s *= 2

    def cells(self, low: Floats, high: Floats, origin: float) -> tuple[NDArray[numpy.int32], NDArray[numpy.int32]]:
        """Return the first cell of each side, and how many more it reaches into."""
        import numpy

        first = ((low - origin) / self.cell_m).astype(numpy.int32)
        return first, ((high - origin) / self.cell_m).astype(numpy.int32) - first

    def lay(self, places: Places) -> tuple[Ints, NDArray[numpy.int32]]:
        """Return the violations in order of cell and slot, and where each begins; who lies outside is left out."""
        import numpy

        x, y = (places.east - self.west) / self.cell_m, (places.north - self.south) / self.cell_m
        slot = (places.at - self.begin) / self.slot_s
        inside = (x >= 0) & (x < self.columns) & (y >= 0) & (y < self.rows) & (slot >= 0) & (slot < self.slots)
        kept = numpy.flatnonzero(inside)
        if len(kept) < len(x):
            x, y, slot = x[kept], y[kept], slot[kept]
        key = (x.astype(numpy.int32) * self.rows + y.astype(numpy.int32)) * self.slots + slot.astype(numpy.int32)
        # Key and number in one whole number: sorted as such, several times as fast as an argsort. Counted only then,
        # so that the counters are met in order too.
        bits = max(1, len(x)).bit_length()
        both = (key.astype(numpy.int64) << bits) | numpy.arange(len(key))
        both.sort()
        count = numpy.bincount(both >> bits, minlength=self.columns * self.rows * self.slots)
        begins = numpy.zeros(len(count) + 1, dtype=numpy.int32)
        numpy.cumsum(count, out=begins[1:])
        both &= (1 << bits) - 1
        return kept[both], begins


def _ranges(begin: NDArray[numpy.int32], end: NDArray[numpy.int32]) -> tuple[Ints, Ints]:
    """Return every number of every range [begin, end), and which range it is of."""
    import numpy

    asked = numpy.flatnonzero(end > begin)
    first = begin[asked].astype(numpy.int64)
    many = end[asked] - first
    before = numpy.cumsum(many) - many  # how many numbers come before the range's own
    return numpy.repeat(first - before, many) + numpy.arange(many.sum()), numpy.repeat(asked, many)


def _checked(places: Places, lines: _Stretches, place: Ints, line: Ints, limits: Parameters) -> Hits:
    """Return those pairs that are hits: `reference.hit`, a column at a time, the cheapest question first."""
    import numpy

    at, start = places.at[place], lines.begin[line]
    begin, until = numpy.maximum(at, start), numpy.minimum(at + limits.after_s, lines.end[line])
    east_u, north_u = lines.east_u[line], lines.north_u[line]
    table = numpy.array(HEADINGS)
    heading = places.heading[place]
    approach_east, approach_north = table[:, 0][heading], table[:, 1][heading]
    right = (east_u * approach_east + north_u * approach_north >= limits.least_cos) | (heading == NO_HEADING)
    left = numpy.flatnonzero(right & (begin <= until))
    place, line, begin, until, start = place[left], line[left], begin[left], until[left], start[left]
    east_u, north_u, speed = east_u[left], north_u[left], lines.speed[line]
    driven = speed * (begin - start)
    east = places.east[place] - (lines.east[line] + east_u * driven)
    north = places.north[place] - (lines.north[line] + north_u * driven)
    ahead = east * east_u + north * north_u
    drives = numpy.minimum(ahead, speed * (until - begin))
    east, north = east - east_u * drives, north - north_u * drives
    square = east * east + north * north
    hit = numpy.flatnonzero((ahead >= 0) & (square <= limits.within_m * limits.within_m))
    speed, drives = speed[hit], drives[hit]
    took = numpy.divide(drives, speed, out=numpy.zeros_like(drives), where=speed > 0)
    return Hits(place[hit], lines.fix[line[hit]], numpy.sqrt(square[hit]), begin[hit] + took)
