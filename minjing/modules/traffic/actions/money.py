"""The money of fines: parts with their orders, what is added when late, what goes back when a fine becomes less.

Kernel pay keeps the books; here stands only which part of which decision an order is for. What is paid after a part
was let go comes back by kernel pay itself, as its order is cancelled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.matters import queries as matters
from minjing.kernel.pay.actions import orders, refunds
from minjing.kernel.pay.rules.amounts import Item
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Charge, Violation
from minjing.modules.traffic.rules.penalties.surcharge import share_back, surcharge_fen

if TYPE_CHECKING:
    from minjing.kernel.pay.models import Order

PURPOSE = "fine"


@transaction.atomic
def order_of(charge_id: UUID, *, by: Actor, now: datetime) -> Order:
    """Open the order of a part as of today, surcharge and all; asked again on one day, it is the same one.

    The surcharge grows by the day, so an order lasts until the end of the day on which it was opened.
    Raises Refused when nothing is due, or it is not the asker's.
    """
    orders.hold_subject(charge_id)
    charge = Charge.objects.select_for_update().select_related("decision__violation").filter(pk=charge_id).first()
    if charge is None or not _is_of(charge, by):
        raise Refused("not_yours")
    if charge.state in ("paid", "dropped"):
        raise Refused("nothing_due")
    decision, day = charge.decision, local_day(now)
    added = surcharge_fen(charge.fen, charge.due_date, day)
    if charge.state == "open" and added != charge.surcharge_fen:
        orders.cancel_open(charge.pk, by=by, now=now)
    title = title_of(decision.violation.conduct)
    items = [Item("fine", {"zh": f"罚款：{title['zh']}", "en": f"Fine: {title['en']}"}, charge.fen)]
    if added:
        items.append(Item("late", {"zh": "加处罚款（每日 3%）", "en": "Added for lateness (3 % a day)"}, added))
    tonight = (now.astimezone(CHINA) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    order = orders.open_order(
        subject=charge.pk,
        subject_number=decision.number,
        title={"zh": f"交通违法罚款 {decision.number}", "en": f"Traffic fine {decision.number}"},
        account_id=by.account_id,
        person_id=decision.person_id,
        org_id=charge.org_id,
        unit_id=min(matters.units(), default=0),
        items=items,
        purpose=PURPOSE,
        expires_at=tonight,
        by=by,
        now=now,
    )
    charge.state, charge.surcharge_fen, charge.order_id = "open", added, order.id
    charge.save(update_fields=["state", "surcharge_fen", "order_id"])
    return order


def _is_of(charge: Charge, by: Actor) -> bool:
    """Say whether a part is the asker's to pay: decided for their account, or for them at the counter."""
    return by.account_id == charge.decision.account_id or (
        by.person_id is not None and by.person_id == charge.decision.person_id
    )


def settled(order: Order, *, by: Actor, now: datetime) -> None:
    """Note that a part has been paid: kernel pay calls it in the transaction that settles the order."""
    charge = (
        Charge.objects.select_for_update().select_related("decision__violation").filter(pk=order.subject_id).first()
    )
    if charge is None:
        return
    charge.state, charge.paid_at = "paid", now
    charge.save(update_fields=["state", "paid_at"])
    decision = charge.decision
    if not Charge.objects.filter(decision_id=decision.pk).exclude(state__in=("paid", "dropped")).exists():
        Violation.objects.filter(pk=decision.violation_id, state=Violation.DECIDED).update(state=Violation.PAID)
    said = {"violation": decision.violation_id, "charge": charge.pk, "order": order.id, "fen": charge.fen}
    said |= {"surcharge_fen": charge.surcharge_fen, "by": by.account_id}
    entry = ledger.entry(events.CHARGE_PAID, said, at=now, org_id=charge.org_id, subject_id=decision.person_id)
    ledger.append(entry)


def expired(order: Order, *, by: Actor, now: datetime) -> None:
    """Let a part be due again whose order went out of time unpaid."""
    Charge.objects.filter(pk=order.subject_id, state="open").update(state="due")


@dataclass(frozen=True, slots=True)
class Settled:
    """What goes back of each violation, and the parts of fines that have changed: the caller writes them."""

    back: Mapping[UUID, int]
    parts: Sequence[Charge] = ()


def settle_down(fines: Mapping[UUID, int], charges: Collection[UUID], *, by: Actor, now: datetime) -> Settled:
    """Bring the parts of decided violations down to what each fine is now; order what was paid too much to go back.

    `fines` says by violation what the fine is, `charges` names all their parts. The orders of these are locked first,
    in the one order in which everybody locks orders. What is unpaid is let go first, from the last part on; what was
    paid above the new fine goes back with its share of what was added for lateness.
    """
    back = dict.fromkeys(fines, 0)
    if not charges:
        return Settled(back)
    orders.hold_subjects(charges)
    changed, done = [], []
    returned: dict[UUID, int] = {}
    for violation_id, parts in _held(charges).items():
        for charge, fen in _brought_down(parts, fines[violation_id], by, now):
            changed.append(charge)
            if fen:
                returned[charge.pk] = fen
                back[violation_id] += fen
        if back[violation_id] == 0 and all(c.state in ("paid", "dropped") for c in parts):
            done.append(violation_id)
    if returned:
        refunds.refund_parts(returned, by=by, now=now)
    if done:
        Violation.objects.filter(pk__in=done, state=Violation.DECIDED).update(state=Violation.PAID)
    return Settled(back, changed)


_OF_CHARGE = (
    "id", "org_id", "decision_id", "seq", "fen", "surcharge_fen", "due_date", "order_id", "state", "returned_fen",
)  # fmt: skip
_HELD = """
SELECT d.violation_id, c.id, c.org_id, c.decision_id, c.seq, c.fen, c.surcharge_fen, c.due_date, c.order_id, c.state,
    c.returned_fen
FROM traffic_charge c JOIN traffic_decision d ON d.id = c.decision_id
WHERE c.id = ANY(%s) ORDER BY c.seq DESC FOR UPDATE OF c
"""


def _held(charges: Collection[UUID]) -> dict[UUID, list[Charge]]:
    """Return these parts by their violation, locked, the last of each first."""
    found: dict[UUID, list[Charge]] = {}
    with prepared_cursor() as cursor:
        cursor.execute(_HELD, [list(charges)])
        for violation_id, *columns in cursor.fetchall():
            found.setdefault(violation_id, []).append(Charge.from_db(DEFAULT_DB_ALIAS, _OF_CHARGE, columns))
    return found


def _brought_down(charges: Sequence[Charge], fine_fen: int, by: Actor, now: datetime) -> Iterator[tuple[Charge, int]]:
    """Change the parts of one fine, last first, to come to `fine_fen`; yield each with what is to go back for it."""
    over = sum(charge.fen - charge.returned_fen for charge in charges if charge.state != "dropped") - fine_fen
    for charge in sorted(charges, key=lambda c: c.state == "paid"):
        if over <= 0:
            return
        if charge.state in ("due", "open"):
            off = min(over, charge.fen)
            if charge.state == "open":
                orders.cancel_open(charge.pk, by=by, now=now)
            charge.fen -= off
            charge.state = "due" if charge.fen else "dropped"
            charge.surcharge_fen, charge.order_id = 0, None
            over -= off
            yield charge, 0
        elif charge.state == "paid":
            off = min(over, charge.fen - charge.returned_fen)
            if off <= 0:
                continue
            added = share_back(charge.surcharge_fen, charge.fen, off)
            charge.returned_fen += off
            over -= off
            yield charge, off + added
