"""The desk of identity checks: take the next one, hold photo and card side by side, say what one sees."""

from __future__ import annotations

from base64 import b64encode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError, Unknown, Wrong
from minjing.portals.frame.language import pick
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.permissions import Words
from minjing.portals.officer.rail import show

ACT = people.CONFIRM
PURPOSES: dict[str, Words] = {
    "level": {"zh": "核验身份证和本人", "en": "Check card and person"},
    "recovery": {"zh": "更换手机号", "en": "A new phone"},
    "guardian": {"zh": "确认监护关系", "en": "Confirm a guardian"},
    "firm": {"zh": "确认单位代表", "en": "Confirm who speaks for a firm"},
}
PARTS: dict[str, Words] = {
    "portrait": {"zh": "证件照", "en": "Photo on the card"},
    "front": {"zh": "身份证人像面", "en": "Card, front"},
    "back": {"zh": "身份证国徽面", "en": "Card, back"},
    "straight": {"zh": "本人照片：正对镜头", "en": "Person, straight"},
    "turned": {"zh": "本人照片：按要求的动作", "en": "Person, with the step asked for"},
    "paper": {"zh": "证明材料", "en": "Papers"},
}
# Digit on the keyboard, verdict, words, class of the button.
VERDICTS: tuple[tuple[str, str, Words, str], ...] = (
    ("1", "same", {"zh": "是同一人", "en": "The same person"}, ""),
    ("2", "different", {"zh": "不是同一人", "en": "Not the same"}, "refuse"),
    ("3", "cannot_tell", {"zh": "看不清，无法判断", "en": "Cannot tell"}, "second"),
)
PAPER_VERDICTS: tuple[tuple[str, str, Words, str], ...] = (
    ("1", "same", {"zh": "材料属实，予以确认", "en": "The papers bear it out"}, ""),
    ("2", "different", {"zh": "不予确认", "en": "They do not"}, "refuse"),
    ("3", "cannot_tell", {"zh": "看不清，请重新提交", "en": "Cannot tell; send them again"}, "second"),
)


@officer_page(act=ACT)
@require_http_methods(["GET", "POST"])
def desk(request: OfficerRequest) -> HttpResponse:
    """List what waits, nothing opened; take the next, or the one whose code somebody shows at the counter."""
    wrong: IdentityError | None = None
    if request.method == "POST":
        try:
            if "code" in request.POST:
                taken: UUID | None = identity.claim_by_code(request.POST["code"], by=request.actor, now=request.at)
            else:
                taken = identity.claim_next(by=request.actor, now=request.at)
        except IdentityError as error:
            wrong = error
        else:
            goal = reverse("officer:check", args=[taken]) if taken else reverse("officer:checks")
            return HttpResponseRedirect(goal)
    rows = [(row, PURPOSES[row.purpose]) for row in people.waiting(request.actor, request.at)]
    context = {"rows": rows, "wrong": wrong}
    return show(request, "officer/checks.html", context, page="checks", status=422 if wrong else 200)


@officer_page(act=ACT)
@require_http_methods(["GET", "POST"])
def one(request: OfficerRequest, check_id: UUID) -> HttpResponse:
    """Open the check one has taken, which is a look on record, or say what one sees."""
    if request.method == "POST":
        return _decided(request, check_id)
    try:
        opened = identity.open_desk(check_id, by=request.actor, now=request.at)
    except Unknown as gone:
        return _gone(request, gone)
    of_card, of_person = ("portrait", "front", "back"), ("straight", "turned", "paper")
    context = {
        "opened": opened,
        "purpose": PURPOSES[opened.purpose],
        "card": _pictures(opened, of_card),
        "person": _pictures(opened, of_person),
        "verdicts": PAPER_VERDICTS if opened.purpose in ("guardian", "firm") else VERDICTS,
    }
    return show(request, "officer/check.html", context, page="checks")


def _pictures(opened: identity.Opened, parts: tuple[str, ...]) -> list[tuple[Words, str]]:
    """Return the pictures as data in the page itself: no address of theirs can be opened beside the look."""
    return [
        (PARTS[part], f"data:image/jpeg;base64,{b64encode(opened.pictures[part]).decode()}")
        for part in parts
        if part in opened.pictures
    ]


def _decided(request: OfficerRequest, check_id: UUID) -> HttpResponse:
    try:
        identity.decide(check_id, request.POST.get("verdict", ""), by=request.actor, now=request.at)
    except Wrong as wrong:
        messages.error(request, pick(wrong.text))
        return HttpResponseRedirect(reverse("officer:check", args=[check_id]))
    except Unknown as gone:
        return _gone(request, gone)
    messages.success(
        request,
        pick(
            {
                "zh": "判断已登记，照片已删除，已告知本人。",
                "en": "Entered; the photos are deleted; the person is told.",
            }
        ),
    )
    return HttpResponseRedirect(reverse("officer:checks"))


def _gone(request: OfficerRequest, gone: Unknown) -> HttpResponse:
    messages.error(request, pick(gone.text))
    return HttpResponseRedirect(reverse("officer:checks"))


@officer_page(act=ACT)
@require_POST
def release(request: OfficerRequest, check_id: UUID) -> HttpResponse:
    """Lay a check back for a colleague."""
    try:
        identity.release(check_id, by=request.actor, now=request.at)
    except Unknown as gone:
        return _gone(request, gone)
    return HttpResponseRedirect(reverse("officer:checks"))
