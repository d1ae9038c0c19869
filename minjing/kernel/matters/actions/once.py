"""What a request id promises: the same request twice has one effect."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

from django.db import connection, transaction

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import MatterError, Stale
from minjing.kernel.matters.models import Request
from minjing.kernel.matters.rules import Snapshot


class NotWritten(Exception):
    """Somebody else was first, or this request has had its effect: the transaction must leave nothing behind."""


def together(several: bool) -> AbstractContextManager[None]:
    """Return the transaction around what belongs to one act; a single statement is one by itself.

    BEGIN and COMMIT of their own would cost a quick step two journeys to the database of three.
    """
    if several or connection.in_atomic_block:
        return transaction.atomic()
    return nullcontext()


def reused() -> MatterError:
    return MatterError(
        "request_reused",
        "这个请求编号已用于另一项操作，本次没有办理。请刷新页面后再试。",
        "This request number was used for something else; nothing was done now. Reload the page and try again.",
    )


def again_or_stale(matter: Snapshot, action: str, by: Actor, request_id: UUID) -> Snapshot:
    """Return the matter when this very request was done before; raise Stale, or that it was used for another act."""
    done = Request.objects.filter(id=request_id).first()
    if done is None:
        raise Stale(matter)
    event = queries.event_of(done.matter_id, done.seq)
    if done.matter_id != matter.id or event is None or (event.action, event.actor_id) != (action, by.account_id):
        raise reused()
    return matter
