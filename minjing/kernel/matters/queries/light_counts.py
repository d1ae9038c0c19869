"""How many open matters stand at each light, for those who supervise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.matters.queries.catalogue import units


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
