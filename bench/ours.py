"""Ours: one transition is `matters.actions.step`, claiming and putting back matters of one's own station."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

OWN = 100  # matters of each client


def prepare(client: int) -> Callable[[], None]:
    """Return a step: claim the next matter, or put back one that is claimed."""
    import django

    django.setup()
    from django.db.models import Q

    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.identity import queries as people
    from minjing.kernel.matters import actions, queries
    from minjing.kernel.matters.models import Matter
    from minjing.kernel.matters.rules import Ask

    clerk, station = clerk_of(client)
    by, ask = people.actor_of(clerk, now()), Ask()
    free = Q(claimed_by=None) | Q(claimed_by=clerk)  # a run before this one may have stopped after a claim
    rows = Matter.objects.filter(free, station_id=station, state="submitted").order_by("id")
    mine = [queries.snapshot(row) for row in rows[:OWN]]
    assert len(mine) == OWN
    places = cycle(range(OWN))

    def step() -> None:
        place = next(places)
        matter = mine[place]
        action = "release" if matter.claimed_by else "claim"
        mine[place] = actions.step(matter, action, ask, by=by, now=now(), request_id=new_id())

    return step


def clerk_of(client: int) -> tuple[object, int]:
    """Return the clerk and the station of a client: the stations with most to do, one for each."""
    from django.db.models import Count

    from minjing.kernel.identity.models import Appointment
    from minjing.kernel.matters.models import Matter

    rows = Matter.objects.filter(state="submitted").values("station_id").annotate(n=Count("id"))
    station = rows.order_by("-n", "station_id")[client]["station_id"]
    clerks = Appointment.objects.filter(unit_id=station, post_id="station_clerk", deputy_for=None)
    return clerks.order_by("account_id").values_list("account_id", flat=True)[0], station
