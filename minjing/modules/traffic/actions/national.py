"""Telling a national register what has changed: queued with the change, sent in order until it is taken.

The ledger entry stands before anything leaves. A register that does not answer is asked again, later each time;
nothing is lost meanwhile, and the city's own register stays what it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.queries import checks
from minjing.kernel.ledger import actions as ledger
from minjing.modules.traffic import events
from minjing.modules.traffic.models import Licence, RegisterNotice, Vehicle
from minjing.modules.traffic.providers.registers import Change, Unavailable
from minjing.modules.traffic.queries import national, registers

BATCH = 100
WAIT, WAIT_MOST = timedelta(minutes=1), timedelta(hours=1)


def send_due(now: datetime) -> int:
    """Send what is due, the oldest first; return how many were taken. Safe to run at any time, also twice at once."""
    if not national.is_set():
        return 0
    with transaction.atomic():
        due = RegisterNotice.objects.select_for_update(skip_locked=True).filter(
            sent_at__isnull=True, next_at__lte=now
        )
        notices = list(due.order_by("id")[:BATCH])
        found = [(notice, change, person) for notice in notices for change, person in _change(notice)]
        if not found:
            return 0
        _record(found, now)
        for notice in notices:  # taken by this run; a run that dies leaves them for a minute later
            notice.tries += 1
            notice.next_at = now + min(WAIT * 2 ** min(notice.tries - 1, 6), WAIT_MOST)
        RegisterNotice.objects.bulk_update(notices, ["tries", "next_at"])
    try:
        national.registers().tell([change for _, change, _ in found])
    except Unavailable:
        return 0
    return RegisterNotice.objects.filter(pk__in=[notice.pk for notice in notices]).update(sent_at=now)


def _change(notice: RegisterNotice) -> list[tuple[Change, UUID | None]]:
    """Return what a notice tells, as the register had it at its instant, and whom it concerns."""
    told = (str(notice.pk), notice.what, notice.since_at, notice.why)
    if notice.what == RegisterNotice.VEHICLE:
        row = Vehicle.objects.get(pk=notice.row_id)
        held = registers.vehicle_on(row.pk, notice.since_at)
        if held is None:
            return []
        person = held.owner_person_id
        return [(Change(*told, _number(person), national.vehicle_record(row, held)), person)]
    licence = Licence.objects.get(pk=notice.row_id)
    then = registers.licence_on(licence.pk, notice.since_at)
    if then is None:
        return []
    return [(Change(*told, _number(licence.person_id), national.licence_record(licence, then)), licence.person_id)]


def _number(person: UUID | None) -> str:
    return checks.name_and_number(person)[1] if person else ""


def _record(found: list[tuple[RegisterNotice, Change, UUID | None]], now: datetime) -> None:
    for notice, _, person in found:
        said = {"notice": notice.pk, "what": notice.what, "row": notice.row_id, "by": SYSTEM.account_id}
        entry = ledger.entry(events.REGISTER_TOLD, said, at=now, org_id=notice.org_id, subject_id=person)
        ledger.append(entry)
