"""Finding the violations that an ambulance explains: the day's match, its candidates with what proves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from math import atan2, degrees
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import transaction

from minjing.base.coordinates import Plane
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.models import Candidate, Violation
from minjing.modules.traffic.queries.yielding import tracks
from minjing.modules.traffic.queries.yielding.limits import causes, limits
from minjing.modules.traffic.rules.yielding import matching
from minjing.modules.traffic.rules.yielding.parameters import NO_HEADING

if TYPE_CHECKING:
    from minjing.modules.traffic.rules.yielding.matching import Fixes, Hits, Places

SHOWN = timedelta(seconds=180)  # of the track on either side of the passing, kept with the candidate
AT_ONCE = 1_000_000
SETTLED = (Violation.STRUCK,)

Row = tuple[UUID, int, datetime, float, float, int | None]


def find(begin: datetime, end: datetime, *, now: datetime) -> int:
    """Match the violations of [begin, end] with the ambulances of that time; return how many candidates are new.

    Safe to run any number of times: a pair of violation and mission is found once.
    """
    found = (
        Violation.objects.filter(violated_at__range=(begin, end), lat__isnull=False, conduct__in=causes())
        .exclude(state__in=SETTLED)
        .values_list("pk", "org_id", "violated_at", "lat", "lon", "heading_deg")
    )
    rows = [cast(Row, row) for row in found[:AT_ONCE]]
    return _matched(rows, begin, end, now) if rows else 0


def find_for(violation: Violation, *, now: datetime) -> Candidate | None:
    """Match one violation; return its candidate, new or known, the nearest of several."""
    if violation.lat is None or violation.lon is None:
        return None
    row = (
        violation.pk, violation.org_id, violation.violated_at, violation.lat, violation.lon, violation.heading_deg,
    )  # fmt: skip
    _matched([row], violation.violated_at, violation.violated_at, now)
    return Candidate.objects.filter(violation_id=violation.pk).order_by("distance_m", "passed_at").first()


def _matched(rows: Sequence[Row], begin: datetime, end: datetime, now: datetime) -> int:
    plane = Plane(rows[0][3], rows[0][4])
    reach = timedelta(seconds=limits().after_s + limits().longest_gap_s)
    missions, fixes = tracks.day(begin - reach, end + reach, plane)
    if not missions:
        return 0
    found = matching.best(matching.match(_laid(rows, plane), fixes, limits()), fixes.mission)
    with transaction.atomic():
        known = set(
            Candidate.objects.filter(violation_id__in=[rows[n][0] for n in set(found.place.tolist())]).values_list(
                "violation_id", "mission_id"
            )
        )
        new = [
            candidate
            for n in range(len(found.place))
            if (candidate := _candidate(n, found, rows, missions, fixes, plane, now)) is not None
            and (candidate.violation_id, candidate.mission_id) not in known
        ]
        Candidate.objects.bulk_create(new, ignore_conflicts=True)
        ledger.append(*(_found(candidate, now) for candidate in new))
    return len(new)


def _laid(rows: Sequence[Row], plane: Plane) -> Places:
    import numpy

    from minjing.modules.traffic.rules.yielding.matching import Places

    at = numpy.array([row[2].timestamp() for row in rows])
    east, north = plane.metres(numpy.array([row[3] for row in rows]), numpy.array([row[4] for row in rows]))
    heading = numpy.array([NO_HEADING if row[5] is None else row[5] % 360 * 10 for row in rows], dtype=numpy.int64)
    return Places(at, east, north, heading)


def _candidate(
    n: int, found: Hits, rows: Sequence[Row], missions: Sequence[UUID], fixes: Fixes, plane: Plane, now: datetime
) -> Candidate:
    violation_id, org_id, _, _, _, heading = rows[int(found.place[n])]
    fix, passed = int(found.fix[n]), float(found.at[n])
    return Candidate(
        id=new_id(), org_id=org_id, violation_id=violation_id, mission_id=missions[int(fixes.mission[fix])],
        found_at=now, passed_at=datetime.fromtimestamp(passed, UTC), distance_m=round(float(found.distance_m[n])),
        evidence=_evidence(fix, passed, fixes, plane) | {"approach_deg": heading},
    )  # fmt: skip


def _evidence(fix: int, passed: float, fixes: Fixes, plane: Plane) -> dict[str, Any]:
    """Return what proves a hit: the stretch, the track around it, the limits it was found by. Seconds, lat, lon."""
    import numpy

    near = numpy.flatnonzero(
        (fixes.mission == fixes.mission[fix]) & (abs(fixes.at - passed) <= SHOWN.total_seconds())
    )
    points = []
    for number in near.tolist():
        lat, lon = plane.degrees(float(fixes.east[number]), float(fixes.north[number]))
        points.append([float(fixes.at[number]), round(lat, 7), round(lon, 7)])
    start = near.tolist().index(fix)
    east, north = (float(column[fix + 1] - column[fix]) for column in (fixes.east, fixes.north))
    return {
        "stretch": points[start : start + 2],
        "track": points,
        "heading_deg": round(degrees(atan2(east, north)) % 360),
        "limits": asdict(limits()),
    }


def _found(candidate: Candidate, now: datetime) -> ledger.Entry:
    said = {
        "candidate": candidate.pk, "violation": candidate.violation_id, "mission": candidate.mission_id,
        "by": SYSTEM.account_id,
    }  # fmt: skip
    return ledger.entry(events.YIELDING_FOUND, said, at=now, org_id=candidate.org_id)
