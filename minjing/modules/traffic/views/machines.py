"""The door of machines outside that send in: who sends, known by a token, and how long a message may be."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.http import HttpRequest, JsonResponse

from minjing.kernel.identity import clients, limits
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.limits import Limit
from minjing.modules.traffic.actions import senders
from minjing.modules.traffic.models.senders import Sender

TRIES = Limit(30, limits.CODE_HERE.window)  # wrong tokens an hour from one address
S = TypeVar("S", bound=Sender)


def admitted(
    request: HttpRequest, kind: type[S], most_bytes: int, *, now: datetime
) -> tuple[S, bytes] | JsonResponse:
    """Return who sends and the message, or the answer that refuses it: 401 unknown, 413 too long, 429 too many tries.

    The message is read here, once its sender is known: with its pictures it is longer than any form of people's.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    sender = senders.sender(kind, token) if scheme == "Bearer" and token else None
    if sender is None:
        try:
            limits.spend(kind.LEDGER, clients.address(request), TRIES, now)
        except TooMany:
            return JsonResponse({"error": "too_many"}, status=429)
        senders.refuse(kind, "token", now=now)
        return JsonResponse({"error": "unknown_token"}, status=401)
    body = request.read(most_bytes + 1)
    if len(body) > most_bytes:
        senders.refuse(kind, "too long", now=now, system=sender)
        return JsonResponse({"error": "too_long", "most_bytes": most_bytes}, status=413)
    return sender, body
