"""The page "how we tell you": by which channels of what, when not, and where one is reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import clients
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.notify import actions, links, queries, wording
from minjing.kernel.notify.errors import WORDS, WrongAddress
from minjing.kernel.notify.plugs import plugs
from minjing.kernel.notify.providers import push as pushing
from minjing.kernel.notify.rules import EMAIL, LETTER, PUSH, SMS, WECHAT, Text

View = Callable[..., HttpResponse]
WORKER = Path(__file__).parent.parent / "static" / "notify" / "push_worker.js"
NAMES: dict[str, Text] = {
    SMS: {"zh": "短信", "en": "SMS"},
    WECHAT: {"zh": "微信", "en": "WeChat"},
    EMAIL: {"zh": "电子邮件", "en": "E-mail"},
    PUSH: {"zh": "浏览器推送", "en": "Browser notices"},
    LETTER: {"zh": "信函", "en": "Letter"},
}
HOURS = [f"{hour:02d}:00" for hour in range(24)]


def own(view: View) -> View:
    """Let residents in, others to the sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        actor = getattr(request, "actor", None)
        if actor is None or not actor.is_resident:
            goal = urlencode({"next": reverse("notify:ways")})
            return HttpResponseRedirect(f"{reverse('identity:sign_in')}?{goal}")
        return view(request, *args, **kwargs)

    return never_cache(guarded)


@require_safe
@own
def ways(request: HttpRequest) -> HttpResponse:
    """Show how one is told, and where one is reached."""
    return _page(request)


@require_POST
@own
def topics(request: HttpRequest) -> HttpResponse:
    """Keep the channels for each topic, and the quiet hours."""
    by, quiet = _who(request), request.POST.get("quiet", "")
    if quiet == "own":
        since, until = request.POST.get("since", ""), request.POST.get("until", "")
        if since not in HOURS or until not in HOURS or since == until:
            return _page(request, wrong="quiet")
        quiet = f"{since}-{until}"
    elif quiet not in ("", "none"):
        quiet = ""
    chosen = {name: request.POST.getlist(f"topic-{name}") for name in wording.topics()}
    actions.choose(by=by, channels=chosen, quiet=quiet, now=clock.now())
    messages.success(request, _in(request, "已保存。", "Saved."))
    return HttpResponseRedirect(reverse("notify:ways"))


@require_POST
@own
def email(request: HttpRequest) -> HttpResponse:
    """Mail the link that confirms an address."""
    typed = request.POST.get("email", "")
    try:
        actions.ask_email(by=_who(request), address=typed, link=links.to_confirm(request), now=clock.now())
    except WrongAddress as wrong:
        return _page(request, wrong=wrong.field, typed={"email": typed})
    except IdentityError as refused:
        return _page(request, wrong="email", typed={"email": typed}, sentence=refused.text)
    messages.success(
        request,
        _in(
            request,
            "确认邮件已发出，24 小时内打开其中的链接才会生效。",
            "A mail with a link is on its way; the address counts once you have opened it, within 24 hours.",
        ),
    )
    return HttpResponseRedirect(reverse("notify:ways") + "#email")


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Confirm an address by its link; a button, because mail programs open links by themselves."""
    token = request.POST.get("token") or request.GET.get("token") or ""
    if request.method == "GET":
        return render(request, "notify/confirm.html", {"token": token, "what": "ask"})
    done = actions.confirm_email(token, now=clock.now())
    return render(request, "notify/confirm.html", {"what": "done" if done else "stale"}, status=200 if done else 410)


@require_POST
@own
def wechat_code(request: HttpRequest) -> HttpResponse:
    """Give out a code to be sent to the official account."""
    code = actions.give_code(by=_who(request), now=clock.now())
    return _page(request, code=code)


@require_POST
@own
def push(request: HttpRequest) -> HttpResponse:
    """Keep a browser's subscription; called by the page's script."""
    try:
        said = json.loads(request.body[:5_000])
        new = actions.subscribe(by=_who(request), subscription=said, device=clients.device(request), now=clock.now())
    except (ValueError, WrongAddress):
        return JsonResponse({"error": "wrong"}, status=422)
    return JsonResponse({"new": new})


@require_POST
@own
def letter(request: HttpRequest) -> HttpResponse:
    """Keep where letters go."""
    typed = {"name": request.POST.get("name", ""), "address": request.POST.get("address", "")}
    try:
        actions.set_postal(by=_who(request), name=typed["name"], address=typed["address"], now=clock.now())
    except WrongAddress as wrong:
        return _page(request, wrong=wrong.field, typed=typed)
    messages.success(request, _in(request, "信函地址已保存。", "The address for letters is kept."))
    return HttpResponseRedirect(reverse("notify:ways") + "#letter")


@require_POST
@own
def end(request: HttpRequest) -> HttpResponse:
    """End an address, or close the Alipay door."""
    by = _who(request)
    if request.POST.get("door") == "alipay":
        ended = identity.unbind_door(by=by, kind="alipay", now=clock.now())
    else:
        try:
            ended = actions.end_address(UUID(request.POST.get("id", "")), by=by, now=clock.now())
        except ValueError:
            ended = False
    if ended:
        messages.success(request, _in(request, "已解除。", "Ended."))
    return HttpResponseRedirect(reverse("notify:ways"))


@require_GET
def push_worker(request: HttpRequest) -> HttpResponse:
    """Hand out the service worker from the root, so that it may act for the whole site."""
    answer = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


def _page(request: HttpRequest, *, wrong: str = "", sentence: Text | None = None, **more: Any) -> HttpResponse:
    by, now = _who(request), clock.now()
    found = queries.wanted(by.account_id, now)
    doors = people.doors_of(by.account_id)
    city = settings.NOTIFY_QUIET_HOURS
    own_hours = found.quiet.partition("-") if found.quiet not in ("", "none") else ("22:00", "-", "08:00")
    context = {
        "tab": "messages",
        "wanted": found,
        "rows": [
            {
                "topic": c.topic,
                "channels": [{"name": n, "title": NAMES[n], "on": n in c.on} for n in found.usable],
            }
            for c in found.choices
        ],
        "bound": {b.channel: b for b in found.bound if b.channel != PUSH},
        "browsers": [b for b in found.bound if b.channel == PUSH],
        "wechat_door": doors.get("wechat"),
        "alipay_door": doors.get("alipay"),
        "wechat": "wechat" in plugs.doors,
        "alipay": "alipay" in plugs.doors,
        "city_quiet": "" if city == "none" else city.replace("-", "–"),
        "hours": HOURS,
        "since": own_hours[0],
        "until": own_hours[2],
        "wrong": wrong,
        "sentence": sentence or WORDS.get(wrong),
        "push_key": pushing.public_key(),
        "wechat_phone_url": settings.WECHAT_PHONE_URL if settings.DEMO else "",
        "mail_page_url": settings.MAIL_PAGE_URL if settings.DEMO else "",
        **more,
    }
    return render(request, "notify/ways.html", context, status=422 if wrong else 200)


def _who(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _in(request: HttpRequest, zh: str, en: str) -> str:
    return en if getattr(request, "LANGUAGE_CODE", "").startswith("en") else zh
