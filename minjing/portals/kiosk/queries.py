"""Reading machines, visits and print jobs: each by the machine that asks, never by an address alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db.models import Count, Q

from minjing.portals.kiosk.errors import Ended, Unknown
from minjing.portals.kiosk.models import Machine, PrintJob, Visit

IDLE = timedelta(seconds=60)  # how long nobody needs to touch it before it wipes itself; shown as a countdown
GRACE = timedelta(seconds=15)  # the way to the server and back


def token_hash(token: str) -> bytes:
    """Return what is stored of a machine's token: it is random enough that a plain hash keeps it."""
    return sha256(token.encode()).digest()


def machine_by_token(token: str) -> Machine | None:
    """Return the machine whose browser has this token; None for any other browser."""
    if not token:
        return None
    return Machine.objects.filter(token_hash=token_hash(token), retired_at__isnull=True).first()


def machine(machine_id: UUID) -> Machine:
    """Return one machine. Raises Unknown."""
    found = Machine.objects.filter(id=machine_id).first()
    if found is None:
        raise Unknown
    return found


def machines() -> list[Machine]:
    """Return the machines in use, by code."""
    return list(Machine.objects.filter(retired_at__isnull=True).order_by("code"))


def waiting_by_machine() -> dict[UUID, int]:
    """Return how many print jobs wait at each machine."""
    rows = (
        PrintJob.objects.filter(state=PrintJob.WAITING).values_list("machine_id").annotate(n=Count("id")).order_by()
    )
    return dict(rows)


def visits_since(since: datetime) -> dict[UUID, tuple[int, int]]:
    """Return how many people each machine has served since then, and how many it had to wipe by itself."""
    rows = (
        Visit.objects.filter(begun_at__gte=since)
        .values_list("machine_id")
        .annotate(all=Count("id"), left=Count("id", filter=Q(why="timeout")))
        .order_by()
    )
    return {pk: (served, left) for pk, served, left in rows}


def live_visit(visit_id: UUID, machine_id: UUID, account_id: UUID, now: datetime) -> Visit:
    """Return the visit that goes on at this machine for this account. Raises Ended."""
    found = Visit.objects.filter(
        id=visit_id, machine_id=machine_id, account_id=account_id, ended_at__isnull=True
    ).first()
    if found is None or now - found.seen_at > IDLE + GRACE:
        raise Ended
    return found


def job(job_id: UUID, visit: Visit) -> PrintJob:
    """Return a print job of this very visit. Raises Unknown."""
    found = PrintJob.objects.filter(id=job_id, visit_id=visit.id).exclude(state=PrintJob.CANCELLED).first()
    if found is None:
        raise Unknown
    return found


def jobs(visit: Visit) -> Sequence[PrintJob]:
    """Return what this visit has sent to the printer, in order."""
    return list(PrintJob.objects.filter(visit_id=visit.id).order_by("queued_at"))
