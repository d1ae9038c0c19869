"""The knowledge base from inside: drafts made of answers, checked by a second person, published, withdrawn."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from minjing.kernel.matters import queries as matters
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.errors import DeskError, NotAllowed, Unknown, Wrong
from minjing.portals.frame.language import t
from minjing.portals.officer.gate import OfficerRequest, missing, officer_page, refused
from minjing.portals.officer.rail import show

FIELDS = ("title_zh", "body_zh", "title_en", "body_en")


@officer_page("desk")
@require_GET
def index(request: OfficerRequest) -> HttpResponse:
    """Show the drafts that wait for a second person, and what is published."""
    drafts = queries.to_check(request.actor)
    names = matters.officers([a.written_by for a in drafts])
    context = {
        "drafts": [{"article": a, "by": names.get(a.written_by)} for a in drafts],
        "articles": sorted(queries.published(), key=lambda a: (a.topic, a.number)),
        "topics": queries.topics(),
    }
    return show(request, "help_desk/knowledge.html", context, page="desk_articles")


@officer_page("desk")
@require_http_methods(["GET", "POST"])
def write(request: OfficerRequest) -> HttpResponse:
    """Write a draft: of an answered question (`?from=`), of a new wording (`?replaces=`), or of nothing."""
    try:
        said = _begun(request)
        if request.method == "POST":
            made = actions.write_article(
                {name: said[name] for name in FIELDS},
                said["topic"],
                aliases=said["aliases"].replace("，", ",").replace("、", ",").split(","),
                question=said["question"],
                replaces=int(said["replaces"]) if _is_key(said["replaces"]) else None,
                by=request.actor,
                now=request.at,
            )
            messages.success(
                request, t("已存为草稿，请另一个人核对后发布。", "Kept as a draft; another person checks it.")
            )
            return HttpResponseRedirect(reverse("help_desk:draft", args=[made.id]))
    except Unknown:
        return missing(request)
    except Wrong as wrong:
        return _form(request, said, wrong)
    return _form(request, said, None)


def _begun(request: OfficerRequest) -> dict[str, str]:
    """Return what the form begins with: what was typed, or the answer or the wording it grows from."""
    names = (*FIELDS, "topic", "aliases", "question", "replaces")
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in names}
    said = dict.fromkeys(names, "")
    number, replaces = request.GET.get("from", ""), request.GET.get("replaces", "")
    if number:
        matter, answer = queries.closed(request.actor, number, request.at)
        came = queries.question_of(matter.id)
        said |= {"question": matter.number, "body_zh": answer, "topic": came.topic if came else ""}
    elif _is_key(replaces):
        old = queries.article(int(replaces))
        said |= {name: getattr(old, name) for name in FIELDS}
        said |= {"topic": old.topic, "aliases": ", ".join(old.aliases), "replaces": replaces}
    return said


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _form(request: OfficerRequest, said: dict[str, str], wrong: DeskError | None) -> HttpResponse:
    context: dict[str, Any] = {"said": said, "wrong": wrong, "topics": queries.topics()}
    return show(request, "help_desk/write.html", context, page="desk_articles", status=422 if wrong else 200)


@officer_page("desk")
@require_http_methods(["GET", "POST"])
def one(request: OfficerRequest, article_id: UUID) -> HttpResponse:
    """Show an article to the desk; another person than its writer publishes it."""
    try:
        article = queries.any_article(article_id, request.actor)
        if request.method == "POST":
            if "publish" in request.POST:
                actions.publish_article(article_id, by=request.actor, now=request.at)
                messages.success(request, t("已发布到开放门户。", "Published on the open portal."))
            else:
                actions.withdraw_article(article_id, by=request.actor, now=request.at)
                messages.success(request, t("已撤下。", "Withdrawn."))
            return HttpResponseRedirect(reverse("help_desk:draft", args=[article_id]))
    except Unknown:
        return missing(request)
    except NotAllowed as no:
        return refused(request, {"zh": no.text.zh, "en": no.text.en}, "")
    people = matters.officers([who for who in (article.written_by, article.checked_by) if who])
    context = {
        "article": article,
        "topic": queries.topics()[article.topic],
        "writer": people.get(article.written_by),
        "checker": people.get(article.checked_by) if article.checked_by else None,
        "before": queries.in_place_of(article) if article.state == article.DRAFT else None,
        "own": article.written_by == request.actor.account_id,
    }
    return show(request, "help_desk/draft.html", context, page="desk_articles")
