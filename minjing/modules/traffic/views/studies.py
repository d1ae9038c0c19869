"""Studying online: lessons whose time counts as it passes, then a test of ten questions."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.kernel.matters.errors import Unknown as NoMatter
from minjing.modules.traffic import courses
from minjing.modules.traffic.actions import studies
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.queries import studies as known
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t

KINDS = {
    "reduction": ("学法减分", "Points off by study", "JT0319"),
    "full_points": ("满分学习", "Study for full points", "JT0320"),
    "verification": ("审验学习", "Study for the verification", "JT0322"),
    "ebike": ("电动自行车违法学习", "Study for e-bike riders", "JT0323"),
    "pedestrian": ("行人违法学习", "Study for pedestrians", "JT0324"),
}


@require_http_methods(["GET", "POST"])
@resident
def study(request: HttpRequest) -> HttpResponse:
    """List one's studies; begin one."""
    at, by = now(), who(request)
    if request.method == "POST":
        try:
            row = studies.begin(request.POST.get("kind", ""), by=by, now=at)
        except Unknown:
            raise NoMatter from None
        return HttpResponseRedirect(reverse("traffic:lesson", args=[row.pk]))
    mine = {row.kind: row for row in known.open_of(by)}
    listed = [(kind, t(zh, en), code, mine.get(kind)) for kind, (zh, en, code) in KINDS.items()]
    return render(request, "traffic/items/studies.html", {"tab": "me", "listed": listed})


@require_http_methods(["GET", "POST"])
@resident
def lesson(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Show the open lesson and what was spent; turn to the next; take the test."""
    at, by = now(), who(request)
    row = known.own(study_id, by)
    if row is None:
        raise NoMatter
    if request.method == "POST" and "test" in request.POST:
        return _tested(request, study_id)
    if request.method == "POST" and row.matter_id is None:
        studies.turn(study_id, row.lesson + 1, by=by, now=at)
        return HttpResponseRedirect(reverse("traffic:lesson", args=[study_id]))
    zh, en, code = KINDS[row.kind]
    lessons = courses.lessons()
    context = {
        "tab": "me", "row": row, "title": t(zh, en), "code": code, "enough": studies.enough(row, at),
        "spent_min": sum(row.seconds_by_day.values()) // 60, "days": len(row.seconds_by_day),
        "lesson": lessons[(row.lesson - 1) % len(lessons)] if row.lesson else None,
        "questions": courses.questions(), **known.wanted(row),
    }  # fmt: skip
    return render(request, "traffic/items/lesson.html", context)


def _tested(request: HttpRequest, study_id: UUID) -> HttpResponse:
    answers = {i: request.POST.get(f"q{i}", "") for i in range(len(courses.questions()))}
    try:
        row = studies.test(study_id, answers, by=who(request), now=now())
    except Unknown:
        raise NoMatter from None
    except studies.NotYet as refused:
        messages.error(request, pick(refused.text))
    else:
        if row.passed_at:
            messages.success(
                request,
                t(f"考试合格（{row.marks} 分），可以办理了。", f"Passed with {row.marks}. You can now go on."),
            )
        else:
            messages.error(
                request,
                t(f"{row.marks} 分，90 分合格，请再学再考。", f"{row.marks} marks; 90 pass. Study on and try again."),
            )
    return HttpResponseRedirect(reverse("traffic:lesson", args=[study_id]))
