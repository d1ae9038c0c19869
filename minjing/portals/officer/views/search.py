"""Finding a matter or a person: by the one road, with a reason, each person shown written down first."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base import idnumber, names
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.reasons import reasons
from minjing.kernel.identity.rules import LOOK
from minjing.kernel.matters import oversight, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.rules import Snapshot
from minjing.portals.officer import plugs
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import holds
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.matter import reason_of
from minjing.portals.officer.views.workbench import rows_of

NUMBER = re.compile(r"[A-Z]{2}\d{6,14}\Z")
MAX_PEOPLE = 20


@officer_page()
@require_http_methods(["GET", "POST"])
def search(request: OfficerRequest) -> HttpResponse:
    """Find by number at once; by name or ID number for a reason. What was typed never stands in an address."""
    text = request.POST.get("q", "").strip()
    pages = {"searches_beside": plugs.SEARCHES, "person_pages": plugs.OF_PERSON}
    context: dict[str, Any] = {"q": text, "reasons": reasons().values(), **pages}
    if not text:
        return show(request, "officer/search.html", context | {"stage": "start"}, page="search")
    if NUMBER.fullmatch(text.upper()):
        return _by_number(request, text, context)
    if not holds(request.actor, LOOK):  # also when nobody would be found: that too is an answer
        raise NotAllowed("no_look", "您的岗位不能查看个人信息。", "None of your posts reads records.", needs=LOOK)
    wrong = _wrong(text)
    if wrong:
        return show(
            request, "officer/search.html", context | {"stage": "start", "wrong": wrong}, page="search", status=422
        )
    open_matter = _in_hand(request)
    if not request.POST.get("reason") and open_matter is None:
        return show(request, "officer/search.html", context | {"stage": "reason"}, page="search")
    try:
        found = _people(request, text, open_matter)
    except IdentityError as error:
        if error.key in ("no_reason", "reason_needs_text"):
            return show(
                request,
                "officer/search.html",
                context | {"stage": "reason", "wrong": error.text},
                page="search",
                status=422,
            )
        raise
    about = oversight.of_id_number(_normal(text), request.actor) if _is_id(text) and not found else []
    context |= {
        "stage": "found",
        "found": found,
        "about": rows_of(about, request.actor),
        "too_many": len(found) >= MAX_PEOPLE,
        "for_matter": open_matter,
        "reason_title": reasons()[request.POST["reason"]].title if request.POST.get("reason") in reasons() else None,
    }
    return show(request, "officer/search.html", context, page="search")


def _by_number(request: OfficerRequest, text: str, context: dict[str, Any]) -> HttpResponse:
    try:
        matter = queries.matter(text, request.actor, request.at)
    except Unknown:
        return show(request, "officer/search.html", context | {"stage": "no_number"}, page="search", status=404)
    return HttpResponseRedirect(reverse("officer:matter", args=[matter.number]))


def _is_id(text: str) -> bool:
    return len(re.sub(r"\D", "", text)) >= 15


def _normal(text: str) -> str:
    return idnumber.parse(text).text


def _wrong(text: str) -> dict[str, str] | None:
    """Return why `text` is neither a number, an ID number nor a name."""
    if _is_id(text):
        try:
            _normal(text)
        except idnumber.WrongIdNumber:
            return {
                "zh": "身份证号码不正确，请核对 18 位号码和校验位。",
                "en": "This is no valid ID number; check its 18 characters.",
            }
        return None
    try:
        names.parse(text)
    except names.WrongName:
        return {
            "zh": "请输入办件编号、18 位身份证号码或完整姓名。",
            "en": "Type a matter’s number, an ID number of 18 characters, or a full name.",
        }
    return None


def _in_hand(request: OfficerRequest) -> Snapshot | None:
    """Return the matter from which the search was started, if the officer has claimed it: it is the reason then.

    Whoever names a reason beside it searches for that reason.
    """
    number = request.POST.get("matter", "")
    if not number or request.POST.get("reason"):
        return None
    try:
        matter = queries.matter(number, request.actor, request.at)
    except Unknown:
        return None
    return matter if matter.claimed_by == request.actor.account_id else None


def _people(request: OfficerRequest, text: str, open_matter: Snapshot | None) -> list[dict[str, Any]]:
    """Return the persons found, masked, each with the matters that are the asker's business."""
    by, at, reason = request.actor, request.at, reason_of(request)
    ids = oversight.search(text, by, at, reason=reason, in_hand=open_matter, limit=MAX_PEOPLE)
    matter_id = open_matter.id if open_matter else None
    shown = identity.look(by, ids, ["name", "id_number"], reason=reason, matter_id=matter_id, now=at)
    return [
        {
            "id": person_id,
            "name": names.mask(shown[person_id]["name"]),
            "id_number": _masked(shown[person_id]["id_number"]),
            "matters": rows_of(oversight.of_person(person_id, request.actor), request.actor),
        }
        for person_id in ids
        if person_id in shown
    ]


def _masked(number: str) -> str:
    return number[:4] + "*" * 12 + number[-2:]
