"""What providers say of a message's arrival."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify.actions.planning import go_on
from minjing.kernel.notify.models import Message
from minjing.kernel.notify.rules import DELIVERED, UNDELIVERED


@transaction.atomic
def reported(message_id: UUID, *, carrier: str, delivered: bool, fault: str = "", now: datetime) -> bool:
    """Keep the provider's report on a message it has; False when there is none, or it was reported before.

    What did not arrive goes on by the person's next channel, if the law wants it told.
    """
    message = (
        Message.objects.select_for_update()
        .filter(pk=message_id, carrier=carrier, report="", state__in=[Message.SENDING, Message.SENT])
        .first()
    )
    if message is None:
        return False
    message.report, message.reported_at = DELIVERED if delivered else UNDELIVERED, now
    if not delivered:
        message.fault = fault[:30] or UNDELIVERED
    message.save(update_fields=["report", "reported_at", "fault"])
    if not delivered:
        said = {"message": message.pk, "channel": message.channel, "carrier": carrier, "fault": message.fault}
        ledger.append(ledger.entry("notify:message:undelivered", said, at=now, org_id=message.org_id))
        go_on(message, now)
    return True


def reported_by_receipt(carrier: str, receipt: str, *, delivered: bool, fault: str = "", now: datetime) -> bool:
    """Keep a report that names the provider's own id of the message."""
    found = Message.objects.filter(carrier=carrier, receipt=receipt, report="").order_by("-id").first()
    return found is not None and reported(found.pk, carrier=carrier, delivered=delivered, fault=fault, now=now)
