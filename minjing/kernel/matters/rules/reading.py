"""Reading a matter: its light, its history folded, and the line of stations on which it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from minjing.kernel.matters.rules.moving import post_of
from minjing.kernel.matters.rules.shapes import PAYING, Light, Snapshot
from minjing.kernel.matters.schema import Body, Text


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
    line = main_line(body)
    beside = matter.paused_since is not None and matter.state not in line
    state = matter.back_to if beside else matter.state
    ahead = line[line.index(state) + 1 :] if state in line and matter.closed_at is None else []
    returns = beside and any(spec.to == "back" for spec in body.flow.states[matter.state].actions.values())
    if returns:
        ahead = [state, *ahead]
    return taken_in + passed + [_station(body, n, "next") for n in ahead if n not in seen or (returns and n == state)]


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
