"""Failing to yield, seen by an ambulance's recorder: it comes in as a violation that an officer reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.coordinates import to_wgs84
from minjing.kernel.files import actions as files
from minjing.kernel.files.errors import SCANNER_DOWN
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import evidence, violations
from minjing.modules.traffic.models import DispatchSystem, Mission, RecorderReport, Violation, ViolationPhoto
from minjing.modules.traffic.rules.yielding.messages import Report

CONDUCT = "SZP04"  # not making way for a vehicle on an emergency


@transaction.atomic
def report(
    said: Report, missions: Mapping[str, Mission], dispatch: DispatchSystem, *, system: str, now: datetime
) -> UUID:
    """Enter what the recorder saw, once for each report; return the violation. Its plate is checked at the review."""
    before = RecorderReport.objects.filter(dispatch=dispatch, key=said.key).first()
    if before is not None:
        return before.violation_id
    mission = missions[said.mission]
    lat, lon = to_wgs84(said.lat, said.lon, system)
    violation = violations.record(
        {
            "violated_at": said.at,
            "conduct": CONDUCT,
            "place": said.place,
            "lat": lat,
            "lon": lon,
            "source_crs": system,
            "heading_deg": said.heading_deg,
            "org_id": dispatch.org_id,
            "plate": said.plate,
            **({"plate_kind": said.plate_kind} if said.plate_kind else {}),
            "source": "ambulance",
            "evidence": [{"kind": "recorder", "report": said.key, "mission": str(mission.pk)}],
        },
        by=SYSTEM,
        now=now,
    )
    RecorderReport.objects.create(
        org_id=dispatch.org_id,
        dispatch=dispatch,
        mission=mission,
        key=said.key,
        violation_id=violation.pk,
        came_at=now,
    )
    told = {"violation": violation.pk, "mission": mission.pk, "by": SYSTEM.account_id}
    ledger.append(ledger.entry(events.YIELDING_REPORTED, told, at=now, org_id=dispatch.org_id))
    return violation.pk


def keep_pictures(reports: Sequence[Report], dispatch: DispatchSystem, *, now: datetime) -> None:
    """Keep the pictures of reports that have been entered and have none yet: a batch that comes again has them kept.

    Apart from the batch's transaction, for a scanner and a decoder look at each. What is no picture is refused, which
    stands in the ledger, and the report goes without it. Raises files.Refused while no scanner answers.
    """
    pictures = {one.key: one.picture for one in reports if one.picture}
    if not pictures:
        return
    entered = dict(
        RecorderReport.objects.filter(dispatch=dispatch, key__in=pictures).values_list("violation_id", "key")
    )
    without = Violation.objects.filter(pk__in=entered).exclude(photos__kind=ViolationPhoto.RECORDER)
    for violation in without:
        try:
            kind = ViolationPhoto.RECORDER
            evidence.add_photo(violation, kind, pictures[entered[violation.pk]], by=SYSTEM, now=now)
        except files.Refused as refusal:
            if refusal.key == SCANNER_DOWN:
                raise
