"""Card readers and the cameras beside them: leave for one reading or picture, and the taking of it, once."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction

from minjing.base.ids import new_id
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.providers.card_reader import tickets
from minjing.kernel.identity.rules import card, card_chip
from minjing.kernel.ledger import actions as ledger

REFUSED = {
    "shape": ("读卡器的回答不完整。请重新放卡。", "The reader's answer was incomplete. Lay the card on again."),
    "device": (
        "这台读卡器没有登记，不能使用。请到旁边的机器。",
        "This reader is not registered. Use another machine.",
    ),
    "signature": (
        "读卡结果的签名不对，未被采用。请重新放卡。",
        "The reading's signature is wrong. Lay the card on again.",
    ),
    "ticket": ("这次读卡不是本页面要求的，未被采用。", "This page did not ask for this reading."),
    "other_page": ("这次读卡不是本页面要求的，未被采用。", "This page did not ask for this reading."),
    "late": (
        "读卡超过了两分钟，已失效。请重新放卡。",
        "The reading is more than two minutes old. Lay the card on again.",
    ),
    "replayed": ("这次读卡已经用过。请重新放卡。", "This reading has been used. Lay the card on again."),
}


SLOT_REFUSED = (
    "这不是本机刚刚读出或写入的，未被采用。请取回通行证，重新放入。",
    "This machine did not read or write that just now. Take the permit out and put it in again.",
)
SHOT_REFUSED = (
    "这张照片不是本机摄像头刚刚拍下的，未被采用。请重新拍。",
    "This picture was not taken by this machine’s camera just now. Take it again.",
)


def card_ticket(*, device: str, session: str, now: datetime) -> str:
    """Return leave for one reading, or one picture, by this device for a page of this session. Raises Unknown."""
    known = tickets.devices(settings.CARD_READERS).get(device)
    if known is None:
        raise Unknown
    return tickets.ticket(known, new_id(), session, now)


def take_card(carried: str, *, session: str, by: UUID | None, now: datetime) -> card.CardReading:
    """Return what the reader read, checked like a photographed card; it is on record and cannot come again.

    `carried` is what the page brought from the bridge, `by` the account that acts, if there is one. Raises
    NotAllowed, which is on record too.
    """
    try:
        ticket_id, signed = tickets.check(carried, tickets.devices(settings.CARD_READERS), session, now)
        _once(ticket_id, signed.device, by, now)
    except card_chip.Refused as refused:
        said = {"by": by, "reason": refused.reason}
        ledger.append(ledger.entry("identity:card:refused", said, at=now))
        zh, en = REFUSED[refused.reason]
        raise NotAllowed(f"card_{refused.reason}", {"zh": zh, "en": en}) from None
    reading = card.judge(card_chip.as_fields(signed), now.astimezone(ZoneInfo(settings.TIME_ZONE)).date())
    portrait = base64.b64decode(signed.portrait) if signed.portrait else None
    return replace(reading, engine=f"card reader {signed.device}", portrait=portrait)


def take_shot(carried: str, *, session: str, by: UUID | None, now: datetime) -> bytes:
    """Return the JPEG that the machine's camera took for a page of this session, once; it is on record.

    `carried` is what the page brought from the bridge. Raises NotAllowed, which is on record too.
    """
    try:
        ticket_id, shot = tickets.check_shot(carried, tickets.devices(settings.CARD_READERS), session, now)
        picture = shot.jpeg()
        _once(ticket_id, shot.device, by, now, "identity:camera:shot")
    except card_chip.Refused as refused:
        said = {"by": by, "reason": refused.reason}
        ledger.append(ledger.entry("identity:camera:refused", said, at=now))
        zh, en = SHOT_REFUSED
        raise NotAllowed(f"shot_{refused.reason}", {"zh": zh, "en": en}) from None
    return picture


def take_slot(carried: str, what: str, *, session: str, by: UUID | None, now: datetime) -> str:
    """Return the number of the permit in the machine's slot, or the words written to its chip; once, on record.

    `what` is rules.permit_slot.TAKEN or WRITTEN. Raises NotAllowed, which is on record too.
    """
    try:
        ticket_id, said = tickets.check_slot(carried, what, tickets.devices(settings.CARD_READERS), session, now)
        _once(ticket_id, said.device, by, now, f"identity:{what.replace('_', ':')}")
    except card_chip.Refused as refused:
        ledger.append(ledger.entry("identity:permit:refused", {"by": by, "reason": refused.reason}, at=now))
        zh, en = SLOT_REFUSED
        raise NotAllowed(f"slot_{refused.reason}", {"zh": zh, "en": en}) from None
    return said.text


def _once(ticket_id: UUID, device: str, by: UUID | None, now: datetime, kind: str = "identity:card:read") -> None:
    """Write it down under the ticket's own id: the ledger holds each id once, whoever comes at once."""
    written = replace(ledger.entry(kind, {"by": by, "device": device}, at=now), id=ticket_id)
    try:
        with transaction.atomic():
            ledger.append(written)
    except IntegrityError:
        raise card_chip.Refused("replayed") from None
