"""Where a letter reaches somebody who gave no address: the one the register holds, as on an envelope."""

from __future__ import annotations

from uuid import UUID

from minjing.modules.household.actions.register import known
from minjing.modules.household.models import Member
from minjing.modules.household.queries import address_of


def home(person_id: UUID) -> str | None:
    """Return the name and the registered address on lines of their own; None when the register has none."""
    member = Member.objects.filter(person_id=person_id, until__isnull=True).order_by("-since").first()
    if member is None:
        return None
    name, _ = known(person_id)
    address = address_of(member)
    return f"{name}\n{address}" if name and address else None
