"""Filling in an application: start or resume, one question group a page, papers, check, submit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.booking import queries as visits
from minjing.kernel.files import queries as stored
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions, fees, forms, queries
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.models import Draft
from minjing.kernel.matters.schema import Page, Text
from minjing.portals.citizen import plugs, questions, uploads
from minjing.portals.citizen.access import resident, sign_in, who
from minjing.portals.citizen.steps import CHECK, MATERIALS, VISIT, Application, application, known, outdated
from minjing.portals.citizen.views.paying import to_pay
from minjing.portals.frame.language import pick, t

NOTHING: dict[str, Text] = {}


# ---- beginning ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@resident
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Say what is open already; then begin or go on."""
    at, by = now(), who(request)
    code = code.upper()
    begun = next(
        (d for d in queries.drafts(by, at) if d.mandate_id is None and queries.body_of(d).service.code == code), None
    )
    if request.method == "POST" and request.POST.get("firm"):
        mandate = UUID(request.POST["firm"])
        return HttpResponseRedirect(
            reverse("citizen:draft", args=[actions.draft(code, by=by, now=at, for_firm=mandate).id])
        )
    if request.method == "POST" and request.POST.get("for"):
        whom = UUID(request.POST["for"])
        return HttpResponseRedirect(
            reverse("citizen:draft", args=[actions.draft(code, by=by, now=at, for_person=whom).id])
        )
    # What was begun may be finished, also when the service is no longer offered.
    body = queries.body_of(begun) if begun else queries.service(code)[1]
    service = body.service
    if not service.form:
        return HttpResponseRedirect(reverse("open:service", args=[code]))
    if code in plugs.BEGINS:
        return HttpResponseRedirect(reverse(plugs.BEGINS[code]))
    running = [m for m in queries.mine(by, limit=50) if m.code == code and m.closed_at is None]
    if request.method == "POST" and (begun or not running or "anyway" in request.POST):
        return HttpResponseRedirect(reverse("citizen:draft", args=[actions.draft(code, by=by, now=at).id]))
    context = {
        "tab": "matters",
        "service": service,
        "begun": begun,
        "running": running,
        "others": people.acting_for(by, code, at),
        "level": service.level_for("submit"),
    }
    context["prices"] = fees.prices(body, at)
    return render(request, "citizen/start.html", context)


@resident
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Go to the first step that is not done."""
    mine = application(draft_id, who(request), now())
    if mine.draft.matter_id is not None:
        return HttpResponseRedirect(_confirmation(mine.draft, request))
    return HttpResponseRedirect(mine.address(mine.resume_at()))


@require_http_methods(["GET", "POST"])
@resident
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Ask once more, then delete an unfinished application."""
    by, at = who(request), now()
    mine = application(draft_id, by, at)
    if request.method == "POST":
        actions.discard(draft_id, by=by, now=at)
        messages.success(request, t("草稿已删除。", "The draft has been deleted."))
        return HttpResponseRedirect(reverse("citizen:matters"))
    return render(
        request, "citizen/discard.html", {"tab": "matters", "draft": mine.draft, "service": mine.body.service}
    )


# ---- the pages of the form ------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    """Ask one group of questions. A page posted after the session has ended is kept until its owner is back."""
    if request.method == "POST" and getattr(request, "actor", None) is None:
        posted = {key: values for key, values in request.POST.lists() if key != "csrfmiddlewaretoken"}
        if actions.stash(draft_id, name, posted, now=now()):
            messages.info(
                request,
                t(
                    "登录已过期，您填写的内容都在，登录后接着填。",
                    "Your session had ended. What you typed is kept: sign in and go on.",
                ),
            )
        return sign_in(request, request.path)
    return _page(request, draft_id, name)


@resident
def _page(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    at, by = now(), who(request)
    mine = application(draft_id, by, at)
    if mine.draft.matter_id is not None:
        return HttpResponseRedirect(_confirmation(mine.draft, request))
    found = mine.page(name)
    if request.method == "GET":
        kept = queries.stashed(mine.draft, name)
        if kept is None:
            return _ask(request, mine, found, _known_first(mine, found, by, at))
        return _ask(request, mine, found, questions.read(found, questions.Kept(kept)), notice="kept")
    data = questions.read(found, request.POST)
    edited = questions.editing(found, request.POST)
    if edited:
        more = edited if f"{edited}-add" in request.POST else ""
        return _ask(request, mine, found, data, one_more=more)
    if request.headers.get("HX-Request"):
        asked_now = _filled_in(request, mine, found, data)
        return _ask(request, mine, found, asked_now, template="citizen/questions.html")
    return _save(request, mine, found, data)


def _known_first(mine: Application, page: Page, by: Actor, at: datetime) -> dict[str, Any]:
    """Return the answers of a page; on the first visit, with what is known already."""
    if page.page in mine.draft.pages_done:
        return mine.answers
    return {**known(page, mine, by, at), **mine.answers}


def _filled_in(request: HttpRequest, mine: Application, page: Page, data: dict[str, Any]) -> dict[str, Any]:
    """Return what was posted, with what is known for the questions that come up with it."""
    at, by, said = now(), who(request), questions.facts(page, data)
    answered = {name for name in request.POST.getlist("asked") if said.get(name) not in (None, "", [])}
    new = {name: value for name, value in known(page, mine, by, at, said).items() if name not in answered}
    return {**data, **new, **outdated(page, mine, by, at, said)}


def _save(request: HttpRequest, mine: Application, page: Page, data: dict[str, Any]) -> HttpResponse:
    at, by = now(), who(request)
    errors = actions.save_page(mine.draft.id, page.page, data, by=by, now=at)
    if "later" in request.POST:
        messages.success(request, t("已保存，随时可以接着填。", "Saved. You can go on at any time."))
        return HttpResponseRedirect(reverse("citizen:matters"))
    given = {**mine.others(page), **questions.facts(page, data)}
    visible = {f.name for f in forms.visible_fields(page, given, local_day(at))}
    asked = set(request.POST.getlist("asked")) or visible
    wrong = {name: text for name, text in errors.items() if name in asked}
    if wrong:
        return _ask(request, mine, page, data, errors=wrong, status=422)
    if visible - asked or outdated(page, mine, by, at, questions.facts(page, data)):
        # An answer calls for more questions, or for other values: they are asked, not marked as wrong.
        return _ask(request, mine, page, _filled_in(request, mine, page, data), notice="more")
    saved = application(mine.draft.id, by, at)
    if request.POST.get("then") == CHECK and saved.resume_at() == CHECK:
        return HttpResponseRedirect(saved.address(CHECK))
    return HttpResponseRedirect(saved.after(page.page))


def ask_again(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    """Show a page of the form with what was posted, nothing saved: when the page had become out of date."""
    return _ask_again(request, draft_id, name)


@resident
def _ask_again(request: HttpRequest, draft_id: UUID, name: str) -> HttpResponse:
    mine = application(draft_id, who(request), now())
    found = mine.page(name)
    return _ask(request, mine, found, questions.read(found, request.POST), notice="stale", status=403)


def _ask(
    request: HttpRequest,
    mine: Application,
    page: Page,
    values: dict[str, Any],
    *,
    errors: dict[str, Text] = NOTHING,
    notice: str = "",
    one_more: str = "",
    template: str = "citizen/page.html",
    status: int = 200,
) -> HttpResponse:
    at, by = now(), who(request)
    listed = questions.questions(
        page,
        values,
        mine.others(page),
        errors,
        local_day(at),
        known(page, mine, by, at, questions.facts(page, values)),
        one_more=one_more,
    )
    saved = at if errors or notice == "more" else mine.draft.saved_at
    context = {
        **mine.where(page.page),
        "page": page,
        "here": request.get_full_path(),
        "questions": listed,
        "errors": [(q.goal, q.error) for q in listed if q.error],
        "saved_at": saved,
        "notice": notice,
        "relations": questions.RELATIONS,
        "then": request.GET.get("then") or request.POST.get("then", ""),
    }
    return render(request, template, context, status=status)


# ---- papers ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@resident
def materials(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show each paper that is needed: held already, uploaded, or to be photographed now."""
    at, by = now(), who(request)
    mine = application(draft_id, by, at)
    if mine.draft.matter_id is not None:
        return HttpResponseRedirect(_confirmation(mine.draft, request))
    errors: dict[str, str] = {}
    if request.method == "POST":
        if "remove" in request.POST:
            actions.detach(mine.draft.id, UUID(request.POST["remove"]), by=by, now=at)
        errors = _attach_all(request, mine, by, at)
        mine = application(draft_id, by, at)
        if "go" in request.POST and not errors:
            errors = _missing(mine)
            if not errors:
                return HttpResponseRedirect(mine.after(MATERIALS))
        elif not errors:
            added = request.POST.get("material", "")
            goal = f"#q-{added}" if added else ""
            return HttpResponseRedirect(mine.address(MATERIALS) + goal)
    context = {
        **mine.where(MATERIALS),
        "wanted": [(w, errors.get(w.spec.name, ""), _shown(w.files)) for w in mine.wanted],
        "errors": [(f"q-{name}", text) for name, text in errors.items()],
    }
    return render(request, "citizen/materials.html", context, status=422 if errors else 200)


def _attach_all(request: HttpRequest, mine: Application, by: Actor, at: datetime) -> dict[str, str]:
    """Attach what was sent for any paper of the form; return what was refused, paper by paper."""
    errors: dict[str, str] = {}
    for name in [w.spec.name for w in mine.wanted]:
        sent = uploads.received(request, name, by=by, now=at)
        if sent.refused:
            errors[name] = pick(sent.refused)
        for file_id in sent.files:
            try:
                actions.attach(mine.draft.id, name, file_id, by=by, now=at)
            except Wrong as wrong:
                errors[name] = pick(next(iter(wrong.errors.values())))
    return errors


def _missing(mine: Application) -> dict[str, str]:
    return {
        w.spec.name: t(f"请上传{w.spec.title.zh}。", f"Upload: {w.spec.title.en}.")
        for w in mine.wanted
        if not w.is_there
    }


def _shown(attached: Iterable[Any]) -> list[tuple[Any, Any]]:
    listed = list(attached)
    facts = stored.files([m.file_id for m in listed])
    return [(m, facts.get(m.file_id)) for m in listed]


# ---- check and submit -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@resident
def check(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Show every answer with a way to change it and all that is missing; submit once, however often it is pressed."""
    at, by = now(), who(request)
    mine = application(draft_id, by, at)
    if mine.draft.matter_id is not None:
        return HttpResponseRedirect(_confirmation(mine.draft, request))
    errors = mine.lacking(local_day(at))
    if request.method == "POST" and request.POST.get("declare") != "yes":
        errors["declare"] = Text(zh="请确认所填内容真实。", en="Please confirm that what you state is true.")
    if request.method == "POST" and not errors:
        try:
            request_id = UUID(request.POST["request_id"])
            matter = actions.submit(mine.draft.id, by=by, now=at, request_id=request_id)
            return HttpResponseRedirect(to_pay(matter.id) or reverse("citizen:done", args=[matter.number]))
        except Wrong as wrong:  # changed from another device since it was read here
            errors = wrong.errors
    today = local_day(at)
    context = {
        **mine.where(CHECK),
        "pages": [_rows(page, mine, errors, today) for page in mine.pages],
        "wanted": mine.wanted,
        "visit": None if mine.visit_lacks else visits.visit_of_subject(mine.draft.id),
        "errors": [(_place(mine, name), pick(text)) for name, text in errors.items()],
        "wrong": errors,
        "declared": request.POST.get("declare") == "yes",
        "request_id": request.POST.get("request_id") or new_id(),
        "line": queries.line_ahead(mine.body),
        "quote": fees.quote(mine.body, mine.answers, by.person_id, at) if by.person_id else None,
        "same": queries.open_of_same_subject(mine.body, mine.answers, by),
        "actor_account": by.account_id,
    }
    return render(request, "citizen/check.html", context, status=422 if errors and request.method == "POST" else 200)


def _rows(page: Page, mine: Application, errors: dict[str, Text], today: Any) -> tuple[Page, Sequence[Any]]:
    fields = forms.visible_fields(page, mine.answers, today)
    return page, [(f, questions.said(f, mine.answers.get(f.name)), errors.get(f.name)) for f in fields]


def _place(mine: Application, name: str) -> str:
    """Return the address where an error of the check page is put right."""
    if name == "declare":
        return "#declare"
    if name == VISIT:
        return mine.address(VISIT)
    page = next((p.page for p in mine.body.service.form if name in {f.name for f in p.fields}), "")
    return f"{mine.address(page)}?then=check#q-{name}" if page else f"{mine.address(MATERIALS)}#q-{name}"


def _confirmation(row: Draft, request: HttpRequest) -> str:
    if row.matter_id is None:
        raise NotAllowed("not_submitted", "申请还没有提交。", "It has not been submitted yet.")
    number = queries.matter(row.matter_id, who(request), now()).number
    return reverse("citizen:done", args=[number])
