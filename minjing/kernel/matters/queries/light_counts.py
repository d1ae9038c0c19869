"""How many open matters stand at each light, for those who supervise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.queries.catalogue import UnitFacts, body, units
from minjing.kernel.matters.queries.kept import Figures
from minjing.kernel.matters.schema import Text


@dataclass(frozen=True, slots=True)
class Lights:
    """How many open matters of a unit and step stand at each light; a step is a state of a flow."""

    unit_id: int
    flow: str
    state: str
    flow_title: Text
    title: Text
    green: int
    yellow: int
    red: int
    paused: int
    unclaimed: int


LIGHTS = """
SELECT unit_id, procedure_id, state,
       count(*) FILTER (WHERE paused_since IS NULL AND yellow_at > %(now)s),
       count(*) FILTER (WHERE paused_since IS NULL AND yellow_at <= %(now)s AND due_at > %(now)s),
       count(*) FILTER (WHERE paused_since IS NULL AND due_at <= %(now)s),
       count(*) FILTER (WHERE paused_since IS NOT NULL),
       count(*) FILTER (WHERE paused_since IS NULL AND claimed_by IS NULL)
FROM matters_matter
WHERE closed_at IS NULL AND org_id = ANY(%(orgs)s) AND unit_id = ANY(%(units)s)
GROUP BY unit_id, procedure_id, state
"""
LIGHTS_KEPT_S = 3.0  # a supervisor's page may be this old; it spares a count of every open matter a request
_lights = Figures()


def lights(unit_path: str, now: datetime) -> list[Lights]:
    """Return the lights of every unit at or below `unit_path`; the caller has checked the right to supervise it."""
    below = [u for u in units().values() if u.path.startswith(unit_path)]
    return list(_lights.get(unit_path, LIGHTS_KEPT_S, lambda: _counted(below, now)))


def _counted(below: Sequence[UnitFacts], now: datetime) -> list[Lights]:
    params: dict[str, Any] = {"now": now, "orgs": sorted({u.org_id for u in below}), "units": [u.id for u in below]}
    with connection.cursor() as cursor:
        cursor.execute(LIGHTS, params)
        return _by_step(cursor.fetchall())


def _by_step(rows: Sequence[tuple[Any, ...]]) -> list[Lights]:
    """Return the counts of a unit, procedure and state summed up by the flow that the procedures share."""
    sums: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    titles: dict[tuple[str, str], tuple[Text, Text]] = {}
    for unit_id, procedure_id, state, *counts in rows:
        flow = body(procedure_id).flow
        titles.setdefault((flow.flow, state), (flow.title, flow.states[state].title))
        for at, count in enumerate(counts):
            sums[unit_id, flow.flow, state][at] += count
    return [Lights(unit_id, flow, state, *titles[flow, state], *c) for (unit_id, flow, state), c in sums.items()]


def forget_kept() -> None:
    """Count anew at the next call."""
    _lights.forget()


def supervised_lights(by: Actor, now: datetime) -> list[Lights]:
    """Return the lights of every unit that the asker supervises; raise NotAllowed if there is none."""
    paths = [h.unit_path for h in by.holdings if "supervise" in h.acts]
    if not paths:
        raise NotAllowed("no_right", "需要效能督察岗位。", "This needs a post that supervises.", needs="supervise")
    return [row for path in _tops(paths) for row in lights(path, now)]


def _tops(paths: Sequence[str]) -> list[str]:
    """Return the paths that lie below none of the others, so that no unit is counted twice."""
    return [p for p in sorted(set(paths)) if not any(p != q and p.startswith(q) for q in paths)]
