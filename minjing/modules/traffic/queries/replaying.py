"""Violations of years as columns: read in slices of whole subjects, set by set, by one binary COPY each.

What leaves the database are numbers: whose a vehicle was and who drove are hashes that only say "the same".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from minjing.base.clock import CHINA
from minjing.modules.traffic import packs
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.queries.histories import ESTABLISHED, MONTH_MAX
from minjing.modules.traffic.rules.penalties import words
from minjing.modules.traffic.rules.penalties.columns import EPOCH, Columns
from minjing.modules.traffic.rules.penalties.tally import NOBODY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLICE_ROWS = 1_000_000
# In the order of FIELDS, each a bigint, so that every row of the COPY has the same length.
_SLICE = """
COPY (
  SELECT uuid_hash_extended(subject, 0) AS s,
    (extract(epoch FROM violated_at) * 1000000)::int8,
    coalesce(array_position(%(conduct)s::text[], conduct::text), array_length(%(conduct)s::text[], 1))::int8 - 1,
    coalesce(array_position(%(city)s::text[], city::text), array_length(%(city)s::text[], 1))::int8 - 1,
    coalesce(array_position(%(source)s::text[], source::text), array_length(%(source)s::text[], 1))::int8 - 1,
    coalesce(array_position(%(ground)s::text[], ground::text), array_length(%(ground)s::text[], 1))::int8 - 1,
    CASE WHEN place = '' THEN -1 ELSE hashtextextended(place, 0) & 9223372036854775807 END,
    coalesce(uuid_hash_extended(act_id, 0) & 9223372036854775807, -1),
    coalesce(((extract(year FROM held_since_date) * 12 + extract(month FROM held_since_date) - 1) * 31
      + extract(day FROM held_since_date) - 1)::int8 * 86400000000, -1),
    accident::int::int8, local::int::int8,
    coalesce(uuid_hash_extended(person_id, 0) & 9223372036854775807, %(nobody)s)::int8
  FROM (
    SELECT *, CASE WHEN conduct = ANY(%(on_foot)s::text[]) OR vehicle_id IS NULL
      THEN coalesce(person_id, id) ELSE vehicle_id END AS subject
    FROM traffic_violation
    WHERE violated_at >= %(since)s AND violated_at < %(until)s AND state = ANY(%(states)s::text[])
  ) AS v
  WHERE (uuid_hash_extended(subject, 0) & 65535) %% %(slices)s = %(slice)s
  ORDER BY s, violated_at, number
) TO STDOUT (FORMAT BINARY)
"""
FIELDS = (
    "subject", "at_us", "conduct", "city", "source", "ground", "place", "act", "held_slot", "accident", "local",
    "person",
)  # fmt: skip
HEAD_BYTES, TAIL_BYTES = 19, 2  # of the binary format: signature, flags, length of nothing; a count of -1


@dataclass(frozen=True, slots=True)
class Period:
    """Which violations are read: those of the days, and those before that still bear on them."""

    from_date: date
    until_date: date  # the last day
    reach_months: int

    @property
    def begin(self) -> datetime:
        """Return the first instant of the period itself."""
        return datetime.combine(self.from_date, time(), CHINA)

    @property
    def end(self) -> datetime:
        """Return the first instant after it."""
        return datetime.combine(self.until_date + timedelta(days=1), time(), CHINA)

    @property
    def since(self) -> datetime:
        """Return the instant from which violations bear on it."""
        return self.begin - self.reach_months * MONTH_MAX

    @property
    def begin_us(self) -> int:
        """Return the first instant as columns count it."""
        return (self.begin - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some subjects with all their violations, and who drove, as hashes."""

    columns: Columns
    persons: NDArray[np.int64]


def slices_of(period: Period) -> int:
    """Return in how many slices the period is read, so that memory stays the same however much there is."""
    rows: int = _rows(period).count()
    return max(1, -(-rows // SLICE_ROWS))


def read(period: Period, number: int, of: int) -> Slice:
    """Return slice `number` of `of`."""
    import numpy as np

    names = _names()
    said: dict[str, Any] = {
        **{name: list(found) for name, found in names.items()},
        "on_foot": [code for code, conduct in packs.conducts().items() if conduct.on_foot],
        "since": period.since, "until": period.end, "states": list(ESTABLISHED), "nobody": NOBODY,
        "slices": of, "slice": number,
    }  # fmt: skip
    with connection.cursor() as cursor, cursor.cursor.copy(_SLICE, said) as copy:
        data = b"".join(copy)
    row = np.dtype(
        [("n", ">i2"), *((part, kind) for f in FIELDS for part, kind in ((f"{f}_len", ">i4"), (f, ">i8")))]
    )
    count = (len(data) - HEAD_BYTES - TAIL_BYTES) // row.itemsize
    table = np.frombuffer(data, dtype=row, count=count, offset=HEAD_BYTES)
    column = {field: table[field].astype(np.int64) for field in FIELDS}
    persons = column.pop("person")
    flags = {name: column.pop(name).astype(bool) for name in ("accident", "local")}
    checked = np.ones(count, dtype=bool)  # what is established, an officer has looked at
    accident, local = flags["accident"], flags["local"]
    return Slice(Columns(names=names, checked=checked, accident=accident, local=local, **column), persons)


def _rows(period: Period) -> Any:
    return Violation.objects.filter(violated_at__gte=period.since, violated_at__lt=period.end, state__in=ESTABLISHED)


def _names() -> Mapping[str, Sequence[str]]:
    """Return the words of the columns: a word nobody knows stands last, as "?", and meets no rule."""
    return {
        "conduct": (*packs.conducts(), "?"),
        "city": ("shenzhen", "?"),
        "source": (*words.SOURCES, "?"),
        "ground": ("", *packs.in_force().grounds, "?"),
    }
