"""Differences: each has an owner from the first moment, until somebody closes it with a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q

from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.models import Appointment
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay.errors import Stale, Unknown, Wrong
from minjing.kernel.pay.models import Difference
from minjing.kernel.pay.rights import RECONCILE, require
from minjing.kernel.pay.rules.matching import KINDS, NOTE_MAX, OWN_REASONS, REASONS

_OPEN = """
INSERT INTO pay_difference (id, org_id, house, day, kind, number, gateway_no, our_fen, their_fen, order_id, owner_id,
    state, opened_at, note)
VALUES (%(id)s, %(org_id)s, %(house)s, %(day)s, %(kind)s, %(number)s, %(gateway_no)s, %(our_fen)s, %(their_fen)s,
    %(order_id)s, %(owner_id)s, 'open', %(now)s, %(note)s)
ON CONFLICT (org_id, house, day, kind, number) DO NOTHING RETURNING id
"""


@transaction.atomic
def open_difference(
    *,
    house: str,
    day: date,
    kind: str,
    number: str,
    now: datetime,
    gateway_no: str = "",
    our_fen: int | None = None,
    their_fen: int | None = None,
    order_id: UUID | None = None,
    note: str = "",
) -> UUID | None:
    """Open a difference and give it an owner; None when the same one was opened before."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of difference")
    said: dict[str, Any] = {
        "id": new_id(), "org_id": 0, "house": house, "day": day, "kind": kind, "number": number[:40],
        "gateway_no": gateway_no[:64], "our_fen": our_fen, "their_fen": their_fen, "order_id": order_id,
        "owner_id": owner(now), "now": now, "note": note[:NOTE_MAX],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, said)
        row = cursor.fetchone()
    if row is None:
        return None
    told = {k: said[k] for k in ("house", "day", "kind", "number", "gateway_no", "our_fen", "their_fen")}
    told |= {"difference": said["id"], "owner": said["owner_id"], "order": order_id}
    ledger.append(ledger.entry("pay:difference:opened", told, at=now))
    found: UUID = row[0]
    return found


def owner(now: datetime) -> UUID:
    """Return who takes care of the next difference: of those who reconcile, the one with the fewest open.

    Where nobody holds the act yet, the system itself: the desk shows such differences to whoever comes to hold it.
    """
    held = Appointment.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now),
        since__lte=now,
        account__is_active=True,
        deputy_for__isnull=True,
        post__acts__contains=[RECONCILE],
    )
    able = sorted(set(held.values_list("account_id", flat=True)))
    if not able:
        return SYSTEM.account_id
    counted = Difference.objects.filter(state="open", owner_id__in=able).values_list("owner_id").annotate(Count("pk"))
    busy = dict(counted.order_by())
    return min(able, key=lambda account: (busy.get(account, 0), account))


@transaction.atomic
def hand_over(difference_id: UUID, to: UUID, *, by: Actor, now: datetime) -> None:
    """Give a difference to another officer who reconciles, or take it oneself. Raises NotAllowed, Unknown, Wrong."""
    require(by, RECONCILE)
    held = Appointment.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now), since__lte=now, account_id=to, post__acts__contains=[RECONCILE]
    )
    if not held.exists():
        raise Wrong("owner", "请选择一名对账民警。", "Choose an officer who reconciles.")
    row = _open_row(difference_id)
    before, row.owner_id = row.owner_id, to
    row.save(update_fields=["owner_id"])
    said = {"difference": row.pk, "from": before, "owner": to, "by": by.account_id}
    ledger.append(ledger.entry("pay:difference:handed_over", said, at=now))


@transaction.atomic
def close(difference_id: UUID, reason: str, note: str, *, by: Actor, now: datetime) -> None:
    """Close a difference with a reason of the list and the owner's words.

    Raises NotAllowed, Unknown, Stale, Wrong.
    """
    require(by, RECONCILE)
    if reason not in REASONS or reason in OWN_REASONS:
        raise Wrong("reason", "请选择处理结果。", "Choose what became of it.")
    if not note.strip() or len(note) > NOTE_MAX:
        raise Wrong(
            "note",
            f"请写明如何核实和处理（不超过 {NOTE_MAX} 字）。",
            f"Say how you checked and settled it, in at most {NOTE_MAX} characters.",
        )
    row = _open_row(difference_id)
    if row.owner_id not in (by.account_id, SYSTEM.account_id):
        raise Wrong(
            "owner",
            "这项差错由其他民警负责。请先接手，再关闭。",
            "Another officer owns this difference. Take it over first.",
        )
    _close(row, reason, note.strip(), by, now)


def close_matched(row: Difference, *, now: datetime) -> None:
    """Close a difference that a later bill or answer has explained; in the caller's transaction."""
    _close(row, "matched_later", row.note, SYSTEM, now)


def _close(row: Difference, reason: str, note: str, by: Actor, now: datetime) -> None:
    row.state, row.reason, row.note, row.closed_at, row.closed_by = "closed", reason, note, now, by.account_id
    row.save(update_fields=["state", "reason", "note", "closed_at", "closed_by"])
    said = {"difference": row.pk, "kind": row.kind, "reason": reason, "by": by.account_id}
    ledger.append(ledger.entry("pay:difference:closed", said, at=now))


def _open_row(difference_id: UUID) -> Difference:
    row = Difference.objects.select_for_update().filter(pk=difference_id).first()
    if row is None:
        raise Unknown
    if row.state != "open":
        raise Stale
    return row
