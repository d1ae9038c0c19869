"""The watch over the ledger: how far it lies behind, its alarms, and the note of who is on duty."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.clients import address
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.watch import actions, queries, rules
from minjing.kernel.watch.models import Glass
from minjing.portals.api.shapes import ErrorOut, Shape, Typed
from minjing.portals.api.views.door import asker

watch = Router(tags=["watch"])
REFUSED = {403: ErrorOut, 409: ErrorOut, 422: ErrorOut}


class PasswordIn(Shape):
    """One's own password, said once more: a token alone opens nothing here."""

    password: Typed = Field(max_length=500)


class GlassIn(PasswordIn):
    """Why records must be opened although the ledger lies behind, without names or numbers."""

    reason: Typed = Field(max_length=2000)


class GlassOut(Shape):
    """A break-glass: who asked and why, who confirmed, until when it is open for the asker."""

    id: UUID
    reason: str
    asked_by: UUID
    asked_at: datetime
    confirmed_by: UUID | None
    confirmed_at: datetime | None
    until: datetime | None
    may_confirm: bool


class NotedIn(Schema):
    """What is being done about an alarm, without names."""

    note: str = Field("", max_length=200)


@watch.get("/alarms")
def alarms(request: HttpRequest) -> dict[str, Any]:
    """Return how far the ledger lies behind and the alarms that stand; for officers."""
    _, at = _officer(request), now()
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


@watch.get("/glasses", response={200: list[GlassOut], **REFUSED})
def glasses(request: HttpRequest) -> list[GlassOut]:
    """Return the break-glass wishes that wait, are open, or were asked for in the last week; for officers."""
    by, at = _officer(request), now()
    return [_glass(glass, by, at) for glass in queries.glasses(at)]


def _glass(glass: Glass, by: Actor, at: datetime) -> GlassOut:
    waits = glass.confirmed_at is None and not rules.why_not_confirm(glass.asked_by, glass.asked_at, by, at)
    names = ("id", "reason", "asked_by", "asked_at", "confirmed_by", "confirmed_at", "until")
    return GlassOut(may_confirm=waits, **{name: getattr(glass, name) for name in names})


@watch.post("/glasses", response={201: dict[str, UUID], **REFUSED})
def ask_glass(request: HttpRequest, data: GlassIn) -> Status[dict[str, UUID]]:
    """Ask, with one's own password, that records be opened for oneself while the ledger lies behind."""
    by, at = _with_password(request, data.password), now()
    return Status(201, {"id": actions.ask_glass(data.reason, by=by, now=at)})


@watch.post("/glasses/{uuid:glass_id}/confirm", response={200: dict[str, datetime], **REFUSED})
def confirm_glass(request: HttpRequest, glass_id: UUID, data: PasswordIn) -> dict[str, datetime]:
    """Confirm another person's break-glass, with one's own password; until when it is open comes back."""
    by, at = _with_password(request, data.password), now()
    return {"until": actions.confirm_glass(glass_id, by=by, now=at)}


def _officer(request: HttpRequest) -> Actor:
    by = asker(request)
    if not by.is_officer:
        raise NotAllowed("not_officer", "这里由民警查看。", "This is for officers.", needs="officer")
    return by


def _with_password(request: HttpRequest, password: str) -> Actor:
    """Return the officer who asks, having shown that it is they. Raises Wrong, and counts the attempt."""
    by = _officer(request)
    identity.check_own_password(request, by=by, password=password, address=address(request), now=now())
    return by
