"""Acting for others: mandates given and taken, guardians; and the page of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base import clock
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError, Unknown, Wrong
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.rules import CARD, NUMBER
from minjing.kernel.identity.views.checking import PICTURE_MAX
from minjing.kernel.identity.views.entry import page, with_next

YOURS = {"zh": "等您接受", "en": "Waits for your answer"}
STATES: dict[str, tuple[dict[str, str], str]] = {
    "offered": ({"zh": "等对方接受", "en": "Waits to be accepted"}, ""),
    "confirming": ({"zh": "等民警确认材料", "en": "An officer looks at the papers"}, ""),
    "in_force": ({"zh": "有效", "en": "In force"}, "green"),
    "to_come": ({"zh": "尚未开始", "en": "Not begun yet"}, ""),
    "over": ({"zh": "已到期", "en": "Over"}, ""),
    "revoked": ({"zh": "已终止", "en": "Ended"}, ""),
    "refused": ({"zh": "未接受或未确认", "en": "Declined or not confirmed"}, ""),
}


def _resident(request: HttpRequest) -> Actor | HttpResponse:
    """Return who asks, or the way to a sign-in, a name or an identity check."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.path))
    if not actor.is_resident:
        return HttpResponseRedirect("/")
    if actor.level < NUMBER or actor.person_id is None:
        return HttpResponseRedirect(with_next(reverse("identity:who"), request.path))
    return actor


def _raise(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('identity:raise')}?{urlencode({'to': CARD, 'next': request.path})}")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show for whom one may act, what one is offered, and who may act for oneself."""
    actor = _resident(request)
    if isinstance(actor, HttpResponse):
        return actor
    now = clock.now()
    taken = [_shown(row, "taken") for row in queries.mandates_taken(actor, now)]
    given = [_shown(row, "given") for row in queries.mandates_given(actor, now)]
    return page(request, "mandates", tab="me", taken=taken, given=given)


def _shown(row: queries.MandateRow, side: str) -> tuple[queries.MandateRow, Mapping[str, str], str, list[Any]]:
    """Return a mandate with the words of its state for this side, their tone, and what it is for by name."""
    words, tone = (YOURS, "red") if row.state == "offered" and side == "taken" else STATES[row.state]
    titles = _titles()
    return row, words, tone, [titles.get(code, {"zh": code, "en": code}) for code in row.services]


def _titles() -> Mapping[str, Mapping[str, str]]:
    return {code: title for code, title, _ in plugs.service_names()} if plugs.service_names else {}


@require_http_methods(["GET", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Ask whom one lets act, in what, until when; the other must accept."""
    actor = _resident(request)
    if isinstance(actor, HttpResponse):
        return actor
    if actor.level < CARD:
        return _raise(request)
    if request.method == "GET":
        return _give_page(request)
    try:
        actions.grant(_offer(request), by=actor, now=clock.now())
    except IdentityError as error:
        return _give_page(request, error)
    messages.success(
        request, said_in({"zh": "委托已发出，对方接受后生效。", "en": "Offered. It holds once they accept."})
    )
    return HttpResponseRedirect(reverse("identity:mandates"))


def _offer(request: HttpRequest) -> actions.Offer:
    said = request.POST
    parts = (said.get("until-y", ""), said.get("until-m", ""), said.get("until-d", ""))
    try:
        until = date(*(int(part) for part in parts))
    except ValueError:
        raise Wrong(
            "until",
            {"zh": "请填写到期日，例如 2027 年 3 月 31 日。", "en": "Give the last day, such as 31 3 2027."},
            "until",
        ) from None
    licence = request.FILES.get("papers")
    firm = said.get("whom") == "firm"
    return actions.Offer(
        name=said.get("name", ""),
        id_number=said.get("id_number", ""),
        services=said.getlist("services"),
        until=until,
        uscc=said.get("uscc", "") if firm else "",
        firm_name=said.get("firm_name", "") if firm else "",
        licence=licence.read(PICTURE_MAX) if licence and firm else b"",
    )


def _give_page(request: HttpRequest, error: IdentityError | None = None) -> HttpResponse:
    listed = list(plugs.service_names()) if plugs.service_names else []
    groups = [(group, list(rows)) for group, rows in groupby(listed, key=lambda row: row[2])]
    context: dict[str, Any] = {"typed": request.POST, "chosen": request.POST.getlist("services"), "groups": groups}
    context["day"] = [request.POST.get(f"until-{part}", "") for part in "ymd"]
    return page(request, "give_mandate", error, tab="me", **context)


@require_http_methods(["GET", "POST"])
def guardian(request: HttpRequest) -> HttpResponse:
    """Ask which minor one is the guardian of; the register knows, or an officer looks at the papers."""
    actor = _resident(request)
    if isinstance(actor, HttpResponse):
        return actor
    if actor.level < CARD:
        return _raise(request)
    if request.method == "GET":
        return page(request, "guardian", tab="me", typed={})
    sent = request.FILES.get("papers")
    try:
        made = actions.claim_guardian(
            request.POST.get("name", ""),
            request.POST.get("id_number", ""),
            sent.read(PICTURE_MAX) if sent else b"",
            by=actor,
            now=clock.now(),
        )
    except IdentityError as error:
        return page(request, "guardian", error, tab="me", typed=request.POST)
    words = {
        "zh": "登记库已确认监护关系，现在就可以代为办理。",
        "en": "The register bears it out: you can act for them now.",
    }
    if made.check_of_id is not None:
        words = {"zh": "材料已交民警确认，结果会通知您。", "en": "An officer looks at your papers; you will be told."}
    messages.success(request, said_in(words))
    return HttpResponseRedirect(reverse("identity:mandates"))


@require_POST
def one(request: HttpRequest, mandate_id: UUID) -> HttpResponse:
    """Accept or decline what one is offered, or end what holds."""
    actor = _resident(request)
    if isinstance(actor, HttpResponse):
        return actor
    act, now = request.POST.get("act", ""), clock.now()
    try:
        if act == "revoke":
            actions.revoke(mandate_id, by=actor, now=now)
            words = {"zh": "委托已终止，立即生效。", "en": "Ended, from this moment."}
        else:
            actions.answer_mandate(mandate_id, act == "accept", by=actor, now=now)
            words = {"zh": "已答复，对方会收到通知。", "en": "Answered; they are told."}
    except Unknown:
        return render(request, "404.html", status=404)
    except IdentityError as error:
        messages.error(request, said_in(error.text))
    else:
        messages.success(request, said_in(words))
    return HttpResponseRedirect(reverse("identity:mandates"))


def said_in(words: Mapping[str, str]) -> str:
    """Return the words in the language of the page, for a message that waits for the next one."""
    return words["en" if (get_language() or "").startswith("en") else "zh"]
