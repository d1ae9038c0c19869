"""The ten-minute waiver: the owner is told at the time, says by the text's link that the car is gone, and an officer
strikes the violation with one key; or asks with photos afterwards, and the decided request strikes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from minjing.base.clock import CHINA
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events, packs
from minjing.modules.traffic.actions import judging, penalties, telling
from minjing.modules.traffic.actions.guarding import refuse_own
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.models import ParkingNotice, Strike, Violation
from minjing.modules.traffic.rules import plates
from minjing.modules.traffic.rules.parking_waiver import GROUND, refusal

SALT = "traffic.parking"
SLACK = timedelta(minutes=1)  # a text message is some seconds on its way; the driver's minutes begin with the notice


def window() -> timedelta:
    """Return within how long a driver has to be gone."""
    minutes: int = packs.in_force().parameters["parking_waiver_minutes"]
    return timedelta(minutes=minutes)


def again_after() -> timedelta:
    """Return after how long the same vehicle may be let off again."""
    hours: int = packs.in_force().parameters["parking_waiver_again_hours"]
    return timedelta(hours=hours)


def conducts() -> frozenset[str]:
    """Return the parking conducts that the waiver is for."""
    return frozenset(packs.in_force().parameters["parking_waiver_conducts"])


def noticed(violation: Violation, *, now: datetime) -> None:
    """Tell the owner of a parking violation seen just now, with the link to say that the car is gone."""
    if violation.conduct not in conducts() or not timedelta(0) <= now - violation.violated_at <= window():
        return  # before anybody is looked up: every camera's record comes by here
    owner = telling.owner_of(violation)
    account = people.account_of_person(owner) if owner else None
    if account is None:
        return
    ParkingNotice.objects.create(violation_id=violation.pk, org_id=violation.org_id, noticed_at=now)
    until = (now + window()).astimezone(CHINA)
    said = {
        "plate": plates.shown(violation.plate), "place": violation.place, "until": f"{until:%H:%M}",
        "link": f"{settings.BASE_URL}{reverse('traffic:parking_left', args=[link_of(violation.pk)])}",
    }  # fmt: skip
    notify.tell(account, "parking_noticed", said, dedupe=f"parking:{violation.pk}", now=now)
    _note(events.PARKING_NOTICED, violation, SYSTEM, now)


def link_of(violation_id: UUID) -> str:
    """Return the signed name of a notice in a text message: it opens nothing but the word that the car is gone."""
    return signing.Signer(salt=SALT).sign(violation_id.hex)


def by_link(link: str) -> tuple[ParkingNotice, Violation]:
    """Return what a link is about. Raises Unknown for one that the house has not made."""
    try:
        violation_id = UUID(signing.Signer(salt=SALT).unsign(link))
    except (signing.BadSignature, ValueError):
        raise Unknown from None
    notice = ParkingNotice.objects.filter(pk=violation_id).first()
    violation = Violation.objects.filter(pk=violation_id).first()
    if notice is None or violation is None:
        raise Unknown
    return notice, violation


def is_late(notice: ParkingNotice, now: datetime) -> bool:
    """Say whether the minutes are over in which a driver may say that the car is gone."""
    return now - notice.noticed_at > window() + SLACK


@transaction.atomic
def left(link: str, *, now: datetime) -> ParkingNotice:
    """Take the driver's word that the car is gone, once. Raises Unknown; Refused when it comes too late."""
    violation = by_link(link)[1]
    notice = ParkingNotice.objects.select_for_update().get(pk=violation.pk)
    if notice.left_at is not None:
        return notice
    if is_late(notice, now):
        raise Refused("waiver_late")
    notice.left_at = min(now, notice.noticed_at + window())
    notice.save(update_fields=["left_at"])
    _note(events.PARKING_LEFT, violation, SYSTEM, now)
    return notice


def claim_of(violation: Violation) -> ParkingNotice | None:
    """Return the notice in which a driver says in time that the car was gone; None without one."""
    return claims_of([violation.pk]).get(violation.pk)


def claims_of(violation_ids: Collection[UUID]) -> Mapping[UUID, ParkingNotice]:
    """Return those notices of violations in which a driver says in time that the car was gone."""
    return ParkingNotice.objects.filter(left_at__isnull=False).in_bulk(violation_ids)


def waive(
    violation: Violation,
    noticed_at: datetime,
    left_at: datetime,
    *,
    by: Actor,
    now: datetime,
    matter_id: UUID | None = None,
) -> Strike:
    """Strike a parking violation whose driver was gone in time, and recompute what followed.

    Raises Refused: own_car, waiver_kind for another conduct, waiver_late, waiver_again where the vehicle was let off
    already.
    """
    if violation.conduct not in conducts():
        raise Refused("waiver_kind")
    refuse_own(violation, "strike", by=by, now=now)
    with transaction.atomic():
        judging.hold(violation)  # of two at once for one vehicle, the second sees the first
        return _waived(violation, noticed_at, left_at, matter_id, by, now)


def _waived(
    violation: Violation, noticed_at: datetime, left_at: datetime, matter_id: UUID | None, by: Actor, now: datetime
) -> Strike:
    struck = Violation.objects.filter(plate=violation.plate, ground=GROUND, state=Violation.STRUCK)
    why = refusal(
        noticed_at=noticed_at,
        left_at=left_at,
        window=window(),
        earlier=list(struck.exclude(pk=violation.pk).values_list("violated_at", flat=True)),
        again_after=again_after(),
    )
    if why:
        raise Refused(f"waiver_{why}")
    evidence = {
        "noticed_at": noticed_at.isoformat(), "left_at": left_at.isoformat(),
        "window_s": int(window().total_seconds()),
    }  # fmt: skip
    return penalties.strike(violation.pk, GROUND, evidence, by=by, now=now, matter_id=matter_id)


def violation_of(plate: str, noticed_at: datetime) -> Violation | None:
    """Return the parking violation that a notice was about: the last one of the plate in the window before it."""
    rows = Violation.objects.filter(
        plate=plate, conduct__in=conducts(), violated_at__lte=noticed_at + SLACK,
        violated_at__gte=noticed_at - window(),
    )  # fmt: skip
    return rows.order_by("-violated_at").first()


def _note(kind: str, violation: Violation, by: Actor, now: datetime) -> None:
    said = {"violation": violation.pk, "by": by.account_id}
    ledger.append(ledger.entry(kind, said, at=now, org_id=violation.org_id, subject_id=telling.owner_of(violation)))
