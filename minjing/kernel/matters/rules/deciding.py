"""Whether somebody may take a step, and what follows from it: a matter, an action and an instant in, a change out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import WORDS, Verdict, may
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.rules.moving import applied, extension_left, post_of
from minjing.kernel.matters.rules.shapes import FOR, MAX_EXTENSION_DAYS, NOTE_MAX, TASK, Ask, Change, Place, Snapshot
from minjing.kernel.matters.schema import ActionSpec, Body, Text
from minjing.kernel.papers.rules import TAKEN_BACK


def decide(
    body: Body,
    matter: Snapshot,
    action: str,
    ask: Ask,
    *,
    by: Actor,
    place: Place,
    calendar: WorkCalendar,
    now: datetime,
) -> Change:
    """Return what `action` does to `matter`; raise NotAllowed or Wrong with a sentence otherwise."""
    spec = spec_of(body, matter, action)
    acting_post, acting_unit = permit(body, matter, action, spec, by, place)
    ask = asked_for(spec, ask)
    _require(body, matter, action, spec, ask, by)
    next_one = matter.but(ver=matter.ver + 1, acts=acted(matter.acts, action, by, acting_post, acting_unit))
    after = applied(body, next_one, action, spec, ask, by, place, calendar, now)
    entered = after.state != matter.state
    return Change(
        action=action,
        before=matter,
        after=after,
        post=acting_post,
        acting_unit=acting_unit,
        ask=ask,
        tells=spec.tells,
        tasks=tuple(body.flow.states[after.state].tasks) if entered else (),
        runs_effect=spec.effect,
        reverses=spec.reverses,
        does=spec.does,
    )


def asked_for(spec: ActionSpec, ask: Ask) -> Ask:
    """Return `ask` without what this step does not ask for: it would be kept in the clear, unread by anybody."""
    return Ask(
        ask.note,
        ask.reason if "reason" in spec.needs else "",
        ask.materials if "materials" in spec.needs else (),
        ask.days if "days" in spec.needs else 0,
    )


def acted(acts: Mapping[str, str], name: str, by: Actor, post: str, unit_id: int | None) -> dict[str, str]:
    """Return `acts` with the one who has just done `name`, and with the holder when that was a deputy."""
    kept = {key: value for key, value in acts.items() if key not in (name, f"{name}{FOR}")}
    kept[name] = str(by.account_id)
    mine = [h for h in by.holdings if h.post == post and h.unit_id == unit_id]
    if mine and all(h.deputy_for for h in mine):
        kept[f"{name}{FOR}"] = str(mine[0].deputy_for)
    return kept


def spec_of(body: Body, matter: Snapshot, action: str) -> ActionSpec:
    """Return what the flow says of `action` in the matter's state, or raise NotAllowed."""
    state = body.flow.states[matter.state]
    spec = state.actions.get(action)
    if spec is None:
        raise NotAllowed(
            "not_in_state",
            f"办件正处于「{state.title.zh}」，不能进行这项操作。",
            f"The matter is at “{state.title.en}”; this cannot be done now.",
        )
    return spec


def permit(
    body: Body, matter: Snapshot, action: str, spec: ActionSpec, by: Actor, place: Place
) -> tuple[str, int | None]:
    """Return the post and unit in which `by` may do this; raise NotAllowed. Input is not looked at yet."""
    if spec.by == "applicant":
        if not matter.is_applicant(by):
            raise NotAllowed("not_applicant", "只有申请人本人可以操作。", "Only the applicant may do this.")
        return "", None
    if spec.by == "system":
        if by.kind != "system":
            raise NotAllowed("system_only", "这一步由系统自动完成。", "The system does this by itself.")
        return "", None
    if action == "release" and by.kind == "system":  # whose claim it is holds the post no longer
        return "", None
    if action == "release" and matter.claimed_by not in (None, by.account_id):
        return _permit_supervised_release(matter, by, place)
    post = post_of(body, body.flow.states[matter.state], spec)
    verdict = may(by, action, unit_path=place.path, post=post, code=matter.code, not_by=others_of(matter, spec))
    if not verdict.ok:
        raise refusal(verdict)
    assert verdict.holding is not None
    if action == "ask_extension" and not extension_left(matter):
        raise extended_fully(matter)
    return post, verdict.holding.unit_id


def others_of(matter: Snapshot, spec: ActionSpec) -> list[UUID]:
    """Return who must not take this step: who took those it names, and for whom, as deputies, they took them.

    Who did a parallel check does not act on its result either.
    """
    names = [n for n in matter.acts if n.startswith(TASK)] if "tasks_done" in spec.needs else []
    wanted = [*spec.not_by, *names]
    return [UUID(matter.acts[n]) for name in wanted for n in (name, f"{name}{FOR}") if n in matter.acts]


def permit_taking_back(body: Body, matter: Snapshot, issued_by: UUID, *, by: Actor, place: Place) -> tuple[str, int]:
    """Return the post and unit in which `by` may take back a paper of a closed matter; raise NotAllowed.

    Who may approve a correction may do it; where the flow knows none, whoever decides for that place. It is another
    person than who issued the paper, or for whom, as a deputy, it was issued.
    """
    if matter.closed_at is None:
        raise NotAllowed("not_closed", "办件办结后才能撤销证照。", "A paper is taken back once its matter is closed.")
    corrects = ((state, spec) for state in body.flow.states.values() for spec in state.actions.values())
    post = next((post_of(body, state, spec) for state, spec in corrects if spec.reverses), "")
    issuing = [name for name, who in matter.acts.items() if who == str(issued_by)]
    whose = [UUID(matter.acts[f"{name}{FOR}"]) for name in issuing if f"{name}{FOR}" in matter.acts]
    verdict = may(by, "decide", unit_path=place.path, post=post, code=matter.code, not_by=[issued_by, *whose])
    if not verdict.ok or verdict.holding is None:
        raise refusal(verdict)
    return post or verdict.holding.post, verdict.holding.unit_id


def check_taking_back(ask: Ask) -> None:
    """Raise Wrong where the reason is none of the list, or nothing is said."""
    errors = _note_errors(ask, needed=True)
    if ask.reason not in TAKEN_BACK:
        errors["reason"] = Text(zh="请选择一项理由。", en="Choose a reason.")
    if errors:
        raise Wrong(errors)


def _permit_supervised_release(matter: Snapshot, by: Actor, place: Place) -> tuple[str, int | None]:
    for held in by.holdings:
        if "supervise" in held.acts and place.path.startswith(held.unit_path):
            return held.post, held.unit_id
    raise claimed_by_other()


def extended_fully(matter: Snapshot) -> NotAllowed:
    """Return the refusal of more time than the law knows."""
    return NotAllowed(
        "extended_fully",
        f"已延长 {matter.extension_days} 个工作日，合计最多 {MAX_EXTENSION_DAYS} 个工作日（行政许可法第 42 条）。",
        f"It was extended by {matter.extension_days} working days already; together it may be "
        f"{MAX_EXTENSION_DAYS} at most (Administrative Licensing Law art. 42).",
    )


def claimed_by_other() -> NotAllowed:
    """Return the refusal of acting on a matter that a colleague has claimed."""
    return NotAllowed("claimed", "这件办件已由其他民警领办。", "Another officer has claimed this matter.")


def refusal(verdict: Verdict) -> NotAllowed:
    """Return the sentence for a verdict of `identity.rules.may`: with the post that it needs."""
    words = WORDS[verdict.reason_key]
    return NotAllowed(verdict.reason_key, words["zh"], words["en"], needs=verdict.needs)


def _require(body: Body, matter: Snapshot, action: str, spec: ActionSpec, ask: Ask, by: Actor) -> None:
    if action == "claim" and matter.claimed_by is not None:
        raise claimed_by_other()
    if "claim" in spec.needs:
        if matter.claimed_by is None and action != "release":
            raise NotAllowed("unclaimed", "请先领办这件办件。", "Claim the matter first.")
        if matter.claimed_by != by.account_id and action != "release":
            raise claimed_by_other()
    if action == "grant_extension" and not matter.asked_days:
        raise NotAllowed("nothing_asked", "没有待批准的延长申请。", "No extension has been asked for.")
    if action == "grant_extension" and matter.asked_days > extension_left(matter):
        raise extended_fully(matter)
    if "tasks_done" in spec.needs and matter.open_tasks:
        raise NotAllowed(
            "tasks_open",
            f"还有 {matter.open_tasks} 项协办未完成。",
            f"{matter.open_tasks} parallel task(s) are still open.",
        )
    errors = _input_errors(body, matter, spec, ask)
    if errors:
        raise Wrong(errors)


def _input_errors(body: Body, matter: Snapshot, spec: ActionSpec, ask: Ask) -> dict[str, Text]:
    errors = _note_errors(ask, needed="note" in spec.needs)
    if "reason" in spec.needs and ask.reason not in _reasons(body):
        errors["reason"] = Text(zh="请从法定理由中选择一项。", en="Choose one of the law's reasons.")
    if "materials" in spec.needs and (not ask.materials or not set(ask.materials) <= _materials(body)):
        errors["materials"] = Text(zh="请选择要补正的材料。", en="Choose the papers to ask for.")
    if "days" in spec.needs and not 1 <= ask.days <= extension_left(matter):
        errors["days"] = _days_wanted(matter)
    return errors


def _days_wanted(matter: Snapshot) -> Text:
    left, had = extension_left(matter), matter.extension_days
    if had:
        return Text(
            zh=f"已延长 {had} 个工作日，合计最多 {MAX_EXTENSION_DAYS} 个，还可以延长 1 至 {left} 个工作日。",
            en=f"Extended by {had} of at most {MAX_EXTENSION_DAYS} working days: between 1 and {left} more.",
        )
    return Text(zh=f"延长 1 至 {left} 个工作日。", en=f"Between 1 and {left} working days.")


def _note_errors(ask: Ask, *, needed: bool) -> dict[str, Text]:
    if needed and not ask.note.strip():
        return {"note": Text(zh="请写明情况。", en="Say why, in words.")}
    if len(ask.note) > NOTE_MAX:
        return {"note": Text(zh=f"最多 {NOTE_MAX} 字。", en=f"At most {NOTE_MAX} characters.")}
    return {}


def _reasons(body: Body) -> set[str]:
    return {reason.key for reason in body.flow.refusals}


def _materials(body: Body) -> set[str]:
    return {material.name for material in body.service.materials}
