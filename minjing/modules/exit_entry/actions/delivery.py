"""How a document reaches its holder: at the hall, by post, or from a cabinet with a code."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from minjing.base.clock import CHINA
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.notify import actions as notify
from minjing.modules.exit_entry import errors, events, tariff
from minjing.modules.exit_entry.actions.case import Case
from minjing.modules.exit_entry.actions.documents import handed_over
from minjing.modules.exit_entry.models import Document, PickUp, Shipment
from minjing.modules.exit_entry.queries import CODE
from minjing.modules.exit_entry.rules import Objection

BOXES = [f"{row}{column:02d}" for row in "ABCD" for column in range(1, 25)]  # one cabinet of 96 in the hall
CODE_INDEX, ADDRESS = "pick_up_code", "exit_entry_shipment.address"
CODE_DIGITS = 8
ORDER_LATER = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'exit_entry.order', %s)"
)
# What a step is called in the flow → how the applicant chose to receive it.
CHOSEN = {"to_hall": "hall", "to_post": "post", "to_cabinet": "cabinet"}
HANDING_OVER = ("to_hall", "to_post", "to_cabinet", "handed_over", "delivered", "taken")


def after_step(name: str) -> Callable[[Case], None]:
    """Return what is done beside the step `name` of handing over."""
    return {
        "to_hall": lambda case: _chosen(case, "to_hall"),
        "to_post": _to_post,
        "to_cabinet": _to_cabinet,
        "handed_over": lambda case: _written_down(case, "handed_over"),
        "delivered": lambda case: _written_down(case, "delivered"),
        "taken": lambda case: _written_down(case, "taken"),
    }[name]


def _chosen(case: Case, step: str) -> None:
    """Refuse a way that the applicant has not chosen."""
    if case.first("delivery_mode") not in ("", CHOSEN[step]):
        raise errors.refused(Objection("other_delivery", detail=case.label("delivery_mode")))


def _written_down(case: Case, how: str) -> None:
    for document in Document.objects.filter(matter_id=case.matter.id):
        handed_over(case.act, document, how)


# ---- post -----------------------------------------------------------------------------------------------


def _to_post(case: Case) -> None:
    """Keep the order for the carrier; a job gives it to them once this has been committed."""
    _chosen(case, "to_post")
    person = case.holder
    names = identity.look(case.act.by, [person], ["name"], matter_id=case.matter.id, now=case.act.now)
    receiver = {
        "name": names.get(person, {}).get("name", ""),
        "phone": case.first("contact_phone"),
        "address": case.first("post_address"),
    }
    shipment = Shipment.objects.create(
        org_id=case.matter.org_id,
        matter_id=case.matter.id,
        person_id=person,
        state="to_order",
        state_at=case.act.now,
        address_sealed=seal(person, ADDRESS, json.dumps(receiver, ensure_ascii=False)),
    )
    with connection.cursor() as cursor:
        cursor.execute(ORDER_LATER, [json.dumps({"shipment_id": str(shipment.id)})])
    case.act.note(events.POSTED, case.matter.org_id, person)


# ---- the cabinet ----------------------------------------------------------------------------------------


def _to_cabinet(case: Case) -> None:
    """Put a document in a free box and make the code that opens it once."""
    _chosen(case, "to_cabinet")
    box = _free_box()
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    person = case.holder
    until = case.act.now + timedelta(hours=tariff.platform().cabinet_hours)
    PickUp.objects.create(
        org_id=case.matter.org_id,
        matter_id=case.matter.id,
        person_id=person,
        box=box,
        code_index=blind_index(CODE_INDEX, code),
        code_sealed=seal(person, CODE, code),
        put_at=case.act.now,
        until_at=until,
    )
    case.act.note(events.PUT, case.matter.org_id, person, box=box, until=until)
    _tell_code(case, code, box, until)


def _tell_code(case: Case, code: str, box: str, until: datetime) -> None:
    """Text the code to the holder's own phone, sealed on its way; no other channel carries it (README)."""
    account = case.matter.account_id
    if account is None or case.matter.person_id != case.holder:
        return  # somebody else applied: the holder reads the code after signing in
    end, number = until.astimezone(CHINA), case.matter.number
    text = {
        "zh": f"取证码 {code}：办件 {number} 在大厅自助取证柜 {box} 号格口，{end:%m-%d %H:%M} 前有效，"
        "只能用一次，请勿转告他人。",
        "en": f"Code {code}: matter {number} is in box {box} of the hall’s cabinet until {end:%m-%d %H:%M}. It works "
        "once; tell it to nobody.",
    }
    notify.text_account(account, "matters", text, now=case.act.now)


def _free_box() -> str:
    used = set(PickUp.objects.filter(opened_at__isnull=True, emptied_at__isnull=True).values_list("box", flat=True))
    free = next((box for box in BOXES if box not in used), "")
    if not free:
        raise errors.refused(Objection("no_box"))
    return free


@transaction.atomic
def open_box(code: str, *, now: datetime) -> PickUp | None:
    """Open a box of the cabinet: once, while the code holds. None for a wrong, used or run-out code, on record."""
    index = blind_index(CODE_INDEX, "".join(c for c in code if c.isdigit()))
    opened = PickUp.objects.filter(
        code_index=index, opened_at__isnull=True, emptied_at__isnull=True, until_at__gt=now
    ).update(opened_at=now)
    if not opened:
        append(entry(events.CODE_REFUSED, {"by": SYSTEM.account_id}, at=now))
        return None
    found = PickUp.objects.get(code_index=index)
    append(
        entry(
            events.OPENED,
            {"matter": found.matter_id, "box": found.box, "by": SYSTEM.account_id},
            at=now,
            org_id=found.org_id,
            subject_id=found.person_id,
        )
    )
    return found


@transaction.atomic
def empty_run_out(*, now: datetime) -> list[UUID]:
    """Take back to the hall what was not fetched in time; return the matters concerned."""
    found = PickUp.objects.select_for_update(skip_locked=True).filter(
        opened_at__isnull=True, emptied_at__isnull=True, until_at__lte=now
    )
    rows = list(found[:500])
    for row in rows:
        row.emptied_at = now
    PickUp.objects.bulk_update(rows, ["emptied_at"])
    append(
        *(
            entry(
                events.RUN_OUT,
                {"matter": row.matter_id, "box": row.box, "by": SYSTEM.account_id},
                at=now,
                org_id=row.org_id,
                subject_id=row.person_id,
            )
            for row in rows
        )
    )
    return [row.matter_id for row in rows]
