"""One's matters: where each stands, what is asked, what was decided, the paper, the rating."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.files.errors import Refused
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.papers import queries as papers
from minjing.portals.citizen import questions
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick

WORDS = {
    "submit": ("提交了申请", "You applied"),
    "claim": ("民警开始办理", "An officer took it up"),
    "release": ("放回等待办理", "Put back, waiting for an officer"),
    "ask_supplement": ("要求补充材料，计时暂停", "Another paper was asked for; the clock is paused"),
    "supplement": ("您补充了材料，计时继续", "You sent the papers; the clock runs again"),
    "recommend": ("派出所提出同意意见", "The station recommends approval"),
    "return": ("退回派出所再核", "Returned to the station"),
    "approve": ("批准", "Approved"),
    "issue": ("系统核实后当即签发", "Issued at once after the register was checked"),
    "refuse": ("不予批准", "Refused"),
    "refuse_to_accept": ("不予受理", "Not accepted"),
    "withdraw": ("您撤回了申请", "You withdrew it"),
    "lapse": ("逾期未补正，已终止", "Lapsed: nothing was added in time"),
    "grant_extension": ("经批准延长办理期限", "The time limit was extended with approval"),
    "ask_extension": ("提请延长办理期限", "More time was asked for"),
    "ask_correction": ("提请更正证照", "A correction was proposed"),
    "approve_correction": ("证照已更正", "The paper was corrected"),
    "ask_reopening": ("提请重新办理", "Reopening was proposed"),
    "approve_reopening": ("重新办理", "Reopened"),
    "confirm_originals": ("原件核对无误", "The originals agree"),
    "finish_task": ("协办核查完成", "A parallel check was finished"),
}


@require_safe
@resident
def index(request: HttpRequest) -> HttpResponse:
    """Show the unfinished applications, the open matters and the closed ones."""
    at, by = now(), who(request)
    mine = [(m, queries.body_of(m).service) for m in queries.mine(by, limit=100)]
    context = {
        "tab": "matters",
        "drafts": [(d, queries.body_of(d).service) for d in queries.drafts(by, at)],
        "running": [(m, s) for m, s in mine if m.closed_at is None],
        "closed": [(m, s) for m, s in mine if m.closed_at is not None],
    }
    return render(request, "citizen/matters.html", context)


def _mine(request: HttpRequest, number: str) -> Snapshot:
    """Return one's own matter: a person's matter filed from another account of theirs counts as well."""
    by = who(request)
    matter = queries.matter(number, by, now())
    if by.account_id != matter.account_id and by.person_id != matter.person_id:
        raise Unknown
    return matter


@require_safe
@resident
def one(request: HttpRequest, number: str) -> HttpResponse:
    """Show one matter."""
    at, by = now(), who(request)
    matter = _mine(request, number)
    body = queries.body_of(matter)
    events = queries.events(matter)
    notes = queries.notes(matter, by, at)
    reasons = {r.key: r for r in body.flow.refusals}
    told = [
        {
            "event": e,
            "words": WORDS.get(e.action, (e.action, e.action)),
            "note": notes.get(e.seq, {}).get("note", "") if e.action in TOLD_NOTES else "",
            "reason": reasons.get(str(e.detail.get("reason", ""))),
        }
        for e in events
        if e.action not in QUIET
    ]
    titles = {m.name: m.title for m in body.service.materials}
    context = {
        "tab": "matters",
        "matter": matter,
        "service": body.service,
        "flow": body.flow,
        "state": body.flow.states[matter.state],
        "line": queries.line(matter),
        "told": list(reversed(told)),
        "decision": next((row for row in reversed(told) if row["reason"]), None),
        "materials": [(m, titles.get(m.name)) for m in queries.materials(matter)],
        "asked": [titles[name] for name in matter.asked if name in titles],
        "papers": papers.of_matter(matter.id, now=at),
        "rating": queries.rating(matter),
        "may_withdraw": "withdraw" in body.flow.states[matter.state].actions,
        "moved": request.GET.get("moved"),
        "entry": events[-1].entry_id if events else None,
    }
    return render(request, "citizen/matter.html", context)


QUIET = {"release", "finish_task", "migrate", "migrate_back", "recompute_due"}
TOLD_NOTES = {"ask_supplement", "refuse", "refuse_to_accept"}  # words that are addressed to the applicant


@require_safe
@resident
def done(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm a submission: the number, what happens next and when, the receipt."""
    matter = _mine(request, number)
    body = queries.body_of(matter)
    events = queries.events(matter)
    context = {
        "tab": "matters",
        "matter": matter,
        "service": body.service,
        "line": queries.line(matter),
        "entry": events[0].entry_id if events else None,
        "papers": papers.of_matter(matter.id, now=now()),
    }
    return render(request, "citizen/done.html", context)


@require_http_methods(["GET", "POST"])
@resident
def supplement(request: HttpRequest, number: str) -> HttpResponse:
    """Send the papers that were asked for."""
    at, by = now(), who(request)
    matter = _mine(request, number)
    body = queries.body_of(matter)
    titles = {m.name: m for m in body.service.materials}
    errors: dict[str, str] = {}
    if request.method == "POST":
        sent: dict[str, list[UUID]] = {}
        for name, uploads in request.FILES.lists():
            for upload in uploads:
                try:
                    kept = files.store(
                        upload, by=by, owner_person=by.person_id, name=upload.name, now=at, purpose="material"
                    )
                    sent.setdefault(name, []).append(kept.id)
                except Refused as refused:
                    errors[name] = pick(refused.text)
        if not errors:
            try:
                actions.act(
                    matter.id,
                    "supplement",
                    ver=int(request.POST.get("ver", matter.ver)),
                    by=by,
                    now=at,
                    request_id=UUID(request.POST["request_id"]),
                    files=sent,
                )
                return HttpResponseRedirect(reverse("citizen:matter", args=[number]))
            except Wrong as wrong:
                errors = {name: pick(text) for name, text in wrong.errors.items()}
    notes = queries.notes(matter, by, at)
    asked_at = next((e.seq for e in reversed(queries.events(matter)) if e.action == "ask_supplement"), 0)
    context = {
        "tab": "matters",
        "matter": matter,
        "service": body.service,
        "asked": [(titles[n], errors.get(n, "")) for n in matter.asked if n in titles],
        "note": notes.get(asked_at, {}).get("note", ""),
        "errors": list(errors.items()),
        "request_id": request.POST.get("request_id") or new_id(),
    }
    return render(request, "citizen/supplement.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@resident
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Ask once more, then withdraw."""
    matter = _mine(request, number)
    if request.method == "POST":
        actions.act(
            matter.id,
            "withdraw",
            ver=int(request.POST.get("ver", matter.ver)),
            by=who(request),
            now=now(),
            request_id=UUID(request.POST["request_id"]),
        )
        return HttpResponseRedirect(reverse("citizen:matter", args=[number]))
    context = {"matter": matter, "service": queries.body_of(matter).service, "request_id": new_id()}
    return render(request, "citizen/withdraw.html", context)


@require_http_methods(["POST"])
@resident
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Keep what the resident thought of it."""
    matter = _mine(request, number)
    stars = request.POST.get("stars", "")
    try:
        actions.rate(
            matter.id,
            int(stars) if stars.isdigit() else 0,
            words=request.POST.get("words", ""),
            by=who(request),
            now=now(),
        )
    except Wrong:
        return HttpResponseRedirect(f"{reverse('citizen:matter', args=[number])}?rate=1#rate")
    return HttpResponseRedirect(f"{reverse('citizen:matter', args=[number])}#rate")


@require_safe
@resident
def paper(request: HttpRequest, number: str, paper_id: UUID) -> HttpResponse:
    """Hand out the signed PDF."""
    matter = _mine(request, number)
    found = next((p for p in papers.of_matter(matter.id, now=now()) if p.id == paper_id), None)
    if found is None:
        raise Unknown
    response = HttpResponse(papers.pdf(paper_id), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response


@require_safe
@resident
def form(request: HttpRequest, number: str) -> HttpResponse:
    """Show what was applied for, as it was submitted."""
    at, by = now(), who(request)
    matter = _mine(request, number)
    body, answers = queries.body_of(matter), queries.answers(matter, by, at)
    pages = [
        (p, [(f, questions.said(f, answers[f.name])) for f in p.fields if f.name in answers])
        for p in body.service.form
    ]
    context = {"tab": "matters", "matter": matter, "service": body.service, "pages": [p for p in pages if p[1]]}
    return render(request, "citizen/form.html", context)
