"""The same check at a machine in a hall: card from its reader, pictures from its camera, wiped with the visit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity.actions import card_readers, proofs
from minjing.kernel.identity.actions.checks import Compared, _keep, keep_selfie, own, read_and_whose
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Wrong
from minjing.kernel.identity.models import Check, CheckPicture
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.rules import checks

NO_PORTRAIT = Wrong(
    "no_portrait",
    {
        "zh": "读卡器没有读出证件照片，本机不能比对。请到窗口，由民警当面核验。",
        "en": "The reader gave no portrait, so nothing can be compared here. An officer at the counter will.",
    },
)


def keep_chip(check_id: UUID, carried: str, *, session: str, by: Actor, now: datetime) -> None:
    """Take the card that lies on the machine's reader: its fields need no typing, its portrait is compared with.

    Raises NotAllowed for a reading that is not believed, for another's card or an expired one (which ends the check);
    Wrong where the chip has no portrait and the register none either.
    """
    with transaction.atomic():
        person_id = own(check_id, by, now, Check.CARD, Check.FIELDS).person_id
    read = card_readers.take_card(carried, session=session, by=by.account_id, now=now)
    fields = {name: one.value for name, one in read.fields.items()}
    refused = read_and_whose(person_id, fields, read.remarks, now)
    known = plugs.register_photo(person_id) if plugs.register_photo else None
    if not refused and read.portrait is None and known is None:
        raise NO_PORTRAIT
    with transaction.atomic():
        row = own(check_id, by, now, Check.CARD, Check.FIELDS)
        if refused:
            proofs.end(row, refused, by=by, now=now)
        else:
            if read.portrait is not None:
                _keep(row, {CheckPicture.PORTRAIT: read.portrait}, now)
            row.state, row.reader = Check.WAY, read.engine[:60]
            row.said_sealed = proofs.sealed(row.person_id, {"fields": fields})
            row.expires_at = now + checks.AT_MACHINE_LASTS
            row.save(update_fields=["state", "reader", "said_sealed", "expires_at"])
    if refused:
        raise NotAllowed(refused, checks.OUTCOMES[refused])


def keep_shots(check_id: UUID, straight: str, turned: str, *, session: str, by: Actor, now: datetime) -> Compared:
    """Take the two pictures of the machine's camera for the step that was drawn; as `keep_selfie` from there on.

    No browser is remembered: the next person at the machine inherits nothing. Raises NotAllowed, Wrong, TooMany.
    """
    pictures = [
        card_readers.take_shot(carried, session=session, by=by.account_id, now=now) for carried in (straight, turned)
    ]
    return keep_selfie(check_id, pictures[0], pictures[1], by=by, device="", now=now)


def wipe(account_id: UUID, since: datetime, now: datetime) -> int:
    """Let the pictures of a machine's check go, and end it; return how many were touched.

    What was handed to an officer stays theirs until decided; who was given a code for the counter keeps the code, and
    shows the card itself there.
    """
    count = 0
    with transaction.atomic():
        rows = Check.objects.select_for_update().filter(account_id=account_id, purpose=Check.LEVEL)
        for row in rows.exclude(state__in=(*Check.ENDED, Check.WAITING)):
            if row.opened_at < since and not row.pictures.filter(taken_at__gte=since).exists():
                continue  # begun on a phone, and not taken up here
            if row.counter_index is not None:
                row.pictures.all().delete()
            else:
                proofs.end(row, "given_up", by=SYSTEM, now=now)
            count += 1
    return count
