"""A driver's points now: from the violations decided for them, other cities, and what study took off."""

from __future__ import annotations

from datetime import datetime, timedelta

from minjing.base.clock import local_day
from minjing.modules.traffic.models import Licence, PointsEntry, Violation
from minjing.modules.traffic.rules.penalties.points import Entry, Standing, standing

TWO_YEARS = timedelta(days=731)


def standing_of(licence: Licence, now: datetime) -> Standing:
    """Return where the holder of a licence stands in the present cycle."""
    since = now - TWO_YEARS
    rows = Violation.objects.filter(
        person_id=licence.person_id,
        violated_at__gte=since,
        points__gt=0,
        state__in=(Violation.DECIDED, Violation.PAID),
    ).values_list("violated_at", "points", "state")
    entries = [Entry(local_day(at), amount, paid=state == Violation.PAID) for at, amount, state in rows]
    others = PointsEntry.objects.filter(person_id=licence.person_id, at__gte=since)
    for at, kind, amount in others.values_list("at", "kind", "points"):
        came_in = kind == "elsewhere"
        entries.append(Entry(local_day(at), amount if came_in else -amount, elsewhere=came_in))
    return standing(entries, licence.first_issued_date, local_day(now))
