"""What the lot asks about looks: one's own notes, the notes to review, and those for the supervisor."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import Unknown, Wrong
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show

# How a verdict is called, and the class of its mark.
VERDICTS: dict[str, tuple[Words, str]] = {
    "fits": ({"zh": "相符", "en": "Fits"}, "green"),
    "does_not_fit": ({"zh": "不相符", "en": "Does not fit"}, "red"),
    "unclear": ({"zh": "说不清", "en": "Unclear"}, ""),
}


@officer_page(act="look")
@require_http_methods(["GET", "POST"])
def my_notes(request: OfficerRequest) -> HttpResponse:
    """List the looks one is asked about, take a note on one, or recall whom one of them was at."""
    context: dict[str, Any] = {"wrong": None, "typed": "", "at": "", "recalled": None}
    if request.method == "POST":
        note_id, text = _uuid(request.POST.get("note_id", "")), request.POST.get("note", "")
        context |= {"typed": text, "at": str(note_id)}
        if request.POST.get("recall"):
            context["recalled"] = identity.recall_person(note_id, by=request.actor, now=request.at)
        else:
            try:
                identity.answer_note(note_id, text, by=request.actor, now=request.at)
            except Wrong as wrong:
                context["wrong"] = wrong.text
            else:
                messages.success(
                    request,
                    pick(
                        {
                            "zh": "说明已交，由抽签产生的另一名民警复核。",
                            "en": "Your note is in. A colleague chosen by lot reviews it.",
                        }
                    ),
                )
                return HttpResponseRedirect(reverse("officer:look_notes"))
    context |= {
        "owed": people.my_notes(request.actor, request.at),
        "answered": _with_verdicts(people.my_answered(request.actor, request.at)),
    }
    return show(
        request, "officer/look_notes.html", context, page="look_notes", status=422 if context["wrong"] else 200
    )


@officer_page(act="look")
@require_GET
def reviews(request: OfficerRequest) -> HttpResponse:
    """List the notes that the lot has given one to review; nothing of them is opened here."""
    context = {"rows": people.notes_to_review(request.actor, request.at)}
    return show(request, "officer/look_reviews.html", context, page="look_reviews")


@officer_page(act="look")
@require_http_methods(["GET", "POST"])
def review(request: OfficerRequest, note_id: UUID) -> HttpResponse:
    """Open one note, which is a look on record, and take the verdict on it."""
    if request.method == "POST":
        return _reviewed(request, note_id)
    row = next((r for r in people.notes_to_review(request.actor, request.at) if r.id == note_id), None)
    if row is None:
        raise Unknown
    note = identity.open_note(note_id, by=request.actor, now=request.at)
    context = {"row": row, "note": note, "verdicts": [(key, words) for key, (words, _) in VERDICTS.items()]}
    return show(request, "officer/look_review.html", context, page="look_reviews")


def _reviewed(request: OfficerRequest, note_id: UUID) -> HttpResponse:
    try:
        identity.review_note(note_id, request.POST.get("verdict", ""), by=request.actor, now=request.at)
    except Wrong as wrong:
        messages.error(request, pick(wrong.text))
        return HttpResponseRedirect(reverse("officer:look_review", args=[note_id]))
    except Unknown:
        messages.error(
            request,
            pick(
                {
                    "zh": "这条说明已经复核，或已另行抽签。",
                    "en": "This note has been reviewed already, or the lot has fallen anew.",
                }
            ),
        )
        return HttpResponseRedirect(reverse("officer:look_reviews"))
    messages.success(request, pick({"zh": "复核已登记。", "en": "Your review is entered."}))
    return HttpResponseRedirect(reverse("officer:look_reviews"))


@officer_page(act="supervise")
@require_GET
def supervised(request: OfficerRequest) -> HttpResponse:
    """List the notes that are late, unclear or do not fit, for the supervisor; not whom they are about."""
    rows = _with_verdicts(people.notes_for_supervisor(request.actor, request.at))
    return show(request, "officer/look_supervised.html", {"rows": rows}, page="look_supervised")


@officer_page(act="supervise")
@require_POST
def settle(request: OfficerRequest, note_id: UUID) -> HttpResponse:
    """Take one up: it leaves the list, and the ledger says who took it."""
    identity.settle_note(note_id, by=request.actor, now=request.at)
    messages.success(request, pick({"zh": "已接手，记入台账。", "en": "Taken up, and written into the ledger."}))
    return HttpResponseRedirect(reverse("officer:look_supervised"))


def _with_verdicts(rows: list[people.NoteRow]) -> list[dict[str, Any]]:
    return [{"note": row, "verdict": VERDICTS.get(row.verdict)} for row in rows]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unknown from None
