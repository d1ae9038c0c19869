"""A driver's points now: from the violations decided for them, other cities, and what study took off."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from minjing.base.clock import local_day
from minjing.modules.traffic.models import Licence, PointsEntry, Violation
from minjing.modules.traffic.rules.penalties.points import Entry, Standing, standing

TWO_YEARS = timedelta(days=731)


def standing_of(licence: Licence, now: datetime) -> Standing:
    """Return where the holder of a licence stands in the cycle of `now`; a passed retest cleared what was known."""
    since, person_id = now - TWO_YEARS, licence.person_id
    cleared = PointsEntry.objects.filter(person_id=person_id, kind="cleared", at__lte=now).aggregate(at=Max("at"))[
        "at"
    ]
    rows = Violation.objects.filter(
        person_id=person_id,
        violated_at__gte=since,
        points__gt=0,
        state__in=(Violation.DECIDED, Violation.PAID),
    ).values_list("violated_at", "points", "state", "decision__decided_at")
    entries = [
        Entry(local_day(at), amount, paid=state == Violation.PAID)
        for at, amount, state, decided in rows
        if cleared is None or (decided or at) > cleared
    ]
    others = PointsEntry.objects.filter(person_id=person_id, at__gte=since).exclude(kind="cleared")
    for at, kind, amount, entered in others.values_list("at", "kind", "points", "entered_at"):
        came_in = kind == "elsewhere"
        if cleared is None or (entered or at) > cleared:
            entries.append(Entry(local_day(at), amount if came_in else -amount, elsewhere=came_in))
    return standing(entries, licence.first_issued_date, local_day(now))
