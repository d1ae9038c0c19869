"""Lists of matters: a resident's own, an officer's queues, and how many lie in each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.rules import SUPERVISE
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import (
    Draft,
    Matter,
    Task,
)
from minjing.kernel.matters.queries.catalogue import codes_of_post, units, units_version
from minjing.kernel.matters.queries.one import has_conflict, snapshots
from minjing.kernel.matters.rules import Snapshot

PAGE = 50
# They stand for an officer and an hour in a statement that is kept.
SOMEBODY, SOME_DAY = UUID(int=0), datetime(1, 1, 1, tzinfo=UTC)


def mine(by: Actor, *, limit: int = PAGE, before: datetime | None = None) -> list[Snapshot]:
    """Return the matters of a resident, newest first."""
    rows = Matter.objects.filter(_own(by))
    if before is not None:
        rows = rows.filter(submitted_at__lt=before)
    return snapshots(rows.order_by("-submitted_at")[:limit])


def _own(by: Actor) -> Q:
    """What one applied for: by one's own door, through an officer at a counter, or by who acts for one."""
    if by.person_id is None:
        return Q(account_id=by.account_id)
    # Asked first: as a part of the condition it would have PostgreSQL read every matter of the city.
    doors = list(Account.objects.filter(person_id=by.person_id, kind=Account.RESIDENT).values_list("id", flat=True))
    return Q(account_id__in=doors) | Q(person_id=by.person_id, mandate_id__isnull=False)


def drafts(by: Actor, now: datetime) -> list[Draft]:
    """Return the applications a resident is still filling in, last touched first."""
    rows = Draft.objects.filter(account_id=by.account_id, matter_id__isnull=True, expires_at__gt=now)
    return list(rows.order_by("-saved_at")[:PAGE])


QUEUES = ("to_claim", "claimed", "due_soon", "overdue", "waiting", "deciding", "review", "taken_in", "done")
APPROVERS = ("station_approver", "branch_approver", "bureau_approver")
COUNTED = (*(name for name in QUEUES if name != "done"), "tasks")
SORTS = {"due": "due_at", "received": "submitted_at", "step": "step_since", "closed": "closed_at"}


@dataclass(frozen=True, slots=True)
class Wish:
    """How an officer wants a queue: narrowed, and in which order. Empty values do not narrow."""

    code: str = ""
    light: str = ""
    since: date | None = None  # received from this day on
    until: date | None = None  # … up to and including this one
    sort: str = "due"
    newest_first: bool = False


def queue(
    by: Actor,
    name: str,
    now: datetime,
    *,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
    code: str = "",
    wish: Wish | None = None,
) -> list[Snapshot]:
    """Return one of an officer's queues, most urgent first unless wished otherwise.

    `after` is the (value of the sorted column, id) of the last row seen.
    """
    default = Wish(code, sort="closed", newest_first=True) if name == "done" else Wish(code)
    found = _read(by, name, now, wish or default, after, limit)
    return [matter for matter in found if not has_conflict(matter, by)]


def queue_page(
    by: Actor, name: str, now: datetime, wish: Wish, *, after: tuple[datetime, UUID] | None = None, limit: int = PAGE
) -> tuple[list[Snapshot], Snapshot | None]:
    """Return a page of one of an officer's queues, and the last matter on it where more follow.

    What a conflict of interests keeps out shortens no page: it is read on until the page is full or the queue ends.
    """
    shown: list[Snapshot] = []
    while len(shown) <= limit:
        found = _read(by, name, now, wish, after, limit + 1)
        shown += [matter for matter in found if not has_conflict(matter, by)]
        if len(found) <= limit:
            break
        after = getattr(found[-1], SORTS[wish.sort]), found[-1].id
    page = shown[:limit]
    return page, page[-1] if len(shown) > limit else None


def _read(
    by: Actor, name: str, now: datetime, wish: Wish, after: tuple[datetime, UUID] | None, limit: int
) -> list[Snapshot]:
    rows = _wished(_queue(by, name, now), wish, now)
    column = SORTS.get(wish.sort, "due_at")
    if after:
        beyond, back = ("lt", "lt") if wish.newest_first else ("gt", "gt")
        rows = rows.filter(Q(**{f"{column}__{beyond}": after[0]}) | Q(**{column: after[0], f"id__{back}": after[1]}))
    order = (f"-{column}", "-id") if wish.newest_first else (column, "id")
    return snapshots(rows.order_by(*order)[:limit])


def _wished(rows: Any, wish: Wish, now: datetime) -> Any:
    if wish.code:
        rows = rows.filter(code=wish.code)
    if wish.since:
        rows = rows.filter(submitted_at__gte=_start_of(wish.since))
    if wish.until:
        rows = rows.filter(submitted_at__lt=_start_of(wish.until + timedelta(days=1)))
    if wish.light == "paused":
        return rows.filter(paused_since__isnull=False)
    if wish.light == "green":
        return rows.filter(paused_since__isnull=True, yellow_at__gt=now)
    if wish.light == "yellow":
        return rows.filter(paused_since__isnull=True, yellow_at__lte=now, due_at__gt=now)
    if wish.light == "red":
        return rows.filter(paused_since__isnull=True, due_at__lte=now)
    return rows


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def _queue(by: Actor, name: str, now: datetime) -> Any:
    if name == "claimed":
        return Matter.objects.filter(claimed_by=by.account_id, closed_at__isnull=True)
    live = Matter.objects.filter(_mine_to_do(by), closed_at__isnull=True)
    if name == "to_claim":
        return live.filter(paused_since__isnull=True, claimed_by__isnull=True)
    if name == "due_soon":
        return live.filter(paused_since__isnull=True, yellow_at__lte=now, due_at__gt=now)
    if name == "overdue":
        return live.filter(paused_since__isnull=True, due_at__lte=now)
    if name == "deciding":
        # Where decisions on our matters lie, by the queue's own index: our units and those above them.
        near = {int(part) for h in by.holdings for part in h.unit_path.rstrip(".").split(".")}
        near |= {u.id for u in units().values() if any(u.path.startswith(h.unit_path) for h in by.holdings)}
        ours = Matter.objects.filter(_in_my_units(by), closed_at__isnull=True, paused_since__isnull=True)
        return ours.filter(unit_id__in=near, post__in=APPROVERS)
    if name == "review":
        return live.filter(state__in=("correcting", "reopening"))
    if name == "taken_in":  # at our counter, for another station (全城通)
        counters = {h.unit_id for h in by.holdings if h.level == "station"}
        handed = Matter.objects.filter(received_at_unit__in=counters, closed_at__isnull=True)
        return handed.exclude(station_id__in=counters)
    if name == "waiting":
        return Matter.objects.filter(_in_my_units(by), closed_at__isnull=True, paused_since__isnull=False)
    if name == "done":
        return Matter.objects.filter(_in_my_units(by), closed_at__gt=now - timedelta(days=30))
    raise Unknown


def _orgs(org_id: int) -> list[int]:
    """Return the districts below a unit's own; the bureau (0) has them all."""
    return sorted({u.org_id for u in units().values()}) if org_id == 0 else [org_id]


def _mine_to_do(by: Actor) -> Q:
    """What the officer's posts must act on, in the units where they hold them."""
    wanted = Q(pk__in=[])
    for h in by.holdings:
        scope = {"code__in": list(h.scope)} if h.scope else {}
        wanted |= Q(org_id__in=_orgs(h.org_id), unit_id=h.unit_id, post=h.post, **scope)
    return wanted


def _in_my_units(by: Actor) -> Q:
    """What was received at or below the units the officer serves in and is their posts' business."""
    wanted = Q(pk__in=[])
    for h in by.holdings:
        codes = _codes(h)
        if codes is not None and not codes:
            continue
        below = [u.id for u in units().values() if u.path.startswith(h.unit_path) and u.level == "station"]
        scope = {} if codes is None else {"code__in": sorted(codes)}
        wanted |= Q(org_id__in=_orgs(h.org_id), station_id__in=below, **scope)
    return wanted


def _codes(held: Holding) -> frozenset[str] | None:
    """Return the services whose matters a holding shows beside those it must act on; None for all of them."""
    codes = None if SUPERVISE in held.acts else codes_of_post(held.post)
    if not held.scope:
        return codes
    return frozenset(held.scope) if codes is None else codes & frozenset(held.scope)


def counts(by: Actor, now: datetime) -> dict[str, int]:
    """Return how many matters lie in each of an officer's queues, counted up to 999, by one statement."""
    held = tuple(replace(h, deputy_for=None) if h.deputy_for else h for h in by.holdings)
    names, statement, values = _counting(held, units_version(), tuple(_codes(h) for h in held))
    counted = dict.fromkeys(COUNTED, 0)
    if names:
        meant: dict[Any, Any] = {SOMEBODY: by.account_id, SOME_DAY: now}
        with connection.cursor() as cursor:
            cursor.execute(statement, [meant.get(value, value) for value in values])
            counted |= dict(zip(names, cursor.fetchone() or (), strict=True))
    return counted


@lru_cache(maxsize=1_024)  # by post and unit: putting it together takes the ORM longer than PostgreSQL to answer it
def _counting(
    holdings: tuple[Holding, ...], _units_version: int, _codes_now: tuple[frozenset[str] | None, ...]
) -> tuple[list[str], str, list[Any]]:
    """Return the queues there are for these posts, the statement that counts them, and its values.

    SOMEBODY stands among the values for the officer, SOME_DAY for now.
    """
    anybody = Actor(SOMEBODY, Account.OFFICER, holdings=holdings)
    parts, values = {}, []
    for name in COUNTED:
        rows = open_tasks(anybody) if name == "tasks" else _queue(anybody, name, SOME_DAY)
        try:
            sql, params = rows.order_by().values("id")[:999].query.sql_with_params()
        except EmptyResultSet:  # no post that has such a queue
            continue
        parts[name] = f"(SELECT count(*) FROM ({sql}) AS q)"  # noqa: S608 - compiled by the ORM
        values += params
    return list(parts), f"SELECT {', '.join(parts.values())}", values


def open_tasks(by: Actor) -> Any:
    """Return the child tasks that wait for the officer, most urgent first."""
    wanted = Q(pk__in=[])
    for h in by.holdings:
        wanted |= Q(org_id__in=_orgs(h.org_id), unit_id=h.unit_id, post=h.post)
    running = Matter.objects.filter(id=OuterRef("matter_id"), closed_at__isnull=True)
    return Task.objects.filter(wanted, Exists(running), done_at__isnull=True).order_by("due_at", "id")


def officers(ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return the officers' public names and numbers by account."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {a.id: a for a in Account.objects.filter(id__in=wanted, kind=Account.OFFICER)}


def provisional_count() -> int:
    """Return how many due dates rest on a calendar that is not announced yet, counted up to 9999."""
    return Matter.objects.filter(due_provisional=True, closed_at__isnull=True)[:9999].count()
