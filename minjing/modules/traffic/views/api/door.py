"""The router of traffic, and how its refusals are said."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from minjing.modules.traffic.errors import Refused
from minjing.portals.api.views.door import api

traffic = Router(tags=["traffic"])
# What is not found, and what one may not do; every other refusal is about how things stand.
STATUS = {
    "not_yours": 404, "no_violation": 404, "no_post": 403, "own_car": 403, "own_licence": 403, "unknown_ground": 422,
    "parts": 422,
}  # fmt: skip


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Answer a refusal with its key and its sentence."""
    body = {"key": error.key, "message": dict(error.text)}
    return api.create_response(request, body, status=STATUS.get(error.key, 409))
