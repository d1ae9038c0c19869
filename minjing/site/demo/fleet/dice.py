"""Numbers that look drawn and are computed: splitmix64 of a seed and a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

MASK = (1 << 64) - 1


def drawn(seed: int, row: int) -> int:
    """Return 64 bits for a row (splitmix64, Steele, Lea & Flood 2014)."""
    x = (seed + row * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def identifier(seed: int, since_ms: int, row: int) -> UUID:
    """Return the UUIDv7 of a row: a thousand rows a millisecond, the rest drawn."""
    return UUID(hex=identifier_hex(seed, since_ms, row))


def identifier_hex(seed: int, since_ms: int, row: int) -> str:
    """Return the same in 32 digits, as COPY takes it: millions of them, each cheaper than an object."""
    x = ((seed ^ 0x1D) + row * 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    high, low = divmod(row, 1000)
    return f"{(since_ms + high) << 16 | 0x7000 | low:016x}{(x ^ (x >> 31)) & 0x3FFF_FFFF_FFFF_FFFF | 1 << 63:016x}"


def table(weights: Mapping[str, int], size: int = 1024) -> Sequence[str]:
    """Return `size` values in which each stands as often as its weight says: choosing is one index."""
    total, out = sum(weights.values()), []
    for value, weight in weights.items():
        out += [value] * round(size * weight / total)
    return (out + [next(iter(weights))] * size)[:size]


def spread(row: int, factor: int, many: int) -> int:
    """Return another row for each row below `many`; `factor` must have no divisor in common with `many`."""
    return row * factor % many


_FIRST_DAY = date(1940, 1, 1).toordinal()
_DAYS = [date.fromordinal(n).isoformat() for n in range(_FIRST_DAY, date(2060, 1, 1).toordinal())]


def day(ordinal: int) -> str:
    """Return a day as text: formatting it anew for each of many millions would cost more than all the rest."""
    return _DAYS[ordinal - _FIRST_DAY]
