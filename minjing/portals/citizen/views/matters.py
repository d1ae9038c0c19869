"""One's matters: where each stands, what is asked, what was decided, the paper, the rating."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.booking import queries as visits
from minjing.kernel.files import queries as stored
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import actions, queries, rules
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.models import Material
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.papers import queries as papers
from minjing.kernel.pay.queries import orders as pay
from minjing.portals.citizen import plugs, questions, uploads
from minjing.portals.citizen.access import resident, who
from minjing.portals.frame.language import pick, t

PAGE = 30
WORDS = {
    "submit": ("提交了申请", "You applied"),
    "claim": ("民警开始办理", "An officer took it up"),
    "release": ("放回等待办理", "Put back, waiting for an officer"),
    "ask_supplement": ("要求补充材料，计时暂停", "Another paper was asked for; the clock is paused"),
    "settle": ("费用已缴清，开始办理", "The fee is paid; work begins"),
    "supplement": ("您补充了材料，计时继续", "You sent the papers; the clock runs again"),
    "miss_visit": ("没有在约定的时间到场，计时暂停", "The visit was missed; the clock is paused"),
    "keep_visit": ("您已到场，计时继续", "You came; the clock runs again"),
    "came": ("您已到场，计时继续", "You came; the clock runs again"),
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
    "take_back_paper": ("证照被作废", "A paper was revoked"),
    "ask_reopening": ("提请重新办理", "Reopening was proposed"),
    "approve_reopening": ("重新办理", "Reopened"),
    "confirm_originals": ("原件核对无误", "The originals agree"),
    "dispute_originals": ("原件与材料不符，报请决定", "The originals do not agree; referred for decision"),
    "answer": ("督察部门答复", "The inspectorate answered"),
    "refer": ("转上级督察机构", "Referred to the inspectorate above"),
    "finish_task": ("协办核查完成", "A parallel check was finished"),
}


@require_safe
@resident
def index(request: HttpRequest) -> HttpResponse:
    """Show the unfinished applications, the open matters and the closed ones."""
    at, by = now(), who(request)
    before = request.GET.get("before", "")
    listed = queries.mine(by, limit=PAGE + 1, before=datetime.fromisoformat(before) if before else None)
    mine = [(m, b.service, b.flow.states[m.state]) for m, b in ((m, queries.body_of(m)) for m in listed[:PAGE])]
    context = {
        "tab": "matters",
        "drafts": [] if before else [(d, queries.body_of(d).service) for d in queries.drafts(by, at)],
        "running": [row for row in mine if row[0].closed_at is None],
        "closed": [row for row in mine if row[0].closed_at is not None],
        "more": listed[PAGE - 1].submitted_at.isoformat() if len(listed) > PAGE else "",
    }
    return render(request, "citizen/matters.html", context)


def my_matter(request: HttpRequest, number: str) -> Snapshot:
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
    matter = my_matter(request, number)
    body = queries.body_of(matter)
    events = queries.events(matter)
    notes = queries.notes(matter, by, at)
    reasons = {r.key: r for r in body.flow.refusals}
    told = [
        {
            "event": e,
            "words": _words(body, e),
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
        "line": rules.stations(body, matter, events),
        "told": list(reversed(told)),
        "decision": next((row for row in reversed(told) if row["reason"]), None),
        "answer": next((row for row in reversed(told) if row["event"].action in ANSWERS), None),
        "asked": [titles[name] for name in matter.asked if name in titles],
        "papers": papers.of_matter(matter.id, now=at),
        "rating": queries.rating(matter),
        "may_withdraw": by.account_id == matter.account_id and "withdraw" in body.flow.states[matter.state].actions,
        "book_again": _book_again(body, matter, by),
        "holder": _holder(body, matter),
        "being_issued": body.service.auto is not None and queries.is_being_issued(matter.id),
        "beside": plugs.beside(matter, by, at),
        "shown": _with_files(matter, titles),
        "five": FIVE,
        "fee": next(reversed(pay.of_subject(matter.id)), None),
    }
    return render(request, "citizen/matter.html", context)


def _words(body: Body, event: rules.Happening) -> tuple[str, str]:
    """Return what a step is called: in the words of this page, or as its flow calls it."""
    if event.action in WORDS:
        return WORDS[event.action]
    state = body.flow.states.get(event.from_state)
    spec = state.actions.get(event.action) if state else None
    return (spec.title.zh, spec.title.en) if spec else (event.action, event.action)


def _book_again(body: Body, matter: Snapshot, by: Actor) -> str:
    """Return where to book anew for a matter whose visit was missed; "" for any other."""
    spec = body.service.booking
    waits = matter.pause_reason == "visit" and by.account_id == matter.account_id
    if spec is None or not waits or visits.visit_of_subject(matter.id) is not None:
        return ""
    return f"{reverse('citizen:visit_places')}?" + urlencode({"kind": spec.kind, "s": spec.service, "for": matter.id})


def _holder(body: Body, matter: Snapshot) -> tuple[Text, Text | None]:
    """Return who has the matter now: the unit, and the post that must act, if an officer must."""
    unit = queries.units()[matter.unit_id].name
    names = identity.post_names([matter.post]) if matter.post else {}
    return unit, Text(**names[matter.post]) if matter.post in names else None


def _with_files(matter: Snapshot, titles: Mapping[str, Text]) -> list[tuple[Material, Text | None, Any]]:
    """Return the papers of a matter with their titles, and the file of each that was uploaded."""
    papers_in = queries.materials(matter)
    facts = stored.files([m.file_id for m in papers_in if m.file_id])
    return [(m, titles.get(m.name), facts.get(m.file_id) if m.file_id else None) for m in papers_in]


FIVE = (
    (5, "非常满意", "Very good"),
    (4, "满意", "Good"),
    (3, "一般", "Fair"),
    (2, "不满意", "Poor"),
    (1, "非常不满意", "Very poor"),
)
ANSWERS = ("answer", "refer")  # steps whose words are what was asked for
QUIET = {"release", "finish_task", "migrate", "migrate_back", "recompute_due"}
TOLD_NOTES = queries.ADDRESSED  # words that are addressed to the applicant


@require_safe
@resident
def done(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm a submission: the number, what happens next and when, the receipt."""
    matter = my_matter(request, number)
    body = queries.body_of(matter)
    events = queries.events(matter)
    context = {
        "tab": "matters",
        "matter": matter,
        "service": body.service,
        "line": rules.stations(body, matter, events),
        "station": queries.units()[matter.station_id].name,
        "entry": events[0].entry_id if events else None,
        "papers": papers.of_matter(matter.id, now=now()),
    }
    return render(request, "citizen/done.html", context)


@require_http_methods(["GET", "POST"])
@resident
def supplement(request: HttpRequest, number: str) -> HttpResponse:
    """Send the papers that were asked for."""
    at, by = now(), who(request)
    matter = my_matter(request, number)
    body = queries.body_of(matter)
    titles = {m.name: m for m in body.service.materials}
    errors: dict[str, str] = {}
    sent: dict[str, list[UUID]] = {}
    if request.method == "POST":
        sent, errors = _sent(request, matter, by, at)
        if not errors:
            try:
                actions.act(
                    matter.id,
                    "supplement",
                    ver=int(request.POST["ver"]),
                    by=by,
                    now=at,
                    request_id=UUID(request.POST["request_id"]),
                    files=sent,
                )
                messages.success(request, t("材料已收到，计时继续。", "We have your papers; the clock runs again."))
                return HttpResponseRedirect(reverse("citizen:matter", args=[number]))
            except Wrong as wrong:
                errors = {name: pick(text) for name, text in wrong.errors.items()}
    notes = queries.notes(matter, by, at)
    asked_at = next((e.seq for e in reversed(queries.events(matter)) if e.action == "ask_supplement"), 0)
    context = {
        "tab": "matters",
        "matter": matter,
        "service": body.service,
        "asked": [(titles[n], errors.get(n, ""), _named(sent.get(n, ()))) for n in matter.asked if n in titles],
        "note": notes.get(asked_at, {}).get("note", ""),
        "errors": [(f"q-{name}", text) for name, text in errors.items()],
        "request_id": request.POST.get("request_id") or new_id(),
    }
    return render(request, "citizen/supplement.html", context, status=422 if errors else 200)


def _sent(
    request: HttpRequest, matter: Snapshot, by: Actor, at: datetime
) -> tuple[dict[str, list[UUID]], dict[str, str]]:
    """Return the files that came for each paper asked for, and what was refused."""
    files: dict[str, list[UUID]] = {}
    errors: dict[str, str] = {}
    for name in matter.asked:
        sent = uploads.received(request, name, by=by, now=at)
        if sent.files:
            files[name] = list(sent.files)
        if sent.refused:
            errors[name] = pick(sent.refused)
    return files, errors


def _named(sent: Iterable[UUID]) -> list[stored.File]:
    """Return the files that have come already, so that a page shown again keeps them."""
    return list(stored.files(list(sent)).values())


@require_http_methods(["GET", "POST"])
@resident
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Ask once more, then withdraw."""
    matter = my_matter(request, number)
    if request.method == "POST":
        actions.act(
            matter.id,
            "withdraw",
            ver=int(request.POST["ver"]),
            by=who(request),
            now=now(),
            request_id=UUID(request.POST["request_id"]),
        )
        messages.success(request, t("申请已撤回。", "The application has been withdrawn."))
        return HttpResponseRedirect(reverse("citizen:matter", args=[number]))
    context = {"tab": "matters", "matter": matter, "service": queries.body_of(matter).service, "request_id": new_id()}
    return render(request, "citizen/withdraw.html", context)


@require_http_methods(["POST"])
@resident
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Keep what the resident thought of it."""
    matter = my_matter(request, number)
    stars = request.POST.get("stars", "")
    try:
        actions.rate(
            matter.id,
            int(stars) if stars.isdecimal() and len(stars) < 4 else 0,
            words=request.POST.get("words", ""),
            by=who(request),
            now=now(),
        )
    except Wrong:
        messages.error(request, t("请先选择 1 至 5 星，再提交评价。", "Choose 1 to 5 stars first, then send."))
    return HttpResponseRedirect(f"{reverse('citizen:matter', args=[number])}#rate")


@require_safe
@resident
def paper(request: HttpRequest, number: str, paper_id: UUID) -> HttpResponse:
    """Hand out the signed PDF."""
    matter = my_matter(request, number)
    found = next((p for p in papers.of_matter(matter.id, now=now()) if p.id == paper_id), None)
    if found is None:
        raise Unknown
    return handed_out(found)


def handed_out(paper: papers.Card) -> HttpResponse:
    """Return the signed PDF of a paper whose asker's right has been checked."""
    response = HttpResponse(papers.pdf(paper.id), content_type="application/pdf")
    name = quote(f"{paper.number}.pdf")
    response["Content-Disposition"] = f"inline; filename=\"paper.pdf\"; filename*=UTF-8''{name}"
    return response


@require_safe
@resident
def form(request: HttpRequest, number: str) -> HttpResponse:
    """Show what was applied for, as it was submitted."""
    at, by = now(), who(request)
    matter = my_matter(request, number)
    body, answers = queries.body_of(matter), queries.answers(matter, by, at)
    pages = [
        (p, [(f, questions.said(f, answers[f.name])) for f in p.fields if f.name in answers])
        for p in body.service.form
    ]
    context = {"tab": "matters", "matter": matter, "service": body.service, "pages": [p for p in pages if p[1]]}
    return render(request, "citizen/form.html", context)
