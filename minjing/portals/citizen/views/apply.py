"""Filling in an application: start or resume, one question group a page, papers, check, submit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.files import queries as stored
from minjing.kernel.files.errors import Refused
from minjing.kernel.matters import actions, forms, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Draft
from minjing.kernel.matters.schema import Body, Page, Text
from minjing.portals.citizen import questions
from minjing.portals.citizen.access import resident, sign_in, who
from minjing.portals.frame.language import pick

NOTHING: dict[str, Text] = {}


@require_http_methods(["GET", "POST"])
@resident
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Say what is open already; then begin or go on."""
    at, by = now(), who(request)
    _, body = queries.service(code)
    begun = next((d for d in queries.drafts(by, at) if queries.body_of(d).service.code == code), None)
    running = [m for m in queries.mine(by, limit=50) if m.code == code and m.closed_at is None]
    if request.method == "POST" and not (running and begun is None and "anyway" not in request.POST):
        return HttpResponseRedirect(reverse("citizen:draft", args=[actions.draft(code, by=by, now=at).id]))
    if request.method == "GET" and not running and begun is None:
        return HttpResponseRedirect(reverse("open:service", args=[code]))
    context = {"service": body.service, "begun": begun, "running": running}
    return render(request, "citizen/start.html", context)


@resident
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Go to the first page that is not done."""
    row = queries.draft(draft_id, who(request), now())
    if row.matter_id is not None:
        return HttpResponseRedirect(_confirmation(row, request))
    answers = queries.draft_answers(row)
    for page in forms.visible_pages(queries.body_of(row), answers, local_day(now())):
        if page.page not in row.pages_done:
            return HttpResponseRedirect(reverse("citizen:page", args=[row.id, page.page]))
    return HttpResponseRedirect(reverse("citizen:materials", args=[row.id]))


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    """Ask one group of questions. A page posted after the session has ended is kept until its owner is back."""
    if request.method == "POST" and getattr(request, "actor", None) is None:
        return _keep_through_sign_in(request, draft_id, name)
    return _page(request, draft_id, name)


def _keep_through_sign_in(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    row = Draft.objects.filter(id=draft_id).first()
    found = next((p for p in queries.body_of(row).service.form if p.page == name), None) if row else None
    if found is not None:
        actions.stash(draft_id, name, questions.read(found, request.POST), now=now())
    return sign_in(request, reverse("citizen:page", args=[draft_id, name]))


@resident
def _page(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    at, by = now(), who(request)
    row = queries.draft(draft_id, by, at)
    if row.matter_id is not None:
        return HttpResponseRedirect(_confirmation(row, request))
    body = queries.body_of(row)
    found = next((p for p in body.service.form if p.page == name), None)
    if found is None:
        raise Unknown
    answers = queries.draft_answers(row)
    if request.method == "GET":
        kept = queries.stashed(row, name)
        values = answers if kept is None else {**answers, **kept}
        return _ask(request, row, body, found, values, answers, NOTHING, kept=kept is not None)
    data = questions.read(found, request.POST)
    if questions.is_editing(found, request.POST):
        for f in found.fields:
            if f.type == "people":
                data[f.name] = questions.read_people(f.name, request.POST)
        return _ask(request, row, body, found, data, answers, NOTHING, adding=request.POST)
    errors = actions.save_page(row.id, name, data, by=by, now=at)
    others = {k: v for k, v in answers.items() if k not in {f.name for f in found.fields}}
    if errors or _newly_asked(found, data, others, request):
        return _ask(request, row, body, found, data, others, errors, saved=True, status=422 if errors else 200)
    return HttpResponseRedirect(_next(row, body, found, by, at, request))


def _newly_asked(page: Page, data: dict[str, Any], others: dict[str, Any], request: HttpRequest) -> bool:
    """Say whether the answers call for a field that was not on the page as it was posted."""
    today = local_day(now())
    checked = forms.check_page(page, data, others, today).clean
    shown = forms.visible_fields(page, {**others, **checked}, today)
    return any(f"{f.name}" not in request.POST.getlist("asked") for f in shown)


def _next(row: Draft, body: Body, page: Page, by: Any, at: Any, request: HttpRequest) -> str:
    if request.POST.get("then") == "check":
        return reverse("citizen:check", args=[row.id])
    answers = queries.draft_answers(queries.draft(row.id, by, at))
    pages = [p.page for p in forms.visible_pages(body, answers, local_day(at))]
    position = pages.index(page.page) + 1 if page.page in pages else len(pages)
    if position < len(pages):
        return reverse("citizen:page", args=[row.id, pages[position]])
    return reverse("citizen:materials", args=[row.id])


def _ask(
    request: HttpRequest,
    row: Draft,
    body: Body,
    page: Page,
    values: dict[str, Any],
    answers: dict[str, Any],
    errors: dict[str, Text],
    *,
    saved: bool = False,
    kept: bool = False,
    adding: Any = None,
    status: int = 200,
) -> HttpResponse:
    today = local_day(now())
    pages = forms.visible_pages(body, {**answers, **values}, today)
    names = [p.page for p in pages]
    position = names.index(page.page) if page.page in names else 0
    listed = questions.questions(page, values, answers, errors, today)
    for question in listed:
        if question.widget == "people" and (not question.rows or (adding and f"{question.name}-add" in adding)):
            question.rows = [*question.rows, {"name": "", "id_number": "", "relation": ""}]
    context = {
        "service": body.service,
        "draft": row,
        "page": page,
        "questions": listed,
        "errors": [(q.name, q.error) for q in listed if q.error],
        "number": position + 1,
        "total": len(pages) + 2,
        "back": reverse("citizen:page", args=[row.id, names[position - 1]]) if position else "",
        "saved_at": now() if saved else row.saved_at,
        "kept": kept,
        "relations": questions.RELATIONS,
        "then": request.GET.get("then") or request.POST.get("then", ""),
        "retired": queries.is_retired(row.procedure_id),
    }
    return render(request, "citizen/page.html", context, status=status)


@require_http_methods(["GET", "POST"])
@resident
def materials(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show each paper that is needed: held already, uploaded, or to be photographed now."""
    at, by = now(), who(request)
    row = queries.draft(draft_id, by, at)
    if row.matter_id is not None:
        return HttpResponseRedirect(_confirmation(row, request))
    errors: dict[str, str] = {}
    if request.method == "POST":
        if "remove" in request.POST:
            actions.detach(row.id, UUID(request.POST["remove"]), by=by, now=at)
        for name, sent in request.FILES.lists():
            errors |= _attach_all(row, name, sent, by, at)
        if not errors and "go" in request.POST:
            return HttpResponseRedirect(reverse("citizen:check", args=[row.id]))
        if not errors:
            return HttpResponseRedirect(reverse("citizen:materials", args=[row.id]))
    body = queries.body_of(row)
    answers = queries.draft_answers(row)
    wanted = queries.wanted_materials(body, answers, by.person_id, queries.materials(row), at)  # type: ignore[arg-type]
    pages = forms.visible_pages(body, answers, local_day(at))
    context = {
        "service": body.service,
        "draft": row,
        "wanted": [(w, errors.get(w.spec.name, ""), _shown(w.files)) for w in wanted],
        "number": len(pages) + 1,
        "total": len(pages) + 2,
        "back": reverse("citizen:page", args=[row.id, pages[-1].page]),
        "errors": [(name, text) for name, text in errors.items()],
    }
    return render(request, "citizen/materials.html", context, status=422 if errors else 200)


def _attach_all(row: Draft, name: str, sent: Any, by: Any, at: Any) -> dict[str, str]:
    for upload in sent:
        try:
            kept = files.store(upload, by=by, owner_person=by.person_id, name=upload.name, now=at, purpose="material")
            actions.attach(row.id, name, kept.id, by=by, now=at)
        except Refused as refused:
            return {name: pick(refused.text)}
        except Wrong as wrong:
            return {name: pick(next(iter(wrong.errors.values())))}
    return {}


def _shown(attached: Any) -> list[tuple[Any, Any]]:
    known = stored.files([m.file_id for m in attached])
    return [(m, known.get(m.file_id)) for m in attached]


@require_http_methods(["GET", "POST"])
@resident
def check(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show every answer with a way to change it; submit once, however often the button is pressed."""
    at, by = now(), who(request)
    row = queries.draft(draft_id, by, at)
    if row.matter_id is not None:
        return HttpResponseRedirect(_confirmation(row, request))
    body, answers = queries.body_of(row), queries.draft_answers(row)
    errors: dict[str, Text] = {}
    if request.method == "POST":
        try:
            matter = actions.submit(row.id, by=by, now=at, request_id=UUID(request.POST["request_id"]))
            return HttpResponseRedirect(reverse("citizen:done", args=[matter.number]))
        except Wrong as wrong:
            errors = wrong.errors
    today = local_day(at)
    pages = [
        (p, [(f, questions.said(f, answers.get(f.name)), errors.get(f.name)) for f in _asked(p, answers, today)])
        for p in forms.visible_pages(body, answers, today)
    ]
    wanted = queries.wanted_materials(body, answers, by.person_id, queries.materials(row), at)  # type: ignore[arg-type]
    where = {f.name: p.page for p in body.service.form for f in p.fields}
    context = {
        "service": body.service,
        "draft": row,
        "pages": pages,
        "wanted": wanted,
        "errors": [(where.get(name, ""), name, pick(text)) for name, text in errors.items()],
        "request_id": request.POST.get("request_id") or new_id(),
        "number": len(pages) + 2,
        "total": len(pages) + 2,
        "line": queries.line_ahead(body),
        "retired": queries.is_retired(row.procedure_id),
    }
    return render(request, "citizen/check.html", context, status=422 if errors else 200)


def _asked(page: Page, answers: dict[str, Any], today: Any) -> list[Any]:
    return forms.visible_fields(page, answers, today)


def _confirmation(row: Draft, request: HttpRequest) -> str:
    if row.matter_id is None:
        raise NotAllowed("not_submitted", "申请还没有提交。", "It has not been submitted yet.")
    number = queries.matter(row.matter_id, who(request), now()).number
    return reverse("citizen:done", args=[number])


@require_POST
@resident
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Delete an unfinished application."""
    actions.discard(draft_id, by=who(request), now=now())
    return HttpResponseRedirect(reverse("citizen:matters"))
