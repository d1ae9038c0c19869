"""Messages, and what the city holds on oneself: the data, who looked, the papers, the devices."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minjing.base.clock import CHINA, now
from minjing.kernel.identity import actions as identity_actions
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import CARD
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.notify import actions as notify
from minjing.kernel.notify import queries as notices
from minjing.kernel.papers import queries as papers
from minjing.portals.citizen import openings, plugs
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import handed_out
from minjing.portals.frame.language import t

PAGE = 20


@require_safe
@resident
def messages(request: HttpRequest) -> HttpResponse:
    """Show the notices and mark them read."""
    by = who(request)
    before = request.GET.get("before")
    listed = notices.inbox(by.account_id, limit=PAGE + 1, before=UUID(before) if before else None)
    shown = listed[:PAGE]
    numbers = queries.numbers([n.matter_id for n in shown if n.matter_id])
    ways = notices.ways_of(shown)
    context = {
        "tab": "messages",
        "notices": [
            (n, numbers.get(n.matter_id) if n.matter_id else None, [_way(way) for way in ways.get(n.id, [])])
            for n in shown
        ],
        "more": shown[-1].id if len(listed) > PAGE else None,
    }
    response = render(request, "citizen/messages.html", context)
    notify.mark_read(by.account_id, now=now())
    return response


CHANNELS = {
    "sms": ("短信", "SMS"),
    "wechat": ("微信", "WeChat"),
    "email": ("邮件", "e-mail"),
    "push": ("推送", "browser"),
    "letter": ("信函", "letter"),
}


def _way(way: notices.Way) -> str:
    """Return how a notice went by one more channel, in few words."""
    name = t(*CHANNELS[way.channel])
    if way.report == "delivered":
        return t(f"{name}已送达", f"{name} delivered")
    if way.report or way.state == "failed":
        return t(f"{name}未送达", f"{name} not delivered")
    if way.state == "sent":
        return t(f"{name}已发出", f"{name} sent")
    if way.at and way.fault == "" and way.at > now():
        return t(f"{name}将于 {way.at.astimezone(CHINA):%H:%M} 发出", f"{name} at {way.at.astimezone(CHINA):%H:%M}")
    return t(f"{name}发送中", f"{name} on its way")


@require_safe
@resident
def me(request: HttpRequest) -> HttpResponse:
    """Show what the city holds on oneself and who has looked at it."""
    at, by = now(), who(request)
    proved = by.level >= CARD
    rows = queries.own_register(by) if proved else []
    own = papers.of_person(by.person_id, now=at) if by.person_id else []
    said = identity_actions.look(by, [by.person_id], ["id_number", "phone"], now=at) if by.person_id else {}
    context = {
        "tab": "me",
        "oneself": said.get(by.person_id, {}) if by.person_id else {},
        "rows": rows,
        "proved": proved,
        "openings": openings.page_of(by.person_id, at)[0][:3] if by.person_id else [],
        "asking": plugs.asking_address(),
        "moving_at": people.recovery_of(by.account_id),
        "papers": [(p, _number(p.matter_id, by, at)) for p in own],
        "wards": people.wards(by, at),
        "drafts": len(queries.drafts(by, at)),
        "own_pages": plugs.OWN_PAGES if by.person_id else [],
    }
    return render(request, "citizen/me.html", context)


def _number(matter_id: UUID, by: Actor, at: datetime) -> str:
    """Return the number of the matter a paper came from, "" where somebody else applied for it."""
    try:
        return queries.matter(matter_id, by, at).number
    except Unknown:
        return ""


@require_safe
@resident
def paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """Hand a paper out to the person it is about, whoever applied for it."""
    found = papers.card(paper_id, now=now())
    if found.holder_id != who(request).person_id:
        raise Unknown
    return handed_out(found)


@require_safe
@resident
def looks(request: HttpRequest) -> HttpResponse:
    """Show everyone who looked, newest first: who, when, why, at what; with the receipt, and a way to ask."""
    by = who(request)
    before = request.GET.get("before", "")
    until = datetime.fromisoformat(before) if before else None
    shown, more = openings.page_of(by.person_id, now(), until) if by.person_id else ([], None)
    context = {
        "tab": "me",
        "openings": shown,
        "older": before,
        "more": more.isoformat() if more else "",
        "asking": plugs.asking_address(),
    }
    return render(request, "citizen/looks.html", context)
