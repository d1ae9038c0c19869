"""Counts of acts beside counts of entries: what parts keep, what the ledger keeps in private, what is public."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from minjing.base.clock import CHINA
from minjing.kernel.ledger.rules.public import parse_public
from minjing.kernel.ledger.rules.tree import TILE_WIDTH
from minjing.kernel.watch import outsider
from minjing.kernel.watch.replay import Record

ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Count:
    """How often something of a kind was done in a period: as acts, as private entries, as public ones."""

    period: str  # 2026-11-24, or 2026-11
    kind: str
    acts: int | None  # None where no part keeps these acts beside the ledger
    entries: int
    public: int

    @property
    def agrees(self) -> bool:
        """Say whether all who count come to the same number."""
        return self.entries == self.public and self.acts in (None, self.entries)


def audit(
    records: Sequence[Record],
    read: outsider.Read,
    size: int,
    since: datetime,
    until: datetime,
    *,
    by_month: bool = False,
) -> list[Count]:
    """Return the counts of each period and kind from `since` until `until`, in order; `size` is what is published.

    Entries that are not yet published are counted as public: that they come is what the lag is watched for.
    """
    acts, entries, public, unpublished = (Counter[tuple[str, str]]() for _ in range(4))
    kept: set[str] = set()
    span = {"since": since, "until": until, "zone": ZONE}
    for record in records:
        if record.counts:
            kept |= {f"{record.name}|{kind}" for kind in record.kinds}
            _add(acts, record.counts, span, by_month)
    _add(entries, ENTRIES, span, by_month)
    _add(unpublished, UNPUBLISHED, span | {"size": size}, by_month)
    for day, kind in _public(read, size, since, until):
        public[_period(day, by_month), kind] += 1
    counted = [kind.split("|")[1] for kind in kept]
    besides = {kind for record in records for kind in record.besides}
    return [
        Count(
            period,
            kind,
            acts[period, kind] if _is_kept(kind, counted, besides) else None,
            entries[period, kind],
            public[period, kind] + unpublished[period, kind],
        )
        for period, kind in sorted({*acts, *entries, *public, *unpublished})
    ]


def _is_kept(kind: str, counted: Sequence[str], besides: set[str]) -> bool:
    return kind.startswith(tuple(counted)) and kind not in besides


ENTRIES = """
SELECT (at AT TIME ZONE %(zone)s)::date, kind, count(*) FROM ledger_outbox
WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2
"""
# What stands after the last published entry in the order of the log.
UNPUBLISHED = """
SELECT (at AT TIME ZONE %(zone)s)::date, kind, count(*) FROM ledger_outbox
WHERE at >= %(since)s AND at < %(until)s AND coalesce(ledger_index(xid, seq), %(size)s) >= %(size)s
  AND (xid, seq) >= coalesce((SELECT (xid, seq) FROM ledger_bundle WHERE n = %(size)s / 256), ('0'::xid8, 0::bigint))
GROUP BY 1, 2
"""


def _add(counter: Counter[tuple[str, str]], sql: str, params: Mapping[str, Any], by_month: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for day, kind, number in cursor.fetchall():
            counter[_period(day, by_month), kind] += number


def _period(day: date, by_month: bool) -> str:
    return day.isoformat()[:7] if by_month else day.isoformat()


def _public(read: outsider.Read, size: int, since: datetime, until: datetime) -> Iterator[tuple[date, str]]:
    """Yield day and kind of each published entry of the time, bundle by bundle.

    Public entries tell the minute alone: the limits are taken to the minute.
    """
    first, last = since.replace(second=0, microsecond=0), until
    for n in range(-(-size // TILE_WIDTH)):
        for entry in outsider.bundle(read, n, min(TILE_WIDTH, size - n * TILE_WIDTH)) or ():
            try:
                said = parse_public(entry)
            except ValueError:
                continue  # its bytes were altered: the monitor names it, here it is missing
            if first <= said.at < last:
                yield said.at.astimezone(CHINA).date(), said.kind


def day_span(since: date, until: date) -> tuple[datetime, datetime]:
    """Return the instants at which the days `since` to `until`, both included, begin and end in China."""
    begin = datetime(since.year, since.month, since.day, tzinfo=CHINA)
    end = until + timedelta(days=1)
    return begin, datetime(end.year, end.month, end.day, tzinfo=CHINA)
