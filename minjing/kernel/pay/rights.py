"""Who may do what with money: by the acts of the posts they hold."""

from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.rules import WORDS, may
from minjing.kernel.pay.errors import NotAllowed
from minjing.kernel.pay.models import Order

HANDLE = "handle"  # whoever handles matters proposes a waiver or a refund
APPROVE = "approve_fee"  # grants what another proposed
RECONCILE = "reconcile"  # the desk: differences, day totals
CLOSE_DAY = "close_day"


def require(by: Actor, act: str, order: Order | None = None, *, not_by: UUID | None = None) -> None:
    """Raise NotAllowed unless `by` may do `act`, for an order in its unit; `not_by` is who did the step before."""
    path = Unit.objects.values_list("path", flat=True).get(id=order.unit_id) if order is not None else ""
    if order is None:
        if by.is_officer and any(act in h.acts for h in by.holdings):
            return
        key, needs = ("no_post" if by.is_officer else "not_officer"), act
    else:
        verdict = may(by, act, unit_path=path, code=order.code, not_by=[not_by] if not_by else [])
        if verdict.ok:
            return
        key, needs = verdict.reason_key, verdict.needs
    raise NotAllowed(key, WORDS[key]["zh"], WORDS[key]["en"], needs)


def is_payer(by: Actor, order: Order) -> bool:
    """Say whether the order is the asker's own: by account, or by person from another account of theirs."""
    return by.account_id == order.account_id or (by.person_id is not None and by.person_id == order.person_id)
