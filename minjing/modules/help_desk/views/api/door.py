"""The router of the help desk, who may ask without an account, and how its refusals are said."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router

from minjing.kernel.identity.actor import Actor
from minjing.modules.help_desk.errors import DeskError, NotAllowed, Unknown, Wrong
from minjing.portals.api.views.door import Bearer, api

help_desk = Router(tags=["help"])
STATUS = {Unknown: 404, NotAllowed: 403, Wrong: 422}


def anybody(request: HttpRequest) -> str:
    """Let in whoever has no token; what they may do, the desk's limits by network address say."""
    return "anybody"


# By a token or by nobody; a browser's session is not asked for: nobody is to ask in another's name from elsewhere.
OPEN = [Bearer(), anybody]


def named(request: HttpRequest) -> Actor | None:
    """Return who asks, by their token; None without one."""
    by: object = request.auth  # type: ignore[attr-defined]
    return by if isinstance(by, Actor) else None


@api.exception_handler(DeskError)
def refused(request: HttpRequest, error: DeskError) -> HttpResponse:
    """Answer a refusal with its key and its sentence; what is wrong comes per field."""
    body = {"key": error.key, "message": error.text.model_dump()}
    if isinstance(error, Wrong):
        body["errors"] = {error.field: error.text.model_dump()}
    return api.create_response(request, body, status=STATUS[type(error)])
