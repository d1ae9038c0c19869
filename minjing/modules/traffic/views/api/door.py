"""The router of traffic, and how its refusals are said."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown as NotThere
from minjing.kernel.matters.errors import NotAllowed
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.rules.penalties.packs import WrongPack
from minjing.portals.api.views import door
from minjing.portals.api.views.door import api

traffic = Router(tags=["traffic"])
NO_NUL = r"^[^\x00]*$"  # what the database cannot keep in a text
# What is not found, and what one may not do; every other refusal is about how things stand.
STATUS = {
    "not_yours": 404, "no_violation": 404, "no_post": 403, "own_car": 403, "own_licence": 403, "unknown_ground": 422,
    "parts": 422, "draws": 429,
    # The officers' desks.
    "no_examiner": 403, "own_test": 403, "no_draft_post": 403, "no_sight_of_drafts": 403, "unknown_licence": 404,
    "anothers": 422, "marks": 422, "points_number": 422, "elsewhere": 422, "draft_title": 422, "no_pack": 422,
    "draft_period": 422,
}  # fmt: skip


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Answer a refusal with its key and its sentence."""
    body = {"key": error.key, "message": dict(error.text)}
    return api.create_response(request, body, status=STATUS.get(error.key, 409))


@api.exception_handler(WrongPack)
def wrong_pack(request: HttpRequest, wrong: WrongPack) -> HttpResponse:
    """Answer rules that could not be applied without doubt, with every fault and where it is."""
    message = {"zh": "规则有错，没有保存。", "en": "The rules are wrong; they were not saved."}
    faults = [{"path": fault.path, "reason": dict(fault.reason)} for fault in wrong.faults]
    return api.create_response(request, {"key": "wrong_pack", "message": message, "faults": faults}, status=422)


@api.exception_handler(Unknown)
def unknown(request: HttpRequest, error: Unknown) -> HttpResponse:
    """Answer for what is not in the registers, or not the asker's, as the house does for what is not there."""
    return door.identity_refused(request, NotThere())


def known(request: HttpRequest) -> tuple[Actor, UUID]:
    """Return the resident who asks, and which person that is. Raises NotAllowed before the house knows it."""
    by = door.resident(request)
    if by.person_id is None:
        raise NotAllowed("identity_level", "请先完成实名核验。", "Say who you are first.")
    return by, by.person_id
