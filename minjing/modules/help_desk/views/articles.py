"""Articles on the open portal: found by words in either language, judged by their readers."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from minjing.base.clock import now
from minjing.kernel.identity import clients
from minjing.modules.help_desk import actions, queries
from minjing.modules.help_desk.errors import Unknown
from minjing.portals.frame.language import t

FOUND_MAX = 20


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show the articles that fit the words, or all by topic."""
    words = request.GET.get("q", "").strip()[:120]
    titles = queries.topics()
    groups = [(titles[topic], [a for a in queries.published() if a.topic == topic]) for topic in titles]
    context = {
        "tab": "help",
        "q": words,
        "found": queries.search(words, FOUND_MAX) if words else [],
        "groups": [] if words else [group for group in groups if group[1]],
    }
    return render(request, "help_desk/articles.html", context)


@require_GET
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show one article."""
    try:
        article = queries.article(number)
    except Unknown:
        raise Http404 from None
    near = [a for a in queries.search(f"{article.title_zh} {article.title_en}", 5) if a.number != number][:3]
    context = {"tab": "help", "article": article, "topic": queries.topics()[article.topic], "near": near}
    return render(request, "help_desk/article.html", context)


@require_POST
def helped(request: HttpRequest, number: int) -> HttpResponse:
    """Count what a reader says of an article."""
    did = request.POST.get("helped") == "1"
    try:
        actions.judge_article(number, helped=did, address=clients.address(request), now=now())
    except Unknown:
        raise Http404 from None
    if not did:
        return HttpResponseRedirect(f"{reverse('help_desk:ask')}?from=open/help/")
    messages.success(request, t("谢谢您的反馈。", "Thank you for telling us."))
    return HttpResponseRedirect(reverse("help_desk:article", args=[number]))
