"""The engine's decisions, pure: a matter, an action and an instant in; a change or a refusal out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal
from uuid import UUID

from minjing.base.clock import local_day
from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import WORDS, Verdict, may
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.schema import ActionSpec, Body, State, Text

# A light turns yellow when three quarters of the working time are used up.
YELLOW_SHARE = 0.75
# 行政许可法 art. 42: an extension is at most ten working days.
MAX_EXTENSION_DAYS = 10
NOTE_MAX = 2_000  # characters

# The state in which a matter waits for its fee before anybody works on it; the pause's reason and the task's kind
# where it is paid beside the review.
PAYING, PAYMENT = "paying", "payment"
# Acts that are no work on a matter: what an applicant or the system does before an officer has touched it.
BEFORE_WORK = frozenset({"submit", "settle", "withdraw", "lapse", "book", "arrive"})

# Keys of `acts` beside the actions: a parallel check, and for whom a deputy acted.
TASK, FOR = "task_", ":for"

Light = Literal["green", "yellow", "red", "paused", "done"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a matter is handled: the station that received it and the units above."""

    station_id: int
    branch_id: int
    bureau_id: int
    path: str  # of the station; a unit above has a prefix of it

    def unit_at(self, level: str) -> int:
        """Return the unit of this place at `level`."""
        return {"station": self.station_id, "branch": self.branch_id, "bureau": self.bureau_id}[level]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A matter as it stands: every column but the sealed form."""

    id: UUID
    org_id: int
    number: str
    procedure_id: UUID
    code: str
    unit_id: int
    station_id: int
    state: str
    post: str
    ver: int
    person_id: UUID
    account_id: UUID
    submitted_at: datetime
    due_at: datetime
    yellow_at: datetime
    step_since: datetime
    due_provisional: bool = False
    paused_since: datetime | None = None
    pause_reason: str = ""
    lapses_at: datetime | None = None
    claimed_by: UUID | None = None
    claimed_at: datetime | None = None
    acts: Mapping[str, str] = field(default_factory=dict)
    open_tasks: int = 0
    extension_days: int = 0
    asked: Sequence[str] = ()
    asked_days: int = 0
    back_to: str = ""
    outcome: str = ""
    closed_at: datetime | None = None
    received_at_unit: int | None = None  # whose counter took it in, where somebody came; it may be another's matter
    mandate_id: UUID | None = None  # by which the account acts for the person

    @property
    def is_received_elsewhere(self) -> bool:
        """Say whether another station than the responsible one took it in (全城通)."""
        return self.received_at_unit is not None and self.received_at_unit != self.station_id

    def is_applicant(self, by: Actor) -> bool:
        """Say whether `by` takes the applicant's steps: who applied, and whom it was applied for by mandate."""
        if by.account_id == self.account_id:
            return True
        return self.mandate_id is not None and by.person_id is not None and by.person_id == self.person_id

    def but(self, **changes: Any) -> Snapshot:
        """Return the same matter with `changes`: dataclasses.replace, in a third of its time, within every step."""
        return Snapshot(**(dict(zip(COLUMNS, _values(self), strict=True)) | changes))


# What a transition may change: stored in the row; what did change is repeated in the event, so that history refolds.
MOVING = (
    "unit_id", "state", "post", "due_at", "due_provisional", "yellow_at", "step_since", "paused_since",
    "pause_reason", "lapses_at", "claimed_by", "claimed_at", "acts", "open_tasks", "extension_days",
    "asked", "asked_days", "back_to", "outcome", "closed_at", "procedure_id",
)  # fmt: skip
COLUMNS = tuple(f.name for f in fields(Snapshot))
_values, _moving = attrgetter(*COLUMNS), attrgetter(*MOVING)


@dataclass(frozen=True, slots=True)
class Ask:
    """What comes with an action: words, a reason of the law's list, materials, days."""

    note: str = ""
    reason: str = ""
    materials: tuple[str, ...] = ()
    days: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What an action does: the matter after it, and what follows from it."""

    action: str
    before: Snapshot
    after: Snapshot
    post: str = ""  # the post that the actor acted in
    acting_unit: int | None = None
    ask: Ask = Ask()
    tells: str = ""
    tasks: tuple[str, ...] = ()
    runs_effect: bool = False
    reverses: bool = False
    does: str = ""  # the module's act beside this step

    @property
    def moves(self) -> dict[str, Any]:
        """Return the values that change, as they are after it."""
        told = zip(MOVING, _moving(self.after), _moving(self.before), strict=True)
        return {name: value for name, value, was in told if value != was}

    def detail(self, moves: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the event keeps: nothing personal, and `moves`, the values that changed."""
        detail: dict[str, Any] = {"after": {name: as_json(value) for name, value in moves.items()}}
        if self.ask.reason:
            detail["reason"] = self.ask.reason
        if self.ask.materials:
            detail["materials"] = list(self.ask.materials)
        if self.ask.days:
            detail["days"] = self.ask.days
        return detail


def moving_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return the changeable values of `snapshot` as JSON."""
    return {name: as_json(getattr(snapshot, name)) for name in MOVING}


def as_json(value: Any) -> Any:
    """Return `value` as JSON holds it: instants as ISO text, ids as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    return value


# ---- deciding -------------------------------------------------------------------------------------------


def decide(
    body: Body,
    matter: Snapshot,
    action: str,
    ask: Ask,
    *,
    by: Actor,
    place: Place,
    calendar: WorkCalendar,
    now: datetime,
) -> Change:
    """Return what `action` does to `matter`; raise NotAllowed or Wrong with a sentence otherwise."""
    spec = spec_of(body, matter, action)
    acting_post, acting_unit = permit(body, matter, action, spec, by, place)
    ask = asked_for(spec, ask)
    _require(body, matter, action, spec, ask, by)
    next_one = matter.but(ver=matter.ver + 1, acts=acted(matter.acts, action, by, acting_post, acting_unit))
    after = _apply(body, next_one, action, spec, ask, by, place, calendar, now)
    entered = after.state != matter.state
    return Change(
        action=action,
        before=matter,
        after=after,
        post=acting_post,
        acting_unit=acting_unit,
        ask=ask,
        tells=spec.tells,
        tasks=tuple(body.flow.states[after.state].tasks) if entered else (),
        runs_effect=spec.effect,
        reverses=spec.reverses,
        does=spec.does,
    )


def asked_for(spec: ActionSpec, ask: Ask) -> Ask:
    """Return `ask` without what this step does not ask for: it would be kept in the clear, unread by anybody."""
    return Ask(
        ask.note,
        ask.reason if "reason" in spec.needs else "",
        ask.materials if "materials" in spec.needs else (),
        ask.days if "days" in spec.needs else 0,
    )


def acted(acts: Mapping[str, str], name: str, by: Actor, post: str, unit_id: int | None) -> dict[str, str]:
    """Return `acts` with the one who has just done `name`, and with the holder when that was a deputy."""
    kept = {key: value for key, value in acts.items() if key not in (name, f"{name}{FOR}")}
    kept[name] = str(by.account_id)
    mine = [h for h in by.holdings if h.post == post and h.unit_id == unit_id]
    if mine and all(h.deputy_for for h in mine):
        kept[f"{name}{FOR}"] = str(mine[0].deputy_for)
    return kept


def spec_of(body: Body, matter: Snapshot, action: str) -> ActionSpec:
    """Return what the flow says of `action` in the matter's state, or raise NotAllowed."""
    state = body.flow.states[matter.state]
    spec = state.actions.get(action)
    if spec is None:
        raise NotAllowed(
            "not_in_state",
            f"办件正处于「{state.title.zh}」，不能进行这项操作。",
            f"The matter is at “{state.title.en}”; this cannot be done now.",
        )
    return spec


def post_of(body: Body, state: State, spec: ActionSpec | None = None) -> str:
    """Return the post that acts: the action's own, else the state's; the deciding one by the service's level."""
    post = (spec.post if spec else "") or state.post
    return f"{body.service.decides}_approver" if post == "decides_approver" else post


def permit(
    body: Body, matter: Snapshot, action: str, spec: ActionSpec, by: Actor, place: Place
) -> tuple[str, int | None]:
    """Return the post and unit in which `by` may do this; raise NotAllowed. Input is not looked at yet."""
    if spec.by == "applicant":
        if not matter.is_applicant(by):
            raise NotAllowed("not_applicant", "只有申请人本人可以操作。", "Only the applicant may do this.")
        return "", None
    if spec.by == "system":
        if by.kind != "system":
            raise NotAllowed("system_only", "这一步由系统自动完成。", "The system does this by itself.")
        return "", None
    if action == "release" and matter.claimed_by not in (None, by.account_id):
        return _permit_supervised_release(matter, by, place)
    post = post_of(body, body.flow.states[matter.state], spec)
    verdict = may(by, action, unit_path=place.path, post=post, code=matter.code, not_by=others_of(matter, spec))
    if not verdict.ok:
        raise refusal(verdict)
    assert verdict.holding is not None
    return post, verdict.holding.unit_id


def others_of(matter: Snapshot, spec: ActionSpec) -> list[UUID]:
    """Return who must not take this step: who took those it names, and for whom, as deputies, they took them.

    Who did a parallel check does not act on its result either.
    """
    names = [n for n in matter.acts if n.startswith(TASK)] if "tasks_done" in spec.needs else []
    wanted = [*spec.not_by, *names]
    return [UUID(matter.acts[n]) for name in wanted for n in (name, f"{name}{FOR}") if n in matter.acts]


def _permit_supervised_release(matter: Snapshot, by: Actor, place: Place) -> tuple[str, int | None]:
    for held in by.holdings:
        if "supervise" in held.acts and place.path.startswith(held.unit_path):
            return held.post, held.unit_id
    raise claimed_by_other()


def claimed_by_other() -> NotAllowed:
    """Return the refusal of acting on a matter that a colleague has claimed."""
    return NotAllowed("claimed", "这件办件已由其他民警领办。", "Another officer has claimed this matter.")


def refusal(verdict: Verdict) -> NotAllowed:
    """Return the sentence for a verdict of `identity.rules.may`: with the post that it needs."""
    words = WORDS[verdict.reason_key]
    return NotAllowed(verdict.reason_key, words["zh"], words["en"], needs=verdict.needs)


def _require(body: Body, matter: Snapshot, action: str, spec: ActionSpec, ask: Ask, by: Actor) -> None:
    if action == "claim" and matter.claimed_by is not None:
        raise claimed_by_other()
    if "claim" in spec.needs:
        if matter.claimed_by is None and action != "release":
            raise NotAllowed("unclaimed", "请先领办这件办件。", "Claim the matter first.")
        if matter.claimed_by != by.account_id and action != "release":
            raise claimed_by_other()
    if action == "grant_extension" and not matter.asked_days:
        raise NotAllowed("nothing_asked", "没有待批准的延长申请。", "No extension has been asked for.")
    if "tasks_done" in spec.needs and matter.open_tasks:
        raise NotAllowed(
            "tasks_open",
            f"还有 {matter.open_tasks} 项协办未完成。",
            f"{matter.open_tasks} parallel task(s) are still open.",
        )
    errors = _input_errors(body, spec, ask)
    if errors:
        raise Wrong(errors)


def _input_errors(body: Body, spec: ActionSpec, ask: Ask) -> dict[str, Text]:
    errors: dict[str, Text] = {}
    if "note" in spec.needs and not ask.note.strip():
        errors["note"] = Text(zh="请写明情况。", en="Say why, in words.")
    if len(ask.note) > NOTE_MAX:
        errors["note"] = Text(zh=f"最多 {NOTE_MAX} 字。", en=f"At most {NOTE_MAX} characters.")
    reasons = {reason.key for reason in body.flow.refusals} | set(body.service.refusals)
    if "reason" in spec.needs and ask.reason not in reasons:
        errors["reason"] = Text(zh="请从法定理由中选择一项。", en="Choose one of the law's reasons.")
    names = {material.name for material in body.service.materials}
    if "materials" in spec.needs and (not ask.materials or not set(ask.materials) <= names):
        errors["materials"] = Text(zh="请选择要补正的材料。", en="Choose the papers to ask for.")
    if "days" in spec.needs and not 1 <= ask.days <= MAX_EXTENSION_DAYS:
        errors["days"] = Text(
            zh=f"延长 1 至 {MAX_EXTENSION_DAYS} 个工作日。",
            en=f"Between 1 and {MAX_EXTENSION_DAYS} working days.",
        )
    return errors


# ---- applying -------------------------------------------------------------------------------------------


def _apply(
    body: Body,
    matter: Snapshot,
    action: str,
    spec: ActionSpec,
    ask: Ask,
    by: Actor,
    place: Place,
    calendar: WorkCalendar,
    now: datetime,
) -> Snapshot:
    if action == "claim":
        return matter.but(claimed_by=by.account_id, claimed_at=now)
    if action == "release":
        return matter.but(claimed_by=None, claimed_at=None)
    if action == "ask_extension":
        return matter.but(asked_days=ask.days)
    if action == "grant_extension":
        return extended(body, matter, calendar)
    target = (matter.back_to if spec.to == "back" else spec.to) or matter.state
    if target == matter.state:
        return matter
    return enter(body, matter.but(asked=ask.materials or ()), target, place, calendar, now)


def enter(body: Body, matter: Snapshot, target: str, place: Place, calendar: WorkCalendar, now: datetime) -> Snapshot:
    """Return `matter` as it is on entering the state `target`: post, unit, claim, clock, outcome."""
    state = body.flow.states[target]
    was_closed = matter.closed_at is not None
    if matter.paused_since is not None:
        matter = resumed(body, matter, calendar, now)
    entered = matter.but(
        state=target,
        post="" if state.final or state.pauses else post_of(body, state),
        unit_id=_unit(body, state, matter, place),
        step_since=now,
        claimed_by=None,
        claimed_at=None,
        outcome=state.outcome,
        closed_at=now if state.final else None,
        asked_days=0,
    )
    if was_closed and not state.final:  # reopened: the limit runs anew
        entered = clocked(body, entered, calendar, now)
    if state.pauses:
        entered = _paused(state, entered, matter.state, calendar, now)
    return entered


def _unit(body: Body, state: State, matter: Snapshot, place: Place) -> int:
    if not state.level:
        return matter.unit_id
    return place.unit_at(body.service.decides if state.level == "decides" else state.level)


def clocked(body: Body, matter: Snapshot, calendar: WorkCalendar, since: datetime) -> Snapshot:
    """Return `matter` with the legal limit running from `since`."""
    limit = body.service.limit
    due = calendar.due(since, limit.value, limit.unit)
    return matter.but(
        due_at=due,
        yellow_at=yellow_between(since, due, limit.unit, calendar),
        due_provisional=calendar.is_provisional(local_day(due)),
    )


def yellow_between(since: datetime, due: datetime, unit: str, calendar: WorkCalendar) -> datetime:
    """Return when three quarters of the time between `since` and `due` are used up."""
    if unit != "workday":
        return since + (due - since) * YELLOW_SHARE
    start, end = calendar.to_work(since), calendar.to_work(due)
    return max(since, calendar.from_work(max(1, int(start + (end - start) * YELLOW_SHARE))))


def shifted(at: datetime, start: datetime, end: datetime, unit: str, calendar: WorkCalendar) -> datetime:
    """Return `at` moved by the time that counts between `start` and `end`: working time, or all of it."""
    if unit != "workday":
        return at + (end - start)
    return calendar.from_work(calendar.to_work(at) + calendar.to_work(end) - calendar.to_work(start))


def resumed(body: Body, matter: Snapshot, calendar: WorkCalendar, now: datetime) -> Snapshot:
    """Return `matter` with its clock running again, due exactly the paused working time later."""
    assert matter.paused_since is not None
    unit = body.service.limit.unit
    due = shifted(matter.due_at, matter.paused_since, now, unit, calendar)
    return matter.but(
        due_at=due,
        yellow_at=shifted(matter.yellow_at, matter.paused_since, now, unit, calendar),
        due_provisional=calendar.is_provisional(local_day(due)),
        paused_since=None,
        pause_reason="",
        lapses_at=None,
        back_to="",
    )


def _paused(state: State, matter: Snapshot, back_to: str, calendar: WorkCalendar, now: datetime) -> Snapshot:
    lapse = state.lapses_after
    return matter.but(
        paused_since=now,
        pause_reason=state.pauses,
        lapses_at=calendar.due(now, lapse.value, lapse.unit) if lapse else None,
        back_to=back_to,
    )


def extended(body: Body, matter: Snapshot, calendar: WorkCalendar) -> Snapshot:
    """Return `matter` with the extension that was asked for: so many working days after the present due day."""
    due = calendar.end_of(calendar.add(local_day(matter.due_at), matter.asked_days))
    return matter.but(
        due_at=due,
        yellow_at=yellow_between(matter.step_since, due, body.service.limit.unit, calendar),
        due_provisional=calendar.is_provisional(local_day(due)),
        extension_days=matter.extension_days + matter.asked_days,
        asked_days=0,
    )


def work_begun(matter: Snapshot) -> bool:
    """Say whether an officer has worked on a matter: until then a fee that was paid goes back whole."""
    return bool({name.removesuffix(FOR) for name in matter.acts} - BEFORE_WORK)


# ---- reading --------------------------------------------------------------------------------------------


def light(matter: Snapshot, now: datetime) -> Light:
    """Return the light of a matter: stored instants against `now`."""
    if matter.closed_at is not None:
        return "done"
    if matter.paused_since is not None:
        return "paused"
    if now > matter.due_at:
        return "red"
    return "yellow" if now >= matter.yellow_at else "green"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as the fold and the line of stations read it."""

    seq: int
    at: datetime
    action: str
    from_state: str
    to_state: str
    actor_kind: str
    actor_id: UUID
    post: str
    unit_id: int | None
    detail: Mapping[str, Any]
    entry_id: UUID | None = None


def fold(events: Iterable[Happening]) -> dict[str, Any]:
    """Return the changeable values that the history ends in; they must equal the stored ones."""
    folded: dict[str, Any] = {}
    for event in sorted(events, key=lambda e: e.seq):
        folded.update(event.detail.get("after", {}))
        folded["ver"] = event.seq
    return folded


@dataclass(frozen=True, slots=True)
class Station:
    """A stop on the line of stations."""

    key: str
    title: Text
    plain: Text
    status: Literal["done", "here", "next", "skipped"]
    who: str = ""  # the post that has it
    unit_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    paused_reason: str = ""
    outcome: str = ""


def main_line(body: Body) -> list[str]:
    """Return the states from start to the good end: following the strong action from each."""
    line, name = [PAYING] if PAYING in body.flow.states else [], body.flow.start
    while name and name not in line:
        line.append(name)
        strong = [spec.to for spec in body.flow.states[name].actions.values() if spec.strong and spec.to]
        name = strong[0] if strong and not body.flow.states[name].final else ""
    return line


def stations(body: Body, matter: Snapshot | None, events: Sequence[Happening] = ()) -> list[Station]:
    """Return the line of stations: what was passed, where the matter is, what comes next."""
    if matter is None:
        return [_station(body, name, "next") for name in main_line(body)]
    passed: list[Station] = []
    unit_id: int | None = None
    taken_in = [_taken_in(matter)] if matter.is_received_elsewhere else []
    for event in events:
        unit_id = event.detail.get("after", {}).get("unit_id", unit_id)  # where it went, not who sent it
        if event.from_state == event.to_state and event.seq != 1:
            continue
        if passed:
            last = passed.pop()
            passed.append(replace(last, status="done", until=event.at))
        passed.append(_station(body, event.to_state, "here", event.at, unit_id))
    if passed and matter.closed_at is not None:
        passed.append(replace(passed.pop(), status="done", until=matter.closed_at))
    seen = {station.key for station in passed}
    state = matter.back_to or matter.state
    line = main_line(body)
    ahead = line[line.index(state) + 1 :] if state in line and matter.closed_at is None else []
    if matter.back_to:
        ahead = [matter.back_to, *ahead]
    return taken_in + passed + [_station(body, n, "next") for n in ahead if n not in seen or n == matter.back_to]


def _taken_in(matter: Snapshot) -> Station:
    """Return the counter that took a matter in for another station: the first stop of its line."""
    return Station(
        key="taken_in",
        title=Text(zh="窗口代收", en="Taken in at a counter"),
        plain=Text(zh="全市任一户政窗口收件。", en="Any household counter of the city takes it in."),
        status="done",
        unit_id=matter.received_at_unit,
        since=matter.submitted_at,
        until=matter.submitted_at,
    )


def _station(
    body: Body,
    name: str,
    status: Literal["done", "here", "next", "skipped"],
    since: datetime | None = None,
    unit_id: int | None = None,
) -> Station:
    state = body.flow.states[name]
    return Station(
        key=name,
        title=state.title,
        plain=state.plain,
        status=status,
        who=post_of(body, state) if state.post else "",
        unit_id=unit_id,
        since=since,
        paused_reason=state.pauses,
        outcome=state.outcome,
    )
