"""A resident's check, page by page: photos of the card, what it says, who compares, the step before the camera."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base import clock
from minjing.kernel.identity import actions, clients, queries, sessions
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import IdentityError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.identity.models import Check
from minjing.kernel.identity.rules import CARD, checks
from minjing.kernel.identity.rules.card import LONG_TERM
from minjing.kernel.identity.views.entry import next_of, page, with_next

HOME = "/identity/raise/"
PICTURE_MAX = 10 * 1024 * 1024 + 1  # bytes read of one photo; a larger one is refused with its reason
LONG = "长期"  # as the card has it, in either language of the page
NEXT = "check_next"  # where a check leads when it is done


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Show the step that the check stands at, or take what it asks for."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return HttpResponseRedirect(with_next(reverse("identity:sign_in"), request.get_full_path()))
    if not actor.is_resident:
        return HttpResponseRedirect(HOME)
    now = clock.now()
    if actor.person_id is None and queries.last_check(actor.account_id, Check.RECOVERY) is None:
        return HttpResponseRedirect(with_next(reverse("identity:who"), request.get_full_path()))
    wanted = next_of(request, "")
    if wanted:
        request.session[NEXT] = wanted
    if request.method == "POST":
        return _taken(request, actor, now)
    return _shown(request, actor, now)


def purpose_of(actor: Actor) -> str:
    """Return what a check of this account is for: who has not said who they are wants an account back."""
    return Check.LEVEL if actor.person_id else Check.RECOVERY


def _shown(request: HttpRequest, actor: Actor, now: datetime, error: IdentityError | None = None) -> HttpResponse:
    row = queries.open_check_of(actor.account_id, purpose_of(actor), now)
    last = row or queries.last_check(actor.account_id, purpose_of(actor))
    state = row.state if row else last.state if last and last.state in Check.ENDED else "none"
    if last and row is None and state in Check.ENDED and "again" in request.GET:
        state = "none"
    if last and row is None and state == Check.DONE and actor.person_id is not None and actor.level >= CARD:
        return HttpResponseRedirect(request.session.pop(NEXT, HOME))
    said = actions.said_of(row) if row else {}
    context: dict[str, Any] = {
        "tab": "me",
        "check": row,
        "next": request.session.get(NEXT, HOME),
        "machine": queries.machine_compares(),
        "fields": {k: LONG if v == LONG_TERM else v for k, v in said.get("fields", {}).items()},
        "unsure": said.get("confirm", []),
        "remarks": said.get("remarks", []),
        "step": checks.STEPS.get(row.challenge) if row else None,
        "late": bool(
            row and row.state == Check.SELFIE and (row.challenge_until is None or row.challenge_until <= now)
        ),
        "outcome": checks.OUTCOMES.get(last.outcome) if last and not row else None,
        "outcome_done": state == Check.DONE,
        "recovering": purpose_of(actor) == Check.RECOVERY,
        "seconds": int(checks.CHALLENGE_LASTS.total_seconds()),
    }
    if context["late"] and row and not error:
        actions.draw_again(row.pk, by=actor, now=now)
        return _shown(request, actor, now, error)
    if error and request.method == "POST":
        context["fields"] = {
            **context["fields"],
            **{k: v for k, v in request.POST.items() if k in ("name", "id_number")},
        }
        context["typed"] = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    if isinstance(error, Wrong) and error.field in ("front", "back"):
        state = Check.CARD  # also where the photos are taken again
    return page(request, f"check_{_template(state)}", error, **context)


def _template(state: str) -> str:
    return {"none": "start", Check.DONE: "ended", Check.REFUSED: "ended"}.get(state, state)


def _taken(request: HttpRequest, actor: Actor, now: datetime) -> HttpResponse:
    step = request.POST.get("step", "")
    try:
        if step == "begin" and actor.person_id is None:
            return HttpResponseRedirect(reverse("identity:recover"))
        if step == "begin":
            actions.open_check(by=actor, session_ref=sessions.ref_of(request), now=now)
        elif step in STEPS:
            row = queries.open_check_of(actor.account_id, purpose_of(actor), now)
            if row is None:
                return HttpResponseRedirect(f"{reverse('identity:check')}?again=1")
            return STEPS[step](request, actor, row.pk, now)
    except (Unknown, Stale):  # ended, or gone on, in another window
        pass
    except Wrong as wrong:
        return _shown(request, actor, now, wrong)
    except NotAllowed as refused:
        if refused.key not in checks.OUTCOMES:  # what ends a check has its own page
            return _shown(request, actor, now, refused)
    except IdentityError as error:
        return _shown(request, actor, now, error)
    return HttpResponseRedirect(reverse("identity:check"))


def _here() -> HttpResponse:
    return HttpResponseRedirect(reverse("identity:check"))


def _photo(request: HttpRequest, name: str) -> bytes:
    sent = request.FILES.get(name)
    return sent.read(PICTURE_MAX) if sent else b""


def _card(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    actions.keep_card(pk, _photo(request, "front"), _photo(request, "back"), by=actor, now=now)
    return _here()


def _fields(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    said = {name: request.POST.get(name, "") for name in ("name", "id_number", "valid_from", "valid_to", "issuer")}
    actions.confirm_fields(pk, said, by=actor, now=now)
    return _here()


def _way(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    actions.choose_way(pk, request.POST.get("way", ""), by=actor, now=now)
    return _here()


def _selfie(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    token, device = clients.known_browser(request)
    found = actions.keep_selfie(
        pk, _photo(request, "straight"), _photo(request, "turned"), by=actor, device=device, now=now
    )
    if found.outcome == "again" and found.why is not None:
        answer = _shown(request, actor, now, Wrong("again", found.why, "straight"))
    elif found.outcome == "same" and actor.person_id is not None:
        answer = HttpResponseRedirect(request.session.pop(NEXT, HOME))
    else:
        answer = _here()
    clients.keep_browser(answer, token)
    return answer


def _give_up(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    actions.give_up(pk, by=actor, now=now)
    return HttpResponseRedirect(request.session.pop(NEXT, HOME))


def _retake(request: HttpRequest, actor: Actor, pk: UUID, now: datetime) -> HttpResponse:
    return _shown_card(request, actor, now)


def _shown_card(request: HttpRequest, actor: Actor, now: datetime) -> HttpResponse:
    row = queries.open_check_of(actor.account_id, purpose_of(actor), now)
    return page(request, "check_card", check=row, tab="me", next=request.session.get(NEXT, HOME))


STEPS = {
    "card": _card,
    "fields": _fields,
    "way": _way,
    "selfie": _selfie,
    "give_up": _give_up,
    "retake": _retake,
}


@require_POST
def counter(request: HttpRequest) -> HttpResponse:
    """Show a code for the counter, where an officer holds the card beside the person."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None or not actor.is_resident:
        return HttpResponseRedirect(HOME)
    now = clock.now()
    try:
        row = queries.open_check_of(actor.account_id, purpose_of(actor), now)
        if row is None:
            row = actions.open_check(by=actor, session_ref=sessions.ref_of(request), now=now)
        code = actions.counter_code(row.pk, by=actor, now=now)
    except Unknown:
        return _here()
    except IdentityError as error:
        return _shown(request, actor, now, error)
    shown = f"{code[:4]} {code[4:]}"
    minutes = int(checks.COUNTER_LASTS.total_seconds() // 60)
    return page(request, "check_counter", code=shown, minutes=minutes, tab="me", next=request.session.get(NEXT, HOME))
