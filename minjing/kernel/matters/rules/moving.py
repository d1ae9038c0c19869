"""Moving a matter on: its next state and unit, its clock, its pauses and extensions."""

from __future__ import annotations

from datetime import datetime

from minjing.base.clock import local_day
from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.rules.shapes import (
    BEFORE_WORK,
    FOR,
    MAX_EXTENSION_DAYS,
    YELLOW_SHARE,
    Ask,
    Place,
    Snapshot,
)
from minjing.kernel.matters.schema import ActionSpec, Body, State


def applied(
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
    """Return `matter` after an action that may be taken."""
    if action == "claim":
        return matter.but(claimed_by=by.account_id, claimed_at=now)
    if action == "release":
        return matter.but(claimed_by=None, claimed_at=None)
    if action == "ask_extension":
        return matter.but(asked_days=ask.days)
    if action == "grant_extension":
        return extended(body, matter, calendar)
    target = leads_to(matter, spec) or matter.state
    if target == matter.state:
        return matter
    return enter(body, matter.but(asked=list(ask.materials)), target, place, calendar, now)


def leads_to(matter: Snapshot, spec: ActionSpec) -> str:
    """Return the state that an action leads to; empty where the matter stays in its own."""
    return matter.back_to if spec.to == "back" else spec.to


def post_of(body: Body, state: State, spec: ActionSpec | None = None) -> str:
    """Return the post that acts: the action's own, else the state's; the deciding one by the service's level."""
    post = (spec.post if spec else "") or state.post
    return f"{body.service.decides}_approver" if post == "decides_approver" else post


def posts_of(body: Body) -> frozenset[str]:
    """Return the posts whose business the matters of a procedure are: named by a state, a step or a child task.

    Where the service itself names who sees its matters, these and no other.
    """
    if body.service.seen_by:
        return frozenset(body.service.seen_by)
    named = {task.post for task in body.flow.tasks.values()}
    for state in body.flow.states.values():
        named.add(post_of(body, state))
        named |= {post_of(body, state, spec) for spec in state.actions.values()}
    return frozenset(named - {""})


def enter(body: Body, matter: Snapshot, target: str, place: Place, calendar: WorkCalendar, now: datetime) -> Snapshot:
    """Return `matter` as it is on entering the state `target`: post, unit, claim, clock, outcome, the way back."""
    state = body.flow.states[target]
    taken_up = matter.closed_at is not None and not state.final
    if matter.paused_since is not None:
        matter = resumed(body, matter, calendar, now)
    entered = matter.but(
        state=target,
        post="" if state.final else post_of(body, state),
        unit_id=_unit(body, state, matter, place),
        step_since=now,
        claimed_by=None,
        claimed_at=None,
        outcome=state.outcome,
        closed_at=now if state.final else None,
        asked_days=0,
        back_to=matter.state if state.pauses or taken_up else "",
    )
    if taken_up:  # the limit runs anew
        entered = clocked(body, entered, calendar, now)
    if state.pauses:
        entered = _paused(state, entered, calendar, now)
    return entered


def _unit(body: Body, state: State, matter: Snapshot, place: Place) -> int:
    if not state.level:
        return matter.unit_id
    return place.unit_at(body.service.decides if state.level == "decides" else state.level)


def clocked(body: Body, matter: Snapshot, calendar: WorkCalendar, since: datetime) -> Snapshot:
    """Return `matter` with the legal limit running from `since`, not extended yet."""
    limit = body.service.limit
    due = calendar.due(since, limit.value, limit.unit)
    return matter.but(
        due_at=due,
        yellow_at=yellow_between(since, due, limit.unit, calendar),
        due_provisional=calendar.is_provisional(local_day(due)),
        extension_days=0,
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
    )


def _paused(state: State, matter: Snapshot, calendar: WorkCalendar, now: datetime) -> Snapshot:
    lapse = state.lapses_after
    return matter.but(
        paused_since=now,
        pause_reason=state.pauses,
        lapses_at=calendar.due(now, lapse.value, lapse.unit) if lapse else None,
    )


def extension_left(matter: Snapshot) -> int:
    """Return by how many working days the limit may still be extended: all extensions together have one ceiling."""
    return max(0, MAX_EXTENSION_DAYS - matter.extension_days)


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
