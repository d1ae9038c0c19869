"""One's own sessions of the pages and tokens of the API: listed, and ended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from minjing.base.clock import now
from minjing.kernel.identity import actions, queries
from minjing.portals.api.shapes import ErrorOut, Shape
from minjing.portals.api.views.door import asker, seat_of, token_of

sessions = Router(tags=["sessions"])
tokens = Router(tags=["sessions"])


class SessionOut(Shape):
    """A sign-in that lasts; `this`: the one that asks. A token is none of them."""

    ref: UUID
    device: str
    started_at: datetime
    seen_at: datetime
    this: bool = False


@sessions.get("", response=list[SessionOut])
def mine(request: HttpRequest) -> list[SessionOut]:
    """Return one's sessions, the one used last first."""
    this = seat_of(request)
    return [
        SessionOut.model_validate(row).model_copy(update={"this": row.ref == this})
        for row in queries.sessions_of(asker(request).account_id, now())
    ]


@sessions.delete("/{uuid:ref}", response={200: dict[str, bool], 404: ErrorOut})
def end(request: HttpRequest, ref: UUID) -> dict[str, bool]:
    """End one session: one's own, or as security administrator anybody's."""
    actions.end_session(ref, by=asker(request), now=now())
    return {"ended": True}


@sessions.delete("", response={200: dict[str, int]})
def end_others(request: HttpRequest) -> dict[str, int]:
    """End all one's sessions and tokens but the one that asks."""
    keep, token = seat_of(request), token_of(request)
    return {"ended": actions.end_other_sessions(by=asker(request), keep=keep, keep_token=token, now=now())}


class TokenOut(Shape):
    """A token of the API that lasts; it is never told again."""

    ref: UUID
    made_at: datetime
    expires_at: datetime


@tokens.get("", response=list[TokenOut])
def my_tokens(request: HttpRequest) -> list[TokenOut]:
    """Return one's tokens, the newest first."""
    return [TokenOut.model_validate(row) for row in queries.tokens_of(asker(request).account_id, now())]


@tokens.delete("/{uuid:ref}", response={200: dict[str, bool], 404: ErrorOut})
def end_token(request: HttpRequest, ref: UUID) -> dict[str, bool]:
    """End one of one's tokens."""
    actions.end_token(ref, by=asker(request), now=now())
    return {"ended": True}
