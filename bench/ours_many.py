"""Ours, many at once: an officer's bulk act over the matters of `ours`, each with its rights and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

from bench.ours import LIFE, NOTE, OWN, owned


def prepare(client: int) -> Callable[[], None]:
    """Return a step: the next of their life in all matters of a client."""
    matters, officers = owned(client)

    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.matters import actions

    def act(action: str, state: str, chosen: list[Any]) -> list[Any]:
        results = actions.act_many(
            [(m.id, m.ver) for m in chosen], action, by=officers[state], now=now(), request_id=new_id(), note=NOTE
        )
        assert all(r.matter for r in results), [r.error for r in results if r.error][:1]
        return [r.matter for r in results if r.matter]

    # Wherever a run before this one has left them, they begin together.
    begun = [m for m in matters if m.state == "submitted"]
    away = [m for m in matters if m.state != "submitted"]
    away = [m for m in away if m.claimed_by] + act("claim", "recommended", [m for m in away if not m.claimed_by])
    begun += act("return", "recommended", away)
    mine = [m for m in begun if not m.claimed_by] + act("release", "submitted", [m for m in begun if m.claimed_by])
    places = cycle(range(len(LIFE)))

    def step() -> None:
        nonlocal mine
        mine = act(LIFE[next(places)], mine[0].state, mine)
        assert len(mine) == OWN

    return step
