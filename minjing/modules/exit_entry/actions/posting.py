"""Parcels: given to the carrier, followed by its word, and what follows for the matter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.ledger.actions import Entry, append, entry
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as matter_queries
from minjing.kernel.matters.errors import MatterError
from minjing.modules.exit_entry import events, rules
from minjing.modules.exit_entry.actions.delivery import ADDRESS
from minjing.modules.exit_entry.models import Scan, Shipment
from minjing.modules.exit_entry.providers.carrier import Carrier, Event, HttpCarrier, Parcel, Unavailable

QUIET = timedelta(hours=6)  # after this long without news the carrier is asked
TRIES_MAX = 200
AT_ONCE = 50
# What an end of the journey does to the matter.
ENDS = {"delivered": "deliver", "returned": "come_back"}


@cache
def carrier() -> Carrier:
    """Return the carrier that the settings name."""
    return HttpCarrier(settings.CARRIER_URL, settings.CARRIER_ACCOUNT, settings.CARRIER_KEY)


def callback() -> str:
    """Return the address that the carrier pushes to."""
    return settings.CARRIER_CALLBACK or f"{settings.BASE_URL}{reverse('exit_entry:carrier')}"


def order(shipment_id: UUID, *, now: datetime, by: Carrier | None = None) -> bool:
    """Give a parcel to the carrier; False when it could not be reached, and is tried again by the sweep.

    The order number is ours and the carrier honours it: asked twice, it gives the same waybill.
    """
    shipment = Shipment.objects.filter(id=shipment_id, state="to_order").first()
    if shipment is None:
        return True
    said = json.loads(unseal(shipment.person_id, ADDRESS, bytes(shipment.address_sealed)))
    parcel = Parcel(shipment.id.hex, said["name"], said["phone"], said["address"])
    try:
        waybill = (by or carrier()).order(parcel, callback())
    except Unavailable:
        Shipment.objects.filter(id=shipment_id).update(tries=shipment.tries + 1)
        return False
    _ordered(shipment_id, waybill, now)
    return True


@transaction.atomic
def _ordered(shipment_id: UUID, waybill: str, now: datetime) -> None:
    shipment = Shipment.objects.select_for_update().get(id=shipment_id)
    if shipment.state != "to_order":  # somebody else was first
        return
    shipment.waybill, shipment.state, shipment.state_at = waybill, "ordered", now
    shipment.save(update_fields=["waybill", "state", "state_at"])
    append(_entry(shipment, events.POSTED, now, waybill=waybill))


def _entry(shipment: Shipment, event: str, now: datetime, **what: object) -> Entry:
    said = {**what, "shipment": shipment.id, "matter": shipment.matter_id, "by": SYSTEM.account_id}
    return entry(event, said, at=now, org_id=shipment.org_id, subject_id=shipment.person_id)


@transaction.atomic
def told(waybill: str, happened: Sequence[Event], *, now: datetime) -> bool:
    """Keep what the carrier tells, each event once, in any order; False for a parcel that is not ours."""
    shipment = Shipment.objects.select_for_update().filter(waybill=waybill).first()
    if shipment is None:
        return False
    known = set(Scan.objects.filter(shipment=shipment).values_list("number", flat=True))
    fresh = {event.id: event for event in happened if event.id not in known}
    Scan.objects.bulk_create(
        Scan(org_id=shipment.org_id, shipment=shipment, number=e.id, what=e.what, place=e.place, at=e.at)
        for e in fresh.values()
    )
    state = rules.farthest([shipment.state, *(event.what for event in fresh.values())])
    if fresh:
        append(_entry(shipment, events.MOVED, now, state=state, scans=len(fresh)))
    if state != shipment.state:
        shipment.state, shipment.state_at = state, now
        shipment.save(update_fields=["state", "state_at"])
        if state in ENDS:
            take_step(shipment.matter_id, ENDS[state], now)
    return True


def take_step(matter_id: UUID, action: str, now: datetime) -> bool:
    """Let the matter take a step of the system; False where it is elsewhere by now."""
    matter = matter_queries.matter(matter_id, SYSTEM, now)
    try:
        matters.act(matter_id, action, ver=matter.ver, by=SYSTEM, now=now, request_id=new_id())
    except MatterError:
        return False
    return True


def follow_up(now: datetime) -> int:
    """Order what is not ordered yet and ask for quiet parcels; return how many were asked for."""
    for pk in Shipment.objects.filter(state="to_order", tries__lt=TRIES_MAX).values_list("id", flat=True)[:AT_ONCE]:
        order(pk, now=now)
    quiet = Shipment.objects.filter(state__in=("ordered", "picked_up", "moving"), state_at__lte=now - QUIET)
    waybills = list(quiet.order_by("state_at").values_list("waybill", flat=True)[:AT_ONCE])
    for waybill in waybills:
        try:
            told(waybill, carrier().events(waybill), now=now)
        except Unavailable:
            break
    return len(waybills)


def forged(now: datetime) -> None:
    """Write down that a push came which the carrier has not signed."""
    append(entry(events.FORGED, {"by": SYSTEM.account_id}, at=now))
