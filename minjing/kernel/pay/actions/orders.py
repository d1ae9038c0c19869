"""Orders: opened with a matter, settled by money or by waivers, given up, or out of time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.notify import actions as notify
from minjing.kernel.pay import jobs, plugs
from minjing.kernel.pay.city import area
from minjing.kernel.pay.errors import Unknown
from minjing.kernel.pay.models import Attempt, Item, Order, Waiver
from minjing.kernel.pay.rules import amounts, numbers
from minjing.kernel.pay.rules.states import ORDER, UNFINISHED_ATTEMPTS, move

ORDER_LIVES = timedelta(days=7)
_COUNT = """
INSERT INTO pay_counter (org_id, year, last) VALUES (%s, %s, 1)
ON CONFLICT (org_id, year) DO UPDATE SET last = pay_counter.last + 1 RETURNING last
"""
# An array that is known only as the statement runs: so one plan serves however many there are.
_HOLD = "SELECT FROM pay_order WHERE subject_id = ANY(ARRAY(SELECT unnest(%s::uuid[]))) ORDER BY id FOR UPDATE"


@transaction.atomic
def open_order(
    *,
    subject: UUID,
    subject_number: str,
    title: Mapping[str, str],
    account_id: UUID,
    person_id: UUID,
    org_id: int,
    unit_id: int,
    items: Sequence[amounts.Item],
    waivers: Sequence[amounts.Waiver] = (),
    purpose: str = "fee",
    code: str = "",
    expires_at: datetime | None = None,
    by: Actor,
    now: datetime,
) -> Order:
    """Open the order of a fee in the caller's transaction; asked twice for a subject, it returns the same one.

    `waivers` are the rules that hold, as the caller found; each is granted here with its reason. When nothing is left
    to pay the order is settled at once: look at its state, `on_settled` is not called for it.
    """
    before = Order.objects.filter(
        org_id=org_id, subject_id=subject, purpose=purpose, state__in=["open", "settled"]
    ).first()
    if before is not None:
        return before
    total, off = amounts.total(items), amounts.waived(items, waivers)
    due = total - sum(off.values())
    order = Order.objects.create(
        id=new_id(),
        org_id=org_id,
        bill_no=_bill_number(org_id, now),
        subject_id=subject,
        subject_number=subject_number,
        purpose=purpose,
        unit_id=unit_id,
        code=code,
        account_id=account_id,
        person_id=person_id,
        title=dict(title),
        total_fen=total,
        waived_fen=total - due,
        state="open" if due else "settled",
        opened_at=now,
        expires_at=expires_at or now + ORDER_LIVES,
        closed_at=None if due else now,
    )
    _write_parts(order, items, waivers, off, now)
    said = {
        "order": order.id, "bill": order.bill_no, "matter": subject, "total_fen": total, "due_fen": due,
        "items": [[i.name, i.fen] for i in items], "waivers": [[n, fen] for n, fen in off.items() if fen],
        "by": by.account_id,
    }  # fmt: skip
    ledger.append(ledger.entry("pay:order:opened", said, at=now, org_id=org_id, subject_id=person_id))
    return order


def _write_parts(
    order: Order,
    items: Sequence[amounts.Item],
    waivers: Sequence[amounts.Waiver],
    off: Mapping[str, int],
    now: datetime,
) -> None:
    Item.objects.bulk_create(
        Item(
            id=new_id(), org_id=order.org_id, order=order, name=i.name, title=dict(i.title), fen=i.fen,
            basis=dict(i.basis),
        )
        for i in items
    )  # fmt: skip
    Waiver.objects.bulk_create(
        Waiver(
            id=new_id(), org_id=order.org_id, order=order, name=w.name, title=dict(w.title), fen=off[w.name],
            percent=w.percent, basis=dict(w.basis), state="granted", asked_by=SYSTEM.account_id, asked_at=now,
            decided_by=SYSTEM.account_id, decided_at=now,
        )
        for w in waivers
        if off[w.name]
    )  # fmt: skip


def locked(order_id: UUID) -> Order:
    """Return the order, locked: everything that moves its money takes this lock first. Raises Unknown."""
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise Unknown
    return order


def hold_subject(subject: UUID) -> None:
    """Lock the orders of a subject in the caller's transaction.

    Who changes a matter and then its order would otherwise wait for one that does it the other way round.
    """
    hold_subjects([subject])


def hold_subjects(subjects: Collection[UUID]) -> None:
    """Lock the orders of several subjects, in the one order in which everybody locks orders."""
    with prepared_cursor() as cursor:
        cursor.execute(_HOLD, [list(subjects)])


def settle(order: Order, *, by: Actor, now: datetime) -> None:
    """Settle a locked order that owes nothing any more, with what follows from it, in the caller's transaction."""
    order.state, order.closed_at = move(ORDER, order.state, "settled"), now
    order.save(update_fields=["state", "closed_at"])
    said = {"order": order.id, "bill": order.bill_no, "matter": order.subject_id, "due_fen": owed(order)}
    said["by"] = by.account_id
    ledger.append(ledger.entry("pay:order:settled", said, at=now, org_id=order.org_id, subject_id=order.person_id))
    close_attempts(order, now)
    for follows in plugs.SETTLED:
        follows(order, by=by, now=now)
    if owed(order):
        jobs.enqueue(jobs.RECEIPT, [order.id])
    tell(order, "pay_settled" if owed(order) else "pay_waived", now=now)


def cancel(order: Order, *, by: Actor, now: datetime) -> None:
    """Give a locked open order up: no money is asked for any more, and what comes all the same goes back."""
    order.state, order.closed_at = move(ORDER, order.state, "cancelled"), now
    order.save(update_fields=["state", "closed_at"])
    close_attempts(order, now)
    said = {"order": order.id, "bill": order.bill_no, "matter": order.subject_id, "by": by.account_id}
    ledger.append(ledger.entry("pay:order:cancelled", said, at=now, org_id=order.org_id, subject_id=order.person_id))


@transaction.atomic
def cancel_open(subject: UUID, *, by: Actor, now: datetime) -> int:
    """Ask for no more money for a subject, in the caller's transaction; return how many orders were given up."""
    orders = list(Order.objects.select_for_update().filter(subject_id=subject, state="open").order_by("id"))
    for order in orders:
        cancel(order, by=by, now=now)
    return len(orders)


@transaction.atomic
def expire(order_id: UUID, *, now: datetime) -> bool:
    """Let an order go out of time, once the gateways have said of every attempt that it is closed.

    While one is not, it is asked about at once and the order stays open: nobody's money arrives at a closed door.
    """
    order = locked(order_id)
    if order.state != "open" or order.expires_at > now:
        return False
    if close_attempts(order, now):
        return False
    order.state, order.closed_at = move(ORDER, order.state, "expired"), now
    order.save(update_fields=["state", "closed_at"])
    said = {"order": order.id, "bill": order.bill_no, "matter": order.subject_id, "by": SYSTEM.account_id}
    ledger.append(ledger.entry("pay:order:expired", said, at=now, org_id=order.org_id, subject_id=order.person_id))
    for follows in plugs.EXPIRED:
        follows(order, by=SYSTEM, now=now)
    return True


def close_attempts(order: Order, now: datetime) -> int:
    """Have every attempt of the order that is not over closed at its gateway soon; return how many there are.

    The question goes out by a job: the caller's transaction holds the order's lock and waits for no gateway.
    """
    left = list(
        Attempt.objects.filter(order_id=order.id, state__in=UNFINISHED_ATTEMPTS)
        .order_by("id")
        .values_list("id", flat=True)
    )
    Attempt.objects.filter(id__in=left, next_at__gt=now).update(next_at=now)
    jobs.enqueue(jobs.ASK, left)
    return len(left)


def owed(order: Order) -> int:
    """Return what is due in all, paid or not."""
    return order.total_fen - order.waived_fen


def tell(order: Order, template: str, *, now: datetime, about: str = "", fen: int = 0) -> None:
    """Tell the payer, in the caller's transaction; `about` names the occasion within the order."""
    notify.tell_many([telling(order, template, about=about, fen=fen)], now=now)


def telling(order: Order, template: str, *, about: str = "", fen: int = 0) -> notify.Telling:
    """Return what `tell` would tell, for a caller that tells several payers at once."""
    amount = fen or owed(order)
    params = {"title": order.title, "yuan": f"¥{amount // 100:,}.{amount % 100:02d}", "bill": order.bill_no}
    return notify.Telling(order.account_id, template, params, f"{order.id}|{about}", order.subject_id, order.org_id)


def _bill_number(org_id: int, now: datetime) -> str:
    year = now.astimezone(CHINA).year
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [org_id, year])
        (count,) = cursor.fetchone()
    return numbers.bill_number(area(), org_id, year, count)
