"""How a resident is told: channels for each topic, quiet hours, and where they are reached."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from minjing.base.clock import now
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.notify import actions, links, queries
from minjing.kernel.notify.actions.bindings import CODE_LASTS
from minjing.portals.api import shapes_ways as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import resident

ways = Router(tags=["ways"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 410: ErrorOut, 422: ErrorOut, 429: ErrorOut}
STALE = {
    "zh": "链接已失效或已用过，请重新填写邮件地址。",
    "en": "The link is over or was used; enter the address again.",
}


def _shown(by: Actor) -> shapes.WaysOut:
    return shapes.WaysOut.of(queries.wanted(by.account_id, now()), people.doors_of(by.account_id))


@ways.get("", response={200: shapes.WaysOut, **REFUSED})
def mine(request: HttpRequest) -> shapes.WaysOut:
    """Return how one is told, and where one is reached."""
    return _shown(resident(request))


@ways.put("/topics", response={200: shapes.WaysOut, **REFUSED})
def choose(request: HttpRequest, data: shapes.WishesIn) -> shapes.WaysOut:
    """Choose the channels for each topic, and the quiet hours."""
    by = resident(request)
    actions.choose(by=by, channels=data.topics, quiet=data.quiet, now=now())
    return _shown(by)


@ways.post("/email", response={202: shapes.WaysOut, **REFUSED})
def ask_email(request: HttpRequest, data: shapes.EmailIn) -> Status[shapes.WaysOut]:
    """Mail a link to an address; it counts once the link has been opened, within 24 hours."""
    by = resident(request)
    actions.ask_email(by=by, address=data.address, link=links.to_confirm(request), now=now())
    return Status(202, _shown(by))


@ways.post("/email/confirm", response={200: shapes.WaysOut, **REFUSED})
def confirm_email(request: HttpRequest, data: shapes.TokenIn) -> shapes.WaysOut | Status[ErrorOut]:
    """Let the address count whose mail had this token; 410 for a link that is over or was used."""
    by = resident(request)
    if not actions.confirm_email(data.token, now=now()):
        return Status(410, ErrorOut.model_validate({"key": "stale_link", "message": STALE}))
    return _shown(by)


@ways.put("/letter", response={200: shapes.WaysOut, **REFUSED})
def set_letter(request: HttpRequest, data: shapes.LetterIn) -> shapes.WaysOut:
    """Say where letters go; the same once more changes nothing."""
    by = resident(request)
    actions.set_postal(by=by, name=data.name, address=data.address, now=now())
    return _shown(by)


@ways.post("/wechat", response={201: shapes.CodeOut, **REFUSED})
def wechat_code(request: HttpRequest) -> Status[shapes.CodeOut]:
    """Return a code; the WeChat that sends it to the official account is bound. The one before is void."""
    code = actions.give_code(by=resident(request), now=now())
    return Status(201, shapes.CodeOut(code=code, lasts_s=int(CODE_LASTS.total_seconds())))


@ways.delete("/addresses/{uuid:address_id}", response={200: dict[str, bool], **REFUSED})
def end_address(request: HttpRequest, address_id: UUID) -> dict[str, bool]:
    """End one of one's own addresses; false where there is none, or no longer."""
    return {"ended": actions.end_address(address_id, by=resident(request), now=now())}


@ways.delete("/doors/{kind}", response={200: dict[str, bool], **REFUSED})
def close_door(request: HttpRequest, kind: Literal["alipay"]) -> dict[str, bool]:
    """Let Alipay open the account no more; WeChat's door goes with its address."""
    return {"ended": identity.unbind_door(by=resident(request), kind=kind, now=now())}
