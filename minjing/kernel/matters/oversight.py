"""Reading for supervisors: lights, what is overdue and why, load, trend. Counts and matters, no persons.

`supervised` says which unit somebody may look at; every query names the districts and units it may read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q

from minjing.base import idnumber
from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.rules import SUPERVISE
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import Matter, Procedure
from minjing.kernel.matters.queries import UnitFacts
from minjing.kernel.matters.queries.kept import Figures
from minjing.kernel.matters.rules import Snapshot

WEEKS = 12
KEPT_S = 60.0  # figures by the week may be this old
T = TypeVar("T")
Why = Literal["tasks", "unclaimed", "extension", "long_step"]
WHYS: tuple[Why, ...] = ("tasks", "unclaimed", "extension", "long_step")


@dataclass(frozen=True, slots=True)
class Area:
    """The units at or below one unit, as the queries need them."""

    path: str
    orgs: tuple[int, ...]
    units: tuple[int, ...]
    stations: tuple[int, ...]
    deciding: tuple[int, ...]  # the units and those above them: where their matters may end

    @property
    def unit_id(self) -> int:
        """Return the unit at the top of the area."""
        return int(self.path.rstrip(".").split(".")[-1])

    @property
    def params(self) -> dict[str, Any]:
        """Return what every query of this page binds."""
        return {
            "orgs": list(self.orgs),
            "units": list(self.units),
            "stations": list(self.stations),
            "deciding": list(self.deciding),
        }


def supervising(by: Actor) -> list[Holding]:
    """Return the holdings that let one look over units: of a post that supervises, or decides there; widest first.

    Whoever approves fees or decides in another trade has no business with what lies in the stations.
    """
    able = [h for h in by.holdings if SUPERVISE in h.acts or h.post in queries.APPROVERS]
    return sorted(able, key=lambda h: len(h.unit_path))


def supervised(by: Actor, unit_id: int | None) -> UnitFacts:
    """Return a unit at or below those that one supervises, the widest of these where none is named.

    Raises NotAllowed, Unknown.
    """
    able = supervising(by)
    if not able:
        raise NotAllowed(
            "no_post",
            "效能监督由督察和审批岗位查看。",
            "Supervision is for supervisors and approvers.",
            needs=SUPERVISE,
        )
    unit = queries.units().get(able[0].unit_id if unit_id is None else unit_id)
    if unit is None:
        raise Unknown
    if not any(unit.path.startswith(h.unit_path) for h in able):
        raise NotAllowed(
            "other_unit",
            "这个单位不在您的监督范围内。",
            "This unit is not under your supervision.",
            needs=SUPERVISE,
        )
    return unit


def area(path: str) -> Area:
    """Return the area of the unit at `path`."""
    below = [unit for unit in queries.units().values() if unit.path.startswith(path)]
    above = [int(part) for part in path.rstrip(".").split(".")]
    return Area(
        path=path,
        orgs=tuple(sorted({unit.org_id for unit in below})),
        units=tuple(unit.id for unit in below),
        stations=tuple(unit.id for unit in below if unit.level == "station"),
        deciding=tuple(sorted({*above, *(unit.id for unit in below)})),
    )


# ---- lights ---------------------------------------------------------------------------------------------

# Read from the index matter_lights alone: it holds the very columns that are counted.
UNIT_LIGHTS = """
SELECT unit_id,
       count(*) FILTER (WHERE yellow_at > %(now)s),
       count(*) FILTER (WHERE yellow_at <= %(now)s AND due_at > %(now)s),
       count(*) FILTER (WHERE due_at <= %(now)s)
FROM matters_matter
WHERE closed_at IS NULL AND paused_since IS NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
GROUP BY unit_id
"""


@dataclass(frozen=True, slots=True)
class UnitLights:
    """How many running matters of one unit stand at each light."""

    unit_id: int
    green: int = 0
    yellow: int = 0
    red: int = 0

    @property
    def total(self) -> int:
        """Return how many run."""
        return self.green + self.yellow + self.red


_figures = Figures()


def unit_lights(within: Area, now: datetime) -> list[UnitLights]:
    """Return the lights of each unit of the area, in the order of the tree; units with nothing are there too."""
    return list(_figures.get(("lights", within.path), queries.LIGHTS_KEPT_S, lambda: _unit_lights(within, now)))


def _unit_lights(within: Area, now: datetime) -> list[UnitLights]:
    counted = {row[0]: UnitLights(*row) for row in _rows(UNIT_LIGHTS, {**within.params, "now": now})}
    return [counted.get(unit_id, UnitLights(unit_id)) for unit_id in within.units]


def forget_kept() -> None:
    """Count anew at the next call."""
    _figures.forget()


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


# ---- overdue, and why -----------------------------------------------------------------------------------

OVERDUE_WHY = """
SELECT why, count(*) FROM (
    SELECT CASE WHEN open_tasks > 0 THEN 'tasks'
                WHEN asked_days > 0 THEN 'extension'
                WHEN claimed_by IS NULL THEN 'unclaimed'
                ELSE 'long_step' END AS why
    FROM matters_matter
    WHERE closed_at IS NULL AND paused_since IS NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
      AND due_at <= %(now)s
) AS late GROUP BY why
"""


def overdue_why(within: Area, now: datetime) -> dict[Why, int]:
    """Return how many matters are overdue, by what holds each up."""
    params = {**within.params, "now": now}
    counted = _figures.get(("why", within.path), queries.LIGHTS_KEPT_S, lambda: dict(_rows(OVERDUE_WHY, params)))
    return {why: counted.get(why, 0) for why in WHYS}


def why_late(matter: Snapshot) -> Why:
    """Return what holds up an overdue matter: the same rule as the count's."""
    if matter.open_tasks:
        return "tasks"
    if matter.asked_days:
        return "extension"
    return "unclaimed" if matter.claimed_by is None else "long_step"


PAUSED = """
SELECT pause_reason, count(*), min(paused_since)
FROM matters_matter
WHERE closed_at IS NULL AND paused_since IS NOT NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
GROUP BY pause_reason
"""


def paused(within: Area) -> list[tuple[str, int, datetime]]:
    """Return why clocks stand still: reason, how many matters, the longest since when."""
    found = _figures.get(("paused", within.path), queries.LIGHTS_KEPT_S, lambda: _rows(PAUSED, within.params))
    return [(reason, count, since) for reason, count, since in found]


# ---- the very matters -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a supervisor has narrowed the list down to; empty values do not narrow.

    `own` leaves out the units below; a step is a state of a flow, for other flows call theirs by the same key.
    """

    own: bool = False
    light: str = ""
    pause: str = ""
    flow: str = ""
    state: str = ""
    why: str = ""
    officer: UUID | None = None


def matters(
    within: Area,
    now: datetime,
    narrowed: Narrowed | None = None,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = queries.PAGE,
) -> list[Snapshot]:
    """Return the open matters of an area, most urgent first, after the (due_at, id) seen last."""
    narrowed = narrowed or Narrowed()
    units = (within.unit_id,) if narrowed.own else within.units
    rows = Matter.objects.filter(closed_at__isnull=True, org_id__in=within.orgs, unit_id__in=units)
    rows = _with_light(rows, narrowed.light, now)
    if narrowed.pause:
        rows = rows.filter(paused_since__isnull=False, pause_reason=narrowed.pause)
    if narrowed.flow:
        rows = rows.filter(procedure__in=Procedure.objects.filter(body__flow__flow=narrowed.flow))
    if narrowed.state:
        rows = rows.filter(state=narrowed.state)
    if narrowed.officer:
        rows = rows.filter(claimed_by=narrowed.officer)
    if narrowed.why:
        rows = _held_up_by(rows.filter(paused_since__isnull=True, due_at__lte=now), narrowed.why)
    if after:
        rows = rows.extra(where=["(due_at, id) > (%s, %s)"], params=list(after))
    return queries.snapshots(rows.order_by("due_at", "id")[:limit])


def _with_light(rows: Any, light: str, now: datetime) -> Any:
    if light == "paused":
        return rows.filter(paused_since__isnull=False)
    running = rows.filter(paused_since__isnull=True)
    if light == "green":
        return running.filter(yellow_at__gt=now)
    if light == "yellow":
        return running.filter(yellow_at__lte=now, due_at__gt=now)
    if light == "red":
        return running.filter(due_at__lte=now)
    return rows


def _held_up_by(rows: Any, why: str) -> Any:
    if why == "tasks":
        return rows.filter(open_tasks__gt=0)
    rows = rows.filter(open_tasks=0)
    if why == "extension":
        return rows.filter(asked_days__gt=0)
    return rows.filter(asked_days=0, claimed_by__isnull=why == "unclaimed")


# ---- load -----------------------------------------------------------------------------------------------

LOAD = """
SELECT claimed_by, unit_id, count(*),
       count(*) FILTER (WHERE paused_since IS NULL AND yellow_at <= %(now)s AND due_at > %(now)s),
       count(*) FILTER (WHERE paused_since IS NULL AND due_at <= %(now)s)
FROM matters_matter
WHERE claimed_by IS NOT NULL AND closed_at IS NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
GROUP BY claimed_by, unit_id
ORDER BY count(*) DESC, claimed_by
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on one officer's desk: how many, how many soon due, how many late. A count, not a mark."""

    officer_id: UUID
    unit_id: int
    open: int
    due_soon: int
    overdue: int


def load(within: Area, now: datetime) -> list[Load]:
    """Return what each officer of the area has claimed and not finished, the fullest desk first."""
    params = {**within.params, "now": now}
    return [
        Load(*row) for row in _figures.get(("load", within.path), queries.LIGHTS_KEPT_S, lambda: _rows(LOAD, params))
    ]


# ---- trend ----------------------------------------------------------------------------------------------

RECEIVED = """
SELECT date_trunc('week', submitted_at AT TIME ZONE 'Asia/Shanghai')::date, count(*)
FROM matters_matter
WHERE submitted_at >= %(since)s AND org_id = ANY(%(orgs)s) AND station_id = ANY(%(stations)s)
GROUP BY 1
"""
DECIDED = """
SELECT date_trunc('week', closed_at AT TIME ZONE 'Asia/Shanghai')::date, count(*),
       count(*) FILTER (WHERE closed_at <= due_at)
FROM matters_matter
WHERE closed_at >= %(since)s AND outcome <> ALL(%(undecided)s) AND org_id = ANY(%(orgs)s)
  AND unit_id = ANY(%(deciding)s)
  AND station_id = ANY(%(stations)s)
GROUP BY 1
"""
UNDECIDED = ("withdrawn", "lapsed")  # closed by the applicant or by the calendar: no credit of the police


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of one week, which begins on Monday `monday`."""

    monday: date
    received: int = 0
    decided: int = 0
    in_time: int = 0


def trend(within: Area, now: datetime, weeks: int = WEEKS) -> list[Week]:
    """Return received, decided and decided in time of the last `weeks` weeks, this one included, oldest first."""
    return list(_figures.get(("trend", (within.path, weeks)), KEPT_S, lambda: _trend(within, now, weeks)))


def _trend(within: Area, now: datetime, weeks: int) -> list[Week]:
    today = local_day(now)
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]
    params = {**within.params, "since": start_of(mondays[0]), "undecided": list(UNDECIDED)}
    received = dict(_rows(RECEIVED, params))
    decided = {row[0]: row[1:] for row in _rows(DECIDED, params)}
    return [Week(day, received.get(day, 0), *decided.get(day, (0, 0))) for day in mondays]


def start_of(day: date) -> datetime:
    """Return the first instant of `day` in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


# ---- what waits for an approver, and finding -------------------------------------------------------------


def extensions_asked(paths: Sequence[str], limit: int = queries.PAGE) -> list[Snapshot]:
    """Return the matters in which more time was asked for, of the stations at or below any of `paths`."""
    here = [u for u in queries.units().values() if u.level == "station" and u.path.startswith(tuple(paths))]
    rows = Matter.objects.filter(
        asked_days__gt=0,
        closed_at__isnull=True,
        org_id__in={u.org_id for u in here},
        station_id__in=[u.id for u in here],
    )
    return queries.snapshots(rows.order_by("due_at", "id")[:limit])


def search(
    text: str, by: Actor, now: datetime, *, reason: str = "", in_hand: Snapshot | None = None, limit: int = 20
) -> list[UUID]:
    """Return who has this full name or ID number, for a reason or because of the matter in the officer's hands.

    Nobody for a number that the form of that matter names and that is nobody's here: it may be asked about without
    another reason. Raises NotAllowed as `identity.actions.search` does.
    """
    if in_hand is not None and not reason and _names_nobody(in_hand, text):
        return []
    matter_id = in_hand.id if in_hand is not None else None
    return identity.search(by, text, reason=reason, matter_id=matter_id, limit=limit, now=now)


def _names_nobody(matter: Snapshot, text: str) -> bool:
    try:
        number = idnumber.parse(text).text
    except idnumber.WrongIdNumber:
        return False
    return people.person_by_id_number(number) is None and queries.names_number(matter, number)


def of_person(person_id: UUID, by: Actor, limit: int = queries.PAGE) -> list[Snapshot]:
    """Return the matters by or about a person that are the asker's business, newest first."""
    indexes = [blind_index("person", str(person_id)), *people.number_indexes(person_id)]
    accounts = list(Account.objects.filter(person_id=person_id).values_list("id", flat=True))
    return _found(Q(account_id__in=accounts), indexes, by, limit)


def of_id_number(id_number: str, by: Actor, limit: int = queries.PAGE) -> list[Snapshot]:
    """Return the matters about this ID number that are the asker's business, newest first."""
    return _found(Q(pk__in=[]), [blind_index("id_number", id_number)], by, limit)


def _found(by_them: Q, indexes: Sequence[bytes], by: Actor, limit: int) -> list[Snapshot]:
    rows = {}
    for wanted in (by_them, Q(subject_index__in=indexes)):  # two index scans, not one that can use neither
        found = queries.snapshots(Matter.objects.filter(wanted).order_by("-submitted_at")[:limit])
        rows.update({matter.id: matter for matter in found})
    seen = [matter for matter in rows.values() if queries.may_see(matter, by)]
    return sorted(seen, key=lambda m: m.submitted_at, reverse=True)[:limit]
