"""Ours: one transition is `matters.actions.step`; matters of one's own station go to their approver and back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

OWN = 100  # matters of each client
CODES = ("HZ0302", "HZ0303", "HZ0402", "HZ0403", "HZ0404")  # received at the station, decided by the branch
LIFE = ("claim", "recommend", "claim", "return")
ONWARD = {"submitted": "recommend", "recommended": "return"}
NOTE = "材料需再核对一次。"


def prepare(client: int) -> Callable[[], None]:
    """Return a step: the next of its life in the next matter."""
    mine, officers = owned(client)

    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.matters import actions
    from minjing.kernel.matters.rules import Ask

    places = cycle(range(OWN))

    def step() -> None:
        place = next(places)
        matter = mine[place]
        action = ONWARD[matter.state] if matter.claimed_by else "claim"
        ask = Ask(note=NOTE) if action == "return" else Ask()
        by = officers[matter.state]
        mine[place] = actions.step(matter, action, ask, by=by, now=now(), request_id=new_id())

    return step


def owned(client: int) -> tuple[list[Any], dict[str, Any]]:
    """Return the matters of a client, and who acts in them in each state."""
    import django

    django.setup()
    from minjing.base.clock import now
    from minjing.kernel.identity import queries as people
    from minjing.kernel.matters import queries
    from minjing.kernel.matters.models import Matter

    clerk, approver, station = officers_of(client)
    officers = {"submitted": people.actor_of(clerk, now()), "recommended": people.actor_of(approver, now())}
    rows = Matter.objects.filter(station_id=station, state__in=ONWARD, code__in=CODES).order_by("id")
    # A run before this one may have stopped on the way: a matter in somebody else's hands is left out.
    mine = [m for m in map(queries.snapshot, rows) if m.claimed_by in (None, officers[m.state].account_id)][:OWN]
    assert len(mine) == OWN, len(mine)
    return mine, officers


def officers_of(client: int) -> tuple[Any, Any, int]:
    """Return clerk, approver and station of a client: the stations with most to do, one for each."""
    from django.db.models import Count

    from minjing.kernel.identity.models import Appointment
    from minjing.kernel.matters import queries
    from minjing.kernel.matters.models import Matter

    # Counted over both states between which matters go to and fro: another client at work changes no place.
    here = Matter.objects.filter(state__in=("submitted", "recommended"), code__in=CODES)
    rows = here.values("station_id").annotate(n=Count("id"))
    station = rows.order_by("-n", "station_id")[client]["station_id"]
    posts = {"station_clerk": station, "branch_approver": queries.place_of(station).branch_id}
    clerk, approver = (
        Appointment.objects.filter(unit_id=unit, post_id=post, deputy_for=None)
        .order_by("account_id")
        .values_list("account_id", flat=True)[0]
        for post, unit in posts.items()
    )
    return clerk, approver, station
