"""What happens at a machine: one transaction each, its ledger entry inside, and the machine's id in it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from minjing.base.ids import new_id
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking.models import Visit as BookedVisit
from minjing.kernel.identity import limits
from minjing.kernel.identity.actions import at_machine
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.limits import Limit
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as matter_queries
from minjing.kernel.matters.rules import Snapshot
from minjing.portals.kiosk import plugs, queries
from minjing.portals.kiosk.errors import Unknown, Wrong
from minjing.portals.kiosk.models import Machine, PrintJob, Visit

PAIRING_LASTS = timedelta(minutes=15)
PAIRING_GUESSES = Limit(20, timedelta(hours=1))
CODE = re.compile(r"[A-Z0-9-]{3,12}\Z")
HELP_AGAIN = Limit(3, timedelta(minutes=10))


# ---- machines --------------------------------------------------------------------------------------------


def register(code: str, unit_id: int, spot: Mapping[str, str], *, by: Actor, now: datetime) -> tuple[Machine, str]:
    """Register a machine and return it with the code that pairs its browser within fifteen minutes. Raises Wrong."""
    name, place = code.strip().upper(), matter_queries.units().get(unit_id)
    if not CODE.match(name) or place is None:
        raise Wrong(
            "machine", "机器编号用大写字母、数字和短横线。", "A machine’s code has capitals, digits and hyphens."
        )
    words = {language: spot.get(language, "").strip()[:60] for language in ("zh", "en")}
    if not all(words.values()):
        raise Wrong("spot", "位置要写中英文。", "Say where it stands, in both languages.")
    made = Machine(
        id=new_id(), org_id=place.org_id, code=name, unit_id=unit_id, spot=words, registered_by=by.account_id,
        registered_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            append(entry("kiosk:machine:registered", {"machine": made.id, "code": name, "by": by.account_id}, at=now))
            return made, _new_pairing(made, now)
    except IntegrityError:
        raise Wrong("taken", "这个编号已经用过。", "This code is taken.") from None


@transaction.atomic
def pair_anew(machine_id: UUID, *, by: Actor, now: datetime) -> str:
    """Return a new pairing code for a machine; its browser of before is shut out at once. Raises Unknown."""
    found = Machine.objects.select_for_update().filter(id=machine_id, retired_at__isnull=True).first()
    if found is None:
        raise Unknown
    append(entry("kiosk:machine:reset", {"machine": found.id, "by": by.account_id}, at=now))
    return _new_pairing(found, now)


def _new_pairing(machine: Machine, now: datetime) -> str:
    code = f"{secrets.randbelow(10**8):08d}"
    machine.pairing_index, machine.pairing_until = blind_index("kiosk_pairing", code), now + PAIRING_LASTS
    machine.token_hash, machine.paired_at = None, None
    machine.save(update_fields=["pairing_index", "pairing_until", "token_hash", "paired_at"])
    return code


def pair(code: str, *, address: str, now: datetime) -> tuple[Machine, str]:
    """Return the machine of a pairing code and the token for its browser; the code is used up. Raises Unknown."""
    try:
        limits.spend("kiosk-pairing", address, PAIRING_GUESSES, now)
    except TooMany:
        raise Unknown from None
    wanted = blind_index("kiosk_pairing", re.sub(r"\D", "", code))
    with transaction.atomic():
        rows = Machine.objects.select_for_update()
        found = rows.filter(pairing_index=wanted, pairing_until__gt=now, retired_at__isnull=True).first()
        if found is None:
            raise Unknown
        token = secrets.token_urlsafe(32)
        found.token_hash, found.paired_at = queries.token_hash(token), now
        found.pairing_index = found.pairing_until = None
        found.save(update_fields=["token_hash", "paired_at", "pairing_index", "pairing_until"])
        append(entry("kiosk:machine:paired", {"machine": found.id}, at=now))
    return found, token


@transaction.atomic
def retire(machine_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take a machine out of use: its browser is shut out at once. Raises Unknown."""
    rows = Machine.objects.filter(id=machine_id, retired_at__isnull=True)
    if not rows.update(retired_at=now, token_hash=None):
        raise Unknown
    _end_all(machine_id, "next", now)
    append(entry("kiosk:machine:retired", {"machine": machine_id, "by": by.account_id}, at=now))


@transaction.atomic
def set_paper(machine_id: UUID, *, out: bool, by: Actor | None, now: datetime) -> None:
    """Write down that a machine has run out of paper, or that somebody has put some in. Raises Unknown."""
    rows = Machine.objects.filter(id=machine_id, retired_at__isnull=True)
    if not rows.exists():
        raise Unknown
    rows.filter(paper_out_at__isnull=out).update(paper_out_at=now if out else None)
    said = {"machine": machine_id, "out": out, "by": by.account_id if by else None}
    append(entry("kiosk:machine:paper", said, at=now))


# ---- visits ----------------------------------------------------------------------------------------------


@transaction.atomic
def begin_visit(machine: Machine, by: Actor, now: datetime) -> Visit:
    """Let a person in at a machine; a visit that somebody left open there ends."""
    Machine.objects.select_for_update().get(id=machine.id)
    _end_all(machine.id, "next", now)
    made = Visit.objects.create(
        org_id=machine.org_id, machine_id=machine.id, account_id=by.account_id, begun_at=now, seen_at=now
    )
    said = {"machine": machine.id, "visit": made.id, "by": by.account_id}
    append(entry("kiosk:visit:begun", said, at=now, org_id=machine.org_id, subject_id=by.person_id))
    return made


def touch(visit: Visit, now: datetime) -> None:
    """Let the countdown begin anew: a sign of life, no act."""
    Visit.objects.filter(id=visit.id, ended_at__isnull=True).update(seen_at=now)


@transaction.atomic
def end_visit(visit_id: UUID, why: str, now: datetime) -> None:
    """End a visit; what it left in the printer's queue is cancelled."""
    rows = Visit.objects.filter(id=visit_id, ended_at__isnull=True)
    found = rows.first()
    if found is not None and rows.update(ended_at=now, why=why):
        _wipe(found, why, now)


def end_left(now: datetime) -> int:
    """End the visits that nobody goes on with, also where the machine itself has fallen silent; return how many."""
    last = now - queries.IDLE - queries.GRACE
    left = Visit.objects.filter(ended_at__isnull=True, seen_at__lt=last).values_list("id", flat=True)[:500]
    for visit_id in left:
        end_visit(visit_id, "timeout", now)
    return len(left)


def _end_all(machine_id: UUID, why: str, now: datetime) -> None:
    for visit in Visit.objects.select_for_update().filter(machine_id=machine_id, ended_at__isnull=True):
        Visit.objects.filter(id=visit.id).update(ended_at=now, why=why)
        _wipe(visit, why, now)


def _wipe(visit: Visit, why: str, now: datetime) -> None:
    jobs = PrintJob.objects.filter(visit_id=visit.id, state=PrintJob.WAITING)
    left = jobs.update(state=PrintJob.CANCELLED, done_at=now)
    checks = at_machine.wipe(visit.account_id, visit.begun_at, now)
    said = {"machine": visit.machine_id, "visit": visit.id, "why": why, "cancelled": left, "checks": checks}
    append(entry("kiosk:visit:ended", said, at=now, org_id=visit.org_id))


# ---- at the machine --------------------------------------------------------------------------------------


@transaction.atomic
def apply_at_once(
    offer: plugs.AtOnce, said: Mapping[str, Any], *, visit: Visit, by: Actor, now: datetime, request_id: UUID
) -> Snapshot:
    """Submit a service that is issued at once, from what was said at the machine. Raises matters' refusals."""
    _, body = matter_queries.service(offer.code)
    assert by.person_id is not None
    known = matter_queries.prefills(body, by.person_id, now, said)
    answers = {**known, **offer.fixed, **said}
    answers |= offer.follows(answers)
    made = matters.submit_whole(offer.code, answers, by=by, now=now, request_id=request_id)
    note_submitted(made, visit=visit, by=by, now=now)
    return made


def note_submitted(matter: Snapshot, *, visit: Visit, by: Actor, now: datetime) -> None:
    """Write down at which machine a matter was submitted, in the transaction of the submission."""
    told = {"machine": visit.machine_id, "visit": visit.id, "matter": matter.id, "by": by.account_id}
    append(entry("kiosk:matter:submitted", told, at=now, org_id=visit.org_id, subject_id=by.person_id))


@transaction.atomic
def queue_print(
    kind: str, matter: Snapshot, paper_id: UUID | None, *, visit: Visit, by: Actor, now: datetime
) -> PrintJob:
    """Send a receipt or a paper of the visitor's own to the printer: the caller has checked that it is theirs."""
    made = PrintJob.objects.create(
        org_id=visit.org_id, machine_id=visit.machine_id, visit_id=visit.id, kind=kind, matter_id=matter.id,
        paper_id=paper_id, queued_at=now,
    )  # fmt: skip
    said = {"machine": visit.machine_id, "visit": visit.id, "job": made.id, "matter": matter.id, "kind": kind}
    append(entry("kiosk:paper:queued", {**said, "by": by.account_id}, at=now, subject_id=by.person_id))
    return made


@transaction.atomic
def printed(job: PrintJob, *, now: datetime) -> None:
    """Write down that the paper came out."""
    if PrintJob.objects.filter(id=job.id, state=PrintJob.WAITING).update(state=PrintJob.PRINTED, done_at=now):
        append(entry("kiosk:paper:printed", {"machine": job.machine_id, "job": job.id}, at=now, org_id=job.org_id))


@transaction.atomic
def take_ticket(machine: Machine, place: str, service: str, *, now: datetime, request_id: UUID) -> BookedVisit:
    """Give a ticket for today, printed with its number alone. Raises booking's refusals: full, closed."""
    taken = booking.take_ticket(place, [service], by=SYSTEM, now=now, request_id=request_id)
    said = {"machine": machine.id, "ticket": taken.id, "place": place}
    append(entry("kiosk:ticket:taken", said, at=now, org_id=machine.org_id))
    return taken


def call_help(machine: Machine, words: str, *, now: datetime, request_id: UUID) -> str:
    """Call somebody to the machine and return the number of the call; "" when nobody can be called.

    Pressed again and again it calls three times in ten minutes. Raises TooMany then.
    """
    call = plugs.helper()
    if call is None:
        return ""
    limits.spend("kiosk-help", str(machine.id), HELP_AGAIN, now)
    with transaction.atomic():
        number = call(machine.code, words, now=now, request_id=request_id)
        append(entry("kiosk:help:called", {"machine": machine.id, "number": number}, at=now, org_id=machine.org_id))
    return number
