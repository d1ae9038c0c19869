"""One matter: facts and form, papers, the line of stations, and the lawful next steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minjing.base.ids import new_id
from minjing.kernel.files import queries as files
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.reasons import parse as parse_reason
from minjing.kernel.identity.reasons import reasons
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.matters.plugs import EffectRefused
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.rules import REASONS, TAKEN_BACK
from minjing.portals.frame.language import pick
from minjing.portals.officer import plugs
from minjing.portals.officer.consequences import consequences, ready_steps
from minjing.portals.officer.dossier import Dossier, open_dossier, title_of
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show
from minjing.portals.officer.views.typed import whole
from minjing.portals.officer.views.workbench import rows_of

REVEALED_FOR = timedelta(minutes=10)
AT_ONCE = frozenset({"claim", "release"})  # steps that decide nothing: no page in between
CORRECTABLE = frozenset(
    {
        "text",
        "name",
        "resident_id",
        "date",
        "choice",
        "yes_no",
        "number",
        "address",
        "phone",
        "household_no",
        "long_text",
    }
)


@officer_page()
@require_GET
def matter_page(request: OfficerRequest, number: str) -> HttpResponse:
    """Show a matter; `?step=` opens the panel of a step, `?sheet=` a paper in the viewer."""
    matter = queries.matter(number, request.actor, request.at)
    return _page(request, matter, step=request.GET.get("step", ""))


def _page(
    request: OfficerRequest,
    matter: Snapshot,
    *,
    step: str = "",
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
    stale: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    offered = queries.steps(matter, request.actor, request.at)
    dossier = open_dossier(matter, request.actor, request.at, offered, _revealed(request, matter))
    steps = ready_steps(matter, offered, request.actor.account_id)
    panel = _panel(dossier, steps, step, typed or {}, errors or {}, request.at)
    context = {
        "d": dossier,
        "matter": matter,
        "row": rows_of([matter], request.actor)[0],
        "service": dossier.body.service,
        "state": dossier.body.flow.states[matter.state],
        "steps": steps,
        "after_claim": [s for s in steps if s["after_claim"]],
        "panel": panel,
        "typed": typed or {},
        "errors": errors or {},
        "stale": stale,
        "sheet": (sheet := _sheet(dossier, request.GET.get("sheet", ""))),
        "seen": seen_with_page(request.actor, sheet.id) if sheet else "",
        "seen_earlier": seen_with_page(request.actor, matter.id) if dossier.earlier else "",
        "sheet_at": _position(dossier, request.GET.get("sheet", "")),
        "duplicates": rows_of(dossier.duplicates, request.actor),
        "reasons": reasons().values(),
        "taken_back": {key: REASONS[key] for key in TAKEN_BACK},
        "person_pages": plugs.OF_PERSON,
        "my_tasks": _my_tasks(request, dossier),
        "request_id": new_id(),
        "in_hand": matter.number if matter.claimed_by == request.actor.account_id else "",
    }
    return show(request, "officer/matter.html", context, status=status)


def _sheet(dossier: Dossier, wanted: str) -> Any:
    shown = [sheet for sheet in dossier.sheets if sheet.kind]
    return next((s for s in shown if str(s.id) == wanted), shown[0] if shown else None)


def _position(dossier: Dossier, wanted: str) -> dict[str, Any]:
    """Return where the shown paper stands among the others, and its neighbours."""
    shown = [sheet for sheet in dossier.sheets if sheet.kind]
    here = _sheet(dossier, wanted)
    if here is None:
        return {}
    at = shown.index(here)
    return {
        "number": at + 1,
        "of": len(shown),
        "before": shown[at - 1] if at else None,
        "after": shown[at + 1] if at + 1 < len(shown) else None,
    }


def _panel(
    dossier: Dossier,
    steps: Sequence[Mapping[str, Any]],
    action: str,
    typed: Mapping[str, Any],
    errors: Mapping[str, Text],
    now: datetime,
) -> dict[str, Any] | None:
    """Return what the panel of a step asks and says; None when the step is not offered here."""
    chosen = next((s for s in steps if s["step"].action == action and s["now"]), None)
    if chosen is None or action in AT_ONCE:
        return None
    body = dossier.body
    return {
        "action": action,
        "step": chosen["step"],
        "strong": chosen["strong"],
        "basis": body.service.basis,
        "limit": body.service.limit,
        "does": consequences(body, dossier.matter, action, dossier.raw, now),
        "needs": chosen["step"].needs,
        "reasons": body.flow.refusals,
        "materials": body.service.materials,
        "chosen_materials": list(typed.get("materials", ())) or _missing_names(dossier),
        "max_days": chosen["step"].max_days,
        "corrections": _correctable(dossier, typed, errors) if action == "ask_correction" else (),
    }


def _missing_names(dossier: Dossier) -> list[str]:
    missing = {title.zh for title in dossier.missing}
    return [spec.name for spec in dossier.body.service.materials if spec.title.zh in missing]


def _correctable(dossier: Dossier, typed: Mapping[str, Any], errors: Mapping[str, Text]) -> list[dict[str, Any]]:
    """Return the fields whose values a correction may change, as they are and as they were typed."""
    proposed = typed.get("corrections", {})
    return [
        {
            "field": spec,
            "value": proposed.get(name, _typed_value(dossier.raw[name])),
            "error": errors.get(name),
        }
        for name, spec in dossier.body.service.fields.items()
        if name in dossier.raw and spec.type in CORRECTABLE
    ]


def _typed_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _my_tasks(request: OfficerRequest, dossier: Dossier) -> list[dict[str, Any]]:
    """Return the open child tasks of this matter that are the asker's to finish."""
    mine = {task.id for task in queries.open_tasks(request.actor).filter(matter_id=dossier.matter.id)}
    return [task for task in dossier.tasks if task["row"].id in mine]


# ---- looking in full without a claim ---------------------------------------------------------------------


def _revealed(request: OfficerRequest, matter: Snapshot) -> str:
    """Return the reason for which this officer opened the file in full within the last minutes, or ""."""
    kept = request.session.get("revealed", {}).get(str(matter.id))
    if kept and datetime.fromisoformat(kept["until"]) > request.at:
        return str(kept["reason"])
    return ""


@officer_page(act="look")
@require_POST
def reveal(request: OfficerRequest, number: str) -> HttpResponse:
    """Open a matter in full without a claim, for a reason from the list, for ten minutes."""
    matter = queries.matter(number, request.actor, request.at)
    reason, now = reason_of(request), request.at
    parse_reason(reason)  # the page that follows writes the looks; nothing is opened here
    kept = {k: v for k, v in request.session.get("revealed", {}).items() if datetime.fromisoformat(v["until"]) > now}
    kept[str(matter.id)] = {"reason": reason, "until": (now + REVEALED_FOR).isoformat()}
    request.session["revealed"] = kept
    step = request.POST.get("step", "")
    return HttpResponseRedirect(url_of(matter.number, **({"step": step} if step else {})))


def reason_of(request: OfficerRequest) -> str:
    """Return the reason that was chosen, with one's own words where the list asks for them."""
    key, words = request.POST.get("reason", ""), request.POST.get("words", "").strip()
    chosen = reasons().get(key)
    return f"{key}:{words}" if chosen and chosen.needs_text else key


# ---- acting ---------------------------------------------------------------------------------------------


@officer_page()
@require_http_methods(["GET", "POST"])
def take_step(request: OfficerRequest, number: str, action: str) -> HttpResponse:
    """Take one step: once, by right, and only if the matter is as the officer saw it."""
    if request.method == "GET":  # a reloaded address, or back from the door
        return HttpResponseRedirect(url_of(number, step=action))
    matter = queries.matter(number, request.actor, request.at)
    typed = _typed(request, matter)
    try:
        after = actions.act(
            matter.id,
            action,
            ver=whole(request.POST.get("ver", "")),
            by=request.actor,
            now=request.at,
            request_id=_uuid(request.POST.get("request_id", "")),
            note=typed["note"],
            reason=typed["reason"],
            materials=typed["materials"],
            days=whole(typed["days"]),
            corrections=typed["corrections"] or None,
        )
    except Stale as stale:
        seen = whole(request.POST.get("ver", ""))
        return _page(
            request,
            stale.snapshot,
            step=action,
            typed=typed,
            stale=_since(request, stale.snapshot, seen, action),
            status=409,
        )
    except NotAllowed as no:
        if no.key == "claimed":  # a colleague was faster: show who has it, not a bare refusal
            fresh = queries.matter(matter.id, request.actor, request.at)
            seen = whole(request.POST.get("ver", ""))
            return _page(
                request, fresh, step=action, typed=typed, stale=_since(request, fresh, seen, action), status=409
            )
        raise
    except Wrong as wrong:
        return _page(request, matter, step=action, typed=typed, errors=wrong.errors, status=422)
    except EffectRefused as refused:
        return _page(request, matter, step=action, typed=typed, errors={"": refused.text}, status=422)
    except MatterError as error:
        if isinstance(error, Unknown):
            raise
        return _page(request, matter, step=action, typed=typed, errors={"": error.text}, status=422)
    _say_done(request, after, action)
    return HttpResponseRedirect(reverse("officer:matter", args=[after.number]))


def _typed(request: OfficerRequest, matter: Snapshot) -> dict[str, Any]:
    """Return what was typed, so that no refusal loses it."""
    post = request.POST
    corrections: dict[str, str] = {}
    if any(name.startswith("c_") for name in post):
        opened = queries.opened(matter)  # to see what was changed: nothing of it leaves
        for name in post:
            field, value = name[2:], post.get(name, "").strip()
            if name.startswith("c_") and value != _typed_value(opened.get(field, "")):
                corrections[field] = value
    return {
        "note": post.get("note", ""),
        "reason": post.get("reason", ""),
        "materials": tuple(post.getlist("materials")),
        "days": post.get("days", ""),
        "corrections": corrections,
    }


def _since(request: OfficerRequest, now_is: Snapshot, seen: int, action: str) -> dict[str, Any]:
    """Return what others did since the officer opened the page, newest last."""
    body = queries.body_of(now_is)
    missed = [event for event in queries.events(now_is) if event.seq > seen] or queries.events(now_is)[-1:]
    people = queries.officers(event.actor_id for event in missed)
    return {
        "by_me": all(event.actor_id == request.actor.account_id for event in missed),
        "events": [
            {
                "at": event.at,
                "title": title_of(body, event),
                "who": people[event.actor_id].display_name if event.actor_id in people else "",
                "number": people[event.actor_id].police_number if event.actor_id in people else "",
                "kind": event.actor_kind,
            }
            for event in missed
        ],
        "state": body.flow.states[now_is.state].title,
        "wanted": _action_title(body, action),
    }


def _action_title(body: Body, action: str) -> Text | None:
    for state in body.flow.states.values():
        if action in state.actions:
            return state.actions[action].title
    return None


def _say_done(request: OfficerRequest, after: Snapshot, action: str) -> None:
    body = queries.body_of(after)
    title, state = _action_title(body, action), body.flow.states[after.state].title
    said = {
        "zh": f"已{title.zh}，办件现在「{state.zh}」。" if title else "已办理。",
        "en": f"Done: {title.en}. The matter is now at “{state.en}”." if title else "Done.",
    }
    if action == "claim":
        said = {"zh": "已领办，其他民警现在不能操作这件办件。", "en": "Claimed: nobody else can act on it now."}
    if action == "release":
        said = {"zh": "已放回队列。", "en": "Put back into the queue."}
    messages.success(request, pick(said))


@officer_page()
@require_POST
def finish_task(request: OfficerRequest, number: str, task_id: UUID) -> HttpResponse:
    """Close a child task with its result; the matter may go on once the last one is closed."""
    matter = queries.matter(number, request.actor, request.at)
    if task_id not in {task.id for task in queries.tasks(matter)}:
        raise Unknown
    try:
        actions.finish_task(
            task_id,
            request.POST.get("result", ""),
            by=request.actor,
            now=request.at,
            request_id=_uuid(request.POST.get("request_id", "")),
        )
    except Wrong as wrong:
        return _page(request, matter, errors={"task": next(iter(wrong.errors.values()))}, status=422)
    except Stale as stale:
        return _page(
            request, stale.snapshot, stale=_since(request, stale.snapshot, matter.ver, "finish_task"), status=409
        )
    messages.success(request, pick({"zh": "协办结果已登记。", "en": "The result of the task is entered."}))
    return HttpResponseRedirect(reverse("officer:matter", args=[number]))


@officer_page()
@require_POST
def take_back(request: OfficerRequest, number: str, paper_id: UUID) -> HttpResponse:
    """Take back a paper of a closed matter, by an approver who did not issue it."""
    matter = queries.matter(number, request.actor, request.at)
    post = request.POST
    typed: dict[str, Any] = {"note": post.get("note", ""), "reason": post.get("reason", ""), "paper": paper_id}
    seen = whole(request.POST.get("ver", ""))
    try:
        actions.take_back(
            matter.id,
            paper_id,
            ver=seen,
            reason=typed["reason"],
            note=typed["note"],
            by=request.actor,
            now=request.at,
            request_id=_uuid(request.POST.get("request_id", "")),
        )
    except Stale as stale:
        since = _since(request, stale.snapshot, seen, "take_back_paper")
        return _page(request, stale.snapshot, typed=typed, stale=since, status=409)
    except Wrong as wrong:
        return _page(request, matter, typed=typed, errors=wrong.errors, status=422)
    messages.success(
        request, pick({"zh": "证照已作废，持有人已收到通知。", "en": "The paper is revoked; its holder is told."})
    )
    return HttpResponseRedirect(reverse("officer:matter", args=[number]))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return new_id()


# ---- what is shown inside the page -----------------------------------------------------------------------


@xframe_options_sameorigin
@officer_page(act="look")
@require_GET
def sheet_file(request: OfficerRequest, number: str, material_id: UUID) -> HttpResponse:
    """Send one paper of a matter to the officer whose file it is: shown, never stored by a cache."""
    matter = queries.matter(number, request.actor, request.at)
    reason = _reason_to_open(request, matter)
    row = next((m for m in queries.materials(matter) if m.id == material_id and m.file_id), None)
    if row is None or row.file_id is None:
        raise Unknown
    if not was_seen_with_page(request.actor, material_id, request.GET.get("seen", "")):
        queries.record_material(matter, request.actor, request.at, reason)
    kept = files.file(row.file_id)
    return _shown(files.read(row.file_id), kept.media_type)


@xframe_options_sameorigin
@officer_page(act="look")
@require_GET
def earlier_file(request: OfficerRequest, number: str) -> HttpResponse:
    """Send the paper of a decision before, beside which the new one is held: a recorded look like any other."""
    matter = queries.matter(number, request.actor, request.at)
    reason = _reason_to_open(request, matter)
    seen = was_seen_with_page(request.actor, matter.id, request.GET.get("seen", ""))
    found = queries.open_earlier(matter, request.actor, request.at, seen_with_page=seen, reason=reason)
    kept = files.file(found.file_id)
    return _shown(files.read(found.file_id), kept.media_type)


SEEN_WITH_PAGE_S = 120  # a page fetches the paper it shows within this time


def seen_with_page(by: Actor, material_id: UUID) -> str:
    """Return the mark in the address of the paper that a page shows: its look is in the entry of the page."""
    return signing.dumps([str(by.account_id), str(material_id)], salt="sheet-seen-with-page", compress=True)


def was_seen_with_page(by: Actor, material_id: UUID, mark: str) -> bool:
    """Say whether this officer's page has just written the look at this paper."""
    try:
        said = signing.loads(mark, salt="sheet-seen-with-page", max_age=SEEN_WITH_PAGE_S)
    except signing.BadSignature:
        return False
    return bool(said == [str(by.account_id), str(material_id)])


def _reason_to_open(request: OfficerRequest, matter: Snapshot) -> str:
    """Return the reason for which the file lies open, "" when it is in the officer's hands; raise NotAllowed."""
    reason = _revealed(request, matter)
    steps = queries.steps(matter, request.actor, request.at)
    if not reason and not queries.in_hand(matter, request.actor, steps):
        raise NotAllowed(
            "unclaimed",
            "请先领办，或选择理由查看全部内容。",
            "Claim the matter, or give a reason to see it in full, before you look at its papers.",
        )
    return reason


# What is shown runs nothing and loads nothing. A PDF is not sandboxed: the browser's own viewer would not open it.
SHOWN = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"


def _shown(content: bytes, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = SHOWN if media_type == "application/pdf" else f"{SHOWN}; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@officer_page(act="look")
@require_GET
def paper_file(request: OfficerRequest, number: str, paper_id: UUID) -> HttpResponse:
    """Send the certificate that a matter ended in, under the same rule as its papers."""
    matter = queries.matter(number, request.actor, request.at)
    reason = _reason_to_open(request, matter)
    card = next((card for card in papers.of_matter(matter.id, now=request.at) if card.id == paper_id), None)
    if card is None:
        raise Unknown
    queries.record_paper(matter, card.holder_id, request.actor, request.at, reason)
    response = _shown(papers.pdf(paper_id), "application/pdf")
    response["Content-Disposition"] = f'inline; filename="{matter.number}.pdf"'
    return response


def url_of(number: str, **params: str) -> str:
    """Return the address of a matter's page."""
    return reverse("officer:matter", args=[number]) + (f"?{urlencode(params)}" if params else "")
