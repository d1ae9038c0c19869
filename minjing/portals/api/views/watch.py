"""The watch over the ledger: how far it lies behind, its alarms, and the note of who is on duty."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.watch import actions, queries, rules
from minjing.portals.api.views.door import asker

watch = Router(tags=["watch"])


class NotedIn(Schema):
    """What is being done about an alarm, without names."""

    note: str = Field("", max_length=200)


@watch.get("/alarms")
def alarms(request: HttpRequest) -> dict[str, Any]:
    """Return how far the ledger lies behind and the alarms that stand; for officers."""
    by, at = asker(request), now()
    if not by.is_officer:
        raise NotAllowed("not_officer", "这里由民警查看。", "This is for officers.", needs="officer")
    behind = queries.behind_s(at)
    return {
        "behind_s": round(behind, 1),
        "records_shut": rules.is_closed(behind),
        "alarms": [
            {
                "id": alarm.pk,
                "kind": alarm.kind,
                "text": alarm.text,
                "index": alarm.index,
                "row": alarm.row,
                "since": alarm.since,
                "raised_at": alarm.raised_at,
                "escalated_at": alarm.escalated_at,
                "acknowledged_at": alarm.acknowledged_at,
            }
            for alarm in queries.alarms()
        ],
    }


@watch.post("/alarms/{uuid:alarm_id}/note")
def acknowledge(request: HttpRequest, alarm_id: UUID, data: NotedIn) -> dict[str, Any]:
    """Take note of an alarm; for who holds the act `watch`."""
    at = now()
    actions.acknowledge(alarm_id, by=asker(request), now=at, note=data.note)
    return {"id": alarm_id, "acknowledged_at": at}
