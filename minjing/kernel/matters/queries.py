"""Reading matters and procedures; every read of a matter checks the asker's right on that very matter."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now
from pypinyin import Style, lazy_pinyin

from minjing.base.clock import CHINA, local_day
from minjing.base.workdays import WorkCalendar, build
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.identity.rules import ADMINISTRATORS, LOOK
from minjing.kernel.identity.sealing import blind_index, unseal
from minjing.kernel.matters import forms, plugs, rules
from minjing.kernel.matters.errors import MatterError, NotAllowed, Unknown
from minjing.kernel.matters.models import (
    Calendar,
    Draft,
    Material,
    Matter,
    MatterEvent,
    Procedure,
    Rating,
    Task,
)
from minjing.kernel.matters.rules import COLUMNS, Happening, Place, Snapshot
from minjing.kernel.matters.schema import ActionSpec, Basis, Body, Text

ANSWERS_CONTEXT = "matters_matter.answers"
NOTE_CONTEXT = "matters_matterevent.note"
DRAFT_CONTEXT = "matters_draft.answers"
STASH_CONTEXT = "matters_draft.stash"
PAGE = 50
T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is read again after `seconds`: for what changes by the day and is asked by the request."""

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read, self._seconds, self._until = read, seconds, 0.0
        self._value: T | None = None

    def get(self) -> T:
        """Return the value, at most `seconds` old."""
        if self._value is None or time.monotonic() > self._until:
            self._value, self._until = self._read(), time.monotonic() + self._seconds
        return self._value

    def forget(self) -> None:
        """Read again at the next call."""
        self._value = None


# ---- units, calendar, procedures ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What the engine needs to know of a unit."""

    id: int
    code: str
    org_id: int
    level: str
    parent_id: int | None
    path: str
    name: Text


def _read_units() -> dict[int, UnitFacts]:
    return {
        u.id: UnitFacts(u.id, u.code, u.org_id, u.level, u.parent_id, u.path, Text(**u.name))
        for u in Unit.objects.order_by("path")
    }


def _read_calendar() -> WorkCalendar:
    newest = Calendar.objects.order_by("-revision").first()
    if newest is None:
        raise MatterError("no_calendar", "还没有发布工作日历。", "No working-day calendar has been published.")
    days = [[date.fromisoformat(day) for day in listed] for listed in (newest.days_off, newest.made_up)]
    last = date(newest.known_until.year + 10, 12, 31)
    return build(date(2004, 1, 1), newest.known_until, days[0], days[1], last)


_units = Kept(_read_units, 60)
_calendar = Kept(_read_calendar, 60)


def units() -> dict[int, UnitFacts]:
    """Return every unit by id."""
    return _units.get()


def calendar() -> WorkCalendar:
    """Return the newest working-day calendar."""
    return _calendar.get()


def stations() -> list[UnitFacts]:
    """Return the police stations, in the order of the tree."""
    return [unit for unit in units().values() if unit.level == "station"]


def station(code: str) -> UnitFacts | None:
    """Return the station with this code."""
    return next((unit for unit in units().values() if unit.code == code and unit.level == "station"), None)


def place_of(station_id: int) -> Place:
    """Return the station with the branch and the bureau above it."""
    known = units()
    station = known[station_id]
    above = [known[int(part)] for part in station.path.rstrip(".").split(".")]
    by_level = {unit.level: unit.id for unit in above}
    return Place(station_id, by_level.get("branch", station_id), above[0].id, station.path)


def calendars() -> list[Calendar]:
    """Return every revision of the working-day calendar, newest first."""
    return list(Calendar.objects.order_by("-revision"))


@lru_cache(maxsize=2048)
def _body(procedure_id: UUID) -> Body:
    # Published rows never change, so a body may be kept for good.
    return Body.model_validate(Procedure.objects.values_list("body", flat=True).get(id=procedure_id))


def body_of(matter: Snapshot | Draft) -> Body:
    """Return the procedure that a matter or a draft is pinned to."""
    return _body(matter.procedure_id)


def body(procedure_id: UUID) -> Body:
    """Return a published procedure."""
    return _body(procedure_id)


def _read_current() -> dict[str, UUID]:
    rows = Procedure.objects.filter(valid_to__isnull=True).order_by("code")
    return dict(rows.values_list("code", "id"))


_current = Kept(_read_current, 10)


def current() -> list[Body]:
    """Return the procedures in force, by code."""
    return [_body(procedure_id) for procedure_id in _current.get().values()]


MOST_WANTED_OVER = timedelta(days=90)


def _read_most_wanted() -> list[str]:
    rows = (
        Matter.objects.filter(submitted_at__gte=Now() - MOST_WANTED_OVER)
        .values_list("code")
        .annotate(n=Count("id"))
        .order_by("-n")
    )
    return [code for code, _ in rows[:20]]


_wanted = Kept(_read_most_wanted, 600)


def most_wanted(limit: int = 6) -> list[Body]:
    """Return the services that most people applied for lately; where few did, those of the first batch follow."""
    by_code = {body.service.code: body for body in current() if body.service.form}
    first = [code for code, body in by_code.items() if body.service.first_batch]
    codes = dict.fromkeys([code for code in _wanted.get() if code in by_code] + first + list(by_code))
    return [by_code[code] for code in list(codes)[:limit]]


def service(code: str) -> tuple[UUID, Body]:
    """Return the id and body of the procedure in force for `code`; raise Unknown."""
    procedure_id = _current.get().get(code)
    if procedure_id is None:
        raise Unknown
    return procedure_id, _body(procedure_id)


def forget_kept() -> None:
    """Read units, calendar and the list of procedures anew: after they were changed in this process."""
    for kept in (_units, _calendar, _current, _wanted):
        kept.forget()
    _search_keys.cache_clear()


@lru_cache(maxsize=4096)
def _search_keys(text: str) -> tuple[str, str]:
    """Return the pinyin of `text` written together, and its initials."""
    return (
        "".join(lazy_pinyin(text, errors="ignore")),
        "".join(lazy_pinyin(text, style=Style.FIRST_LETTER, errors="ignore")),
    )


def find(text: str) -> list[Body]:
    """Return the services that `text` may mean: Chinese, pinyin, initials, English or a code; best first."""
    wanted = text.strip().lower().replace(" ", "")
    if not wanted:
        return []
    scored = [(_score(body, wanted, text.lower().split()), body) for body in current()]
    return [body for score, body in sorted(scored, key=lambda s: (-s[0], s[1].service.code)) if score]


def _score(body: Body, wanted: str, words: Sequence[str]) -> int:
    service = body.service
    best = 100 if service.code.lower() == wanted else 0
    for weight, name in [(20, service.title.zh), *((14, alias) for alias in service.aliases)]:
        pinyin, initials = _search_keys(name)
        for key in (name.lower(), pinyin, initials):
            if key.startswith(wanted):
                best = max(best, weight + 10)
            elif wanted in key:
                best = max(best, weight)
    english = f"{service.title.en} {service.guide.summary.en}".lower()
    if words and all(word in english for word in words):
        best = max(best, 18 if all(word in service.title.en.lower() for word in words) else 6)
    if wanted in service.guide.summary.zh or wanted in service.group.zh:
        best = max(best, 5)
    return best


# ---- one matter -----------------------------------------------------------------------------------------


def snapshot(row: Matter) -> Snapshot:
    """Return a row of the table as plain data."""
    return Snapshot(**{name: getattr(row, name) for name in COLUMNS})


NUMBER = re.compile(r"[A-Z]{2}[0-9]{4,14}")


def org_of_number(number: str) -> int | None:
    """Return the district that a matter's number names: HZ04260000123 is of district 4."""
    return int(number[2:4]) if NUMBER.fullmatch(number) else None


def matter(ref: UUID | str, by: Actor, now: datetime) -> Snapshot:
    """Return the matter with this id or number, if it is the asker's business; raise Unknown otherwise."""
    row = Matter.objects.defer("answers_sealed").filter(_ref(ref)).first()
    if row is None:
        raise Unknown
    found = snapshot(row)
    if not may_see(found, by):
        raise Unknown
    return found


def _ref(ref: UUID | str) -> Q:
    if isinstance(ref, UUID):
        return Q(id=ref)
    text = ref.strip().upper()
    try:
        return Q(id=UUID(text))
    except ValueError:
        org_id = org_of_number(text)
        return Q(pk__in=[]) if org_id is None else Q(org_id=org_id, number=text)


def may_see(matter: Snapshot, by: Actor) -> bool:
    """Say whether a matter is this person's business: the applicant's, or of a unit they serve in."""
    if by.kind == "system" or by.account_id == matter.account_id:
        return True
    if by.kind == "resident":
        return by.person_id is not None and by.person_id == matter.person_id
    return any(h.post not in ADMINISTRATORS for h in _holdings_here(matter, by))


def _holdings_here(matter: Snapshot, by: Actor) -> list[Holding]:
    """Return the posts by which a matter is the officer's: of its units, and for a deputy of the services lent."""
    path = units()[matter.station_id].path
    return [h for h in by.holdings if path.startswith(h.unit_path) and (not h.scope or matter.code in h.scope)]


def events(matter: Snapshot) -> list[Happening]:
    """Return the history of a matter that has been read by right, oldest first."""
    rows = MatterEvent.objects.filter(matter_id=matter.id).order_by("seq")
    return [
        Happening(
            e.seq, e.at, e.action, e.from_state, e.to_state, e.actor_kind, e.actor_id, e.post, e.unit_id,
            e.detail, e.entry_id,
        )
        for e in rows
    ]  # fmt: skip


def event_of(matter_id: UUID, seq: int) -> MatterEvent | None:
    """Return one event of a matter, for the engine itself."""
    return MatterEvent.objects.filter(matter_id=matter_id, seq=seq).first()


def line(matter: Snapshot) -> list[rules.Station]:
    """Return the line of stations of a matter."""
    return rules.stations(body_of(matter), matter, events(matter))


@dataclass(frozen=True, slots=True)
class Step:
    """Something the flow offers in this state, and whether the asker may do it."""

    action: str
    title: Text
    strong: bool
    needs: tuple[str, ...]
    allowed: bool
    why_not: Text | None
    to: Text | None
    basis: tuple[Basis, ...] = ()
    runs_effect: bool = False


def steps(matter: Snapshot, by: Actor, now: datetime) -> list[Step]:
    """Return the lawful next steps, the strong one first; those the asker may not do say why."""
    body = body_of(matter)
    offered = []
    for action, spec in body.flow.states[matter.state].actions.items():
        if spec.by == "system" or (spec.by == "applicant") != (by.account_id == matter.account_id):
            continue
        why_not = _why_not(body, matter, action, spec, by)
        target = body.flow.states.get(spec.to)
        offered.append(
            Step(
                action,
                spec.title,
                spec.strong,
                tuple(spec.needs),
                why_not is None,
                why_not,
                target.title if target else None,
                tuple(body.service.basis),
                spec.effect,
            )
        )
    return sorted(offered, key=lambda s: (not s.allowed, not s.strong))


def _why_not(body: Body, matter: Snapshot, action: str, spec: ActionSpec, by: Actor) -> Text | None:
    try:
        rules.permit(body, matter, action, spec, by, place_of(matter.station_id))
    except NotAllowed as refused:
        return refused.text
    return None


def answers(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[str, Any]:
    """Return the form of a matter. An officer's look is written down before the form is opened."""
    record_look(matter, by, "matters.form", now, reason)
    return opened(matter)


def opened(matter: Snapshot) -> dict[str, Any]:
    """Return the form of a matter, for the engine itself: who shows it must have recorded the look."""
    blob = Matter.objects.values_list("answers_sealed", flat=True).get(id=matter.id)
    return dict(json.loads(unseal(matter.person_id, ANSWERS_CONTEXT, bytes(blob))))


# Steps whose words are addressed to the applicant; what officers write to each other stays among them.
ADDRESSED = frozenset({"ask_supplement", "refuse", "refuse_to_accept"})


def notes(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[int, dict[str, Any]]:
    """Return what officers wrote, by event; the applicant reads what was addressed to them."""
    record_look(matter, by, "matters.notes", now, reason)
    rows = MatterEvent.objects.filter(matter_id=matter.id, note_sealed__isnull=False)
    if by.kind == "resident":
        rows = rows.filter(action__in=ADDRESSED)
    return {
        seq: json.loads(unseal(matter.person_id, NOTE_CONTEXT, bytes(blob)))
        for seq, blob in rows.values_list("seq", "note_sealed")
        if blob is not None
    }


def record_look(matter: Snapshot, by: Actor, what: str, now: datetime, reason: str = "") -> None:
    """Write down that `by` looks at something of this matter's applicant, unless it is their own.

    Raises NotAllowed for those whose posts do not read records: supervisors see clocks and figures.
    """
    if by.kind == "system" or by.account_id == matter.account_id or by.person_id == matter.person_id:
        return
    if not reads(matter, by):
        raise NotAllowed(
            "no_look",
            "您的岗位不能查看个人信息。",
            "None of your posts reads personal records.",
            needs=LOOK,
        )
    from minjing.kernel.identity import actions as identity

    identity.record_look(
        by,
        [matter.person_id],
        [what],
        reason=reason,
        matter_id=matter.id,
        unit_path=units()[matter.station_id].path,
        now=now,
    )


def reads(matter: Snapshot, by: Actor) -> bool:
    """Say whether one of the officer's posts lets them read records of this matter."""
    return any(LOOK in h.acts and h.post not in ADMINISTRATORS for h in _holdings_here(matter, by))


# Steps for which no claim is asked: who may take one must see the file in full to take it.
FULL_VIEW_STEPS = frozenset({"approve_correction", "refuse_correction", "approve_reopening", "refuse_reopening"})


def in_hand(matter: Snapshot, by: Actor, offered: Sequence[Step]) -> bool:
    """Say whether the file is in this officer's hands: claimed by them, or theirs to approve without a claim."""
    if matter.claimed_by == by.account_id:
        return True
    return any(step.allowed and step.action in FULL_VIEW_STEPS for step in offered)


def opens_in_full(matter: Snapshot, by: Actor, now: datetime) -> bool:
    """Say whether the asker may read the file unmasked without a reason: their own, or in their hands."""
    if by.account_id == matter.account_id or by.kind != "officer":
        return True
    return reads(matter, by) and in_hand(matter, by, steps(matter, by, now))


def materials(matter: Snapshot | Draft) -> list[Material]:
    """Return the papers of a matter or draft, in the order they came."""
    mine = Q(draft_id=matter.id) if isinstance(matter, Draft) else Q(matter_id=matter.id)
    return list(Material.objects.filter(mine).order_by("name", "added_at", "id"))


def tasks(matter: Snapshot) -> list[Task]:
    """Return the child tasks of a matter."""
    return list(Task.objects.filter(matter_id=matter.id).order_by("opened_at", "id"))


def duplicates(matter: Snapshot) -> list[Snapshot]:
    """Return other open matters about the same person for the same service."""
    index = Matter.objects.filter(id=matter.id).values("subject_index")[:1]
    rows = Matter.objects.filter(subject_index__in=index, code=matter.code, closed_at__isnull=True)
    return [snapshot(row) for row in rows.defer("answers_sealed").exclude(id=matter.id)]


def open_of_same(subject_index: bytes, code: str) -> list[Snapshot]:
    """Return the open matters about this person for this service: shown before another is submitted."""
    rows = Matter.objects.filter(subject_index=subject_index, code=code, closed_at__isnull=True)
    return [snapshot(row) for row in rows.defer("answers_sealed")]


def open_of_same_subject(body: Body, answers: Mapping[str, Any], by: Actor) -> list[Snapshot]:
    """Return the open matters for the service of `body` about the person that these answers are about."""
    about = str(answers.get(body.service.about) or "") if body.service.about else ""
    index = blind_index("id_number", about) if about else blind_index("person", str(by.person_id))
    return open_of_same(index, body.service.code)


def rating(matter: Snapshot) -> Rating | None:
    """Return what the applicant thought of it."""
    return Rating.objects.filter(matter_id=matter.id).first()


def refold(matter: Snapshot) -> dict[str, tuple[Any, Any]]:
    """Return where the stored state and the refolded history disagree: column → (stored, folded)."""
    folded = rules.fold(events(matter))
    stored = {**rules.moving_of(matter), "ver": matter.ver}
    return {
        name: (stored[name], folded.get(name))
        for name in stored
        if _same_instant(stored[name]) != _same_instant(folded.get(name))
    }


def _same_instant(value: Any) -> Any:
    """Return ISO instants in one zone, so that the same moment compares equal."""
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and "T" in value:
        return datetime.fromisoformat(value).timestamp()
    return value


# ---- lists ----------------------------------------------------------------------------------------------


def mine(by: Actor, *, limit: int = PAGE, before: datetime | None = None) -> list[Snapshot]:
    """Return the matters of a resident, newest first."""
    rows = Matter.objects.filter(account_id=by.account_id).defer("answers_sealed")
    if before is not None:
        rows = rows.filter(submitted_at__lt=before)
    return [snapshot(row) for row in rows.order_by("-submitted_at")[:limit]]


def drafts(by: Actor, now: datetime) -> list[Draft]:
    """Return the applications a resident is still filling in, last touched first."""
    rows = Draft.objects.filter(account_id=by.account_id, matter_id__isnull=True, expires_at__gt=now)
    return list(rows.order_by("-saved_at")[:PAGE])


QUEUES = ("to_claim", "claimed", "due_soon", "overdue", "waiting", "deciding", "review", "done")
APPROVERS = ("station_approver", "branch_approver", "bureau_approver")
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
    wish = wish or default
    rows = _wished(_queue(by, name, now), wish, now).defer("answers_sealed")
    column = SORTS.get(wish.sort, "due_at")
    if after:
        beyond, back = ("lt", "lt") if wish.newest_first else ("gt", "gt")
        rows = rows.filter(Q(**{f"{column}__{beyond}": after[0]}) | Q(**{column: after[0], f"id__{back}": after[1]}))
    order = (f"-{column}", "-id") if wish.newest_first else (column, "id")
    return [snapshot(row) for row in rows.order_by(*order)[:limit]]


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
    """What was received at or below the units the officer serves in, wherever it lies now."""
    wanted = Q(pk__in=[])
    for h in by.holdings:
        if h.post in ADMINISTRATORS:
            continue
        below = [u.id for u in units().values() if u.path.startswith(h.unit_path) and u.level == "station"]
        scope = {"code__in": list(h.scope)} if h.scope else {}
        wanted |= Q(org_id__in=_orgs(h.org_id), station_id__in=below, **scope)
    return wanted


def counts(by: Actor, now: datetime) -> dict[str, int]:
    """Return how many matters lie in each of an officer's queues, counted up to 999, by one statement."""
    wanted = {name: _queue(by, name, now) for name in QUEUES if name != "done"} | {"tasks": open_tasks(by)}
    counted, parts, values = dict.fromkeys(wanted, 0), {}, []
    for name, rows in wanted.items():
        try:
            sql, params = rows.order_by().values("id")[:999].query.sql_with_params()
        except EmptyResultSet:  # no post that has such a queue
            continue
        parts[name] = f"(SELECT count(*) FROM ({sql}) AS q)"  # noqa: S608 - compiled by the ORM
        values += params
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts.values())}", values)
            counted |= dict(zip(parts, cursor.fetchone() or (), strict=True))
    return counted


def open_tasks(by: Actor) -> Any:
    """Return the child tasks that wait for the officer, most urgent first."""
    wanted = Q(pk__in=[])
    for h in by.holdings:
        wanted |= Q(org_id__in=_orgs(h.org_id), unit_id=h.unit_id, post=h.post)
    running = Matter.objects.filter(id=OuterRef("matter_id"), closed_at__isnull=True)
    return Task.objects.filter(wanted, Exists(running), done_at__isnull=True).order_by("due_at", "id")


@dataclass(frozen=True, slots=True)
class Lights:
    """How many open matters of a unit and step stand at each light."""

    unit_id: int
    state: str
    green: int
    yellow: int
    red: int
    paused: int
    unclaimed: int


LIGHTS = """
SELECT unit_id, state,
       count(*) FILTER (WHERE paused_since IS NULL AND yellow_at > %(now)s),
       count(*) FILTER (WHERE paused_since IS NULL AND yellow_at <= %(now)s AND due_at > %(now)s),
       count(*) FILTER (WHERE paused_since IS NULL AND due_at <= %(now)s),
       count(*) FILTER (WHERE paused_since IS NOT NULL),
       count(*) FILTER (WHERE paused_since IS NULL AND claimed_by IS NULL)
FROM matters_matter
WHERE closed_at IS NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
GROUP BY unit_id, state
"""
LIGHTS_KEPT_S = 3.0  # a supervisor's page may be this old; it spares a count of every open matter a request
_lights: dict[tuple[int, ...], tuple[float, list[Lights]]] = {}


def lights(unit_path: str, now: datetime) -> list[Lights]:
    """Return the lights of every unit at or below `unit_path`; the caller has checked the right to supervise it."""
    below = [u for u in units().values() if u.path.startswith(unit_path)]
    key = tuple(u.id for u in below)
    kept = _lights.get(key)
    if kept and time.monotonic() - kept[0] < LIGHTS_KEPT_S:
        return kept[1]
    with connection.cursor() as cursor:
        cursor.execute(LIGHTS, {"now": now, "orgs": sorted({u.org_id for u in below}), "units": list(key)})
        counted = [Lights(*row) for row in cursor.fetchall()]
    _lights[key] = (time.monotonic(), counted)
    return counted


def supervised_lights(by: Actor, now: datetime) -> list[Lights]:
    """Return the lights of every unit that the asker supervises; raise NotAllowed if there is none."""
    paths = [h.unit_path for h in by.holdings if "supervise" in h.acts]
    if not paths:
        raise NotAllowed("no_right", "需要效能督察岗位。", "This needs a post that supervises.", needs="supervise")
    return [row for path in _tops(paths) for row in lights(path, now)]


def _tops(paths: Sequence[str]) -> list[str]:
    """Return the paths that lie below none of the others, so that no unit is counted twice."""
    return [p for p in sorted(set(paths)) if not any(p != q and p.startswith(q) for q in paths)]


def officers(ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return the officers' public names and numbers by account."""
    return {a.id: a for a in Account.objects.filter(id__in=set(ids), kind=Account.OFFICER)}


# ---- drafts ---------------------------------------------------------------------------------------------


def draft(draft_id: UUID, by: Actor, now: datetime) -> Draft:
    """Return a resident's own draft; raise Unknown for anybody else's or an expired one."""
    row = Draft.objects.filter(id=draft_id, account_id=by.account_id).first()
    if row is None or (row.expires_at <= now and row.matter_id is None):
        raise Unknown
    return row


def draft_answers(draft: Draft) -> dict[str, Any]:
    """Return what has been filled in so far."""
    if draft.answers_sealed is None:
        return {}
    owner = draft.person_id or draft.account_id
    return dict(json.loads(unseal(owner, DRAFT_CONTEXT, bytes(draft.answers_sealed))))


def stashed(draft: Draft, page: str) -> dict[str, Any] | None:
    """Return what was typed on `page` when the session had ended, for its owner to save."""
    if draft.stash_sealed is None:
        return None
    kept = json.loads(unseal(draft.person_id or draft.account_id, STASH_CONTEXT, bytes(draft.stash_sealed)))
    return dict(kept["data"]) if kept["page"] == page else None


def prefills(body: Body, person_id: UUID, now: datetime) -> dict[str, Any]:
    """Return what is known already for the fields that name a source."""
    known: dict[str, Any] = {}
    for field in body.service.fields.values():
        plug, _, path = field.prefill.partition(".")
        if plug in plugs.PREFILLS:
            value = plugs.PREFILLS[plug](person_id, path, now)
            if value not in (None, ""):
                known[field.name] = value
    return known


def account_prefill(person_id: UUID, path: str, now: datetime) -> str | None:
    """Answer `account.phone` for the applicant: the number of their own account, None when not known."""
    return people.own_phone(person_id) or None if path == "phone" else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A material that a form calls for: what there is of it."""

    spec: Any
    held_ref: str
    files: tuple[Material, ...]

    @property
    def is_there(self) -> bool:
        """Say whether nothing more is needed for this material."""
        return bool(self.held_ref or self.files) or not self.spec.required


def wanted_materials(
    body: Body, given: dict[str, Any], person_id: UUID, attached: Sequence[Material], now: datetime
) -> list[Wanted]:
    """Return each material these answers call for, with what is held already and what was uploaded."""
    wanted = []
    for spec in forms.needed_materials(body, given, local_day(now)):
        ask = plugs.HELD.get(spec.held_by)
        held = ask(person_id, spec.name, given, now) if ask else ""
        files = tuple(m for m in attached if m.name == spec.name and m.file_id)
        wanted.append(Wanted(spec, held, files))
    return wanted


# ---- versions -------------------------------------------------------------------------------------------


def versions(code: str = "") -> list[Procedure]:
    """Return the published versions, of one service or of all, newest first, without their bodies."""
    rows = Procedure.objects.filter(code=code) if code else Procedure.objects.all()
    return list(rows.defer("body").order_by("code", "-version"))


# ---- what lower parts ask -------------------------------------------------------------------------------


def numbers(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the numbers of matters, for the page "who looked at my data"."""
    return dict(Matter.objects.filter(id__in=set(ids)).values_list("id", "number"))


def may_open_file(file_id: UUID, by: Actor, now: datetime) -> bool:
    """Say whether the asker may see a file: their own draft's, or of a matter that is their business.

    Officers open papers of matters in their hands only; their look is written down before the answer is yes.
    """
    for material in Material.objects.filter(file_id=file_id):
        if material.matter_id is not None:
            try:
                found = matter(material.matter_id, by, now)
            except Unknown:
                continue
            if not opens_in_full(found, by, now):
                continue
            record_look(found, by, "matters.material", now)
            return True
        if material.draft_id and Draft.objects.filter(pk=material.draft_id, account_id=by.account_id).exists():
            return True
    return False


def running_on(code: str) -> dict[UUID, int]:
    """Return how many open matters are pinned to each version of a service."""
    rows = Matter.objects.filter(procedure__code=code, closed_at__isnull=True)
    return dict(rows.values_list("procedure_id").annotate(Count("id")).order_by())


def provisional_count() -> int:
    """Return how many due dates rest on a calendar that is not announced yet, counted up to 9999."""
    return Matter.objects.filter(due_provisional=True, closed_at__isnull=True)[:9999].count()


def is_retired(procedure_id: UUID) -> bool:
    """Say whether a newer version is in force than the one a draft was begun under."""
    return procedure_id not in _current.get().values()


def line_ahead(body: Body) -> list[rules.Station]:
    """Return the line of stations of a matter that is not submitted yet."""
    return rules.stations(body, None)
