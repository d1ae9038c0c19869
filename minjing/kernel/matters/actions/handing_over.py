"""The receipt of the responsible station for what another counter has taken in."""

from __future__ import annotations

from datetime import datetime

from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.rules import Snapshot


def took_over(matter: Snapshot, *, by: Actor, now: datetime) -> bool:
    """Write the receipt, where there is a hand-over without one; whoever claims a matter has received it too."""
    rows = Reception.objects.filter(matter_id=matter.id, received_at__isnull=True)
    if not matter.is_received_elsewhere or not rows.update(received_at=now, received_by=by.account_id):
        return False
    said = {"matter": matter.id, "by": by.account_id, "unit": matter.station_id}
    append(
        ledger_entry("matters:reception:received", said, at=now, org_id=matter.org_id, subject_id=matter.person_id)
    )
    return True
