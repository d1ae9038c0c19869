"""Submitting an application: all that is missing is named at once, and it becomes one matter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal
from minjing.kernel.matters import fees, forms, plugs, queries, rules, store
from minjing.kernel.matters.actions import payment, visiting
from minjing.kernel.matters.actions.corrections import subject_index
from minjing.kernel.matters.actions.effect import refusals_on_record, run_step_act
from minjing.kernel.matters.actions.filling_in import can_apply, require_stars, sound_papers
from minjing.kernel.matters.actions.once import NotWritten, reused, together
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.models import Draft, Material, Matter, Request
from minjing.kernel.matters.queries.levels import require_level
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.notify import actions as notify


def submit(draft_id: UUID, *, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    """Submit a draft; asking twice, or from two tabs, gives the same matter. Raises Wrong with all that is missing.

    A draft keeps the version it was begun under, also when a newer one is in force by now: the rules in
    force when the resident began are those they read and relied on.
    """
    row = queries.draft(draft_id, by, now)
    if row.matter_id is not None:
        return queries.matter(row.matter_id, by, now)
    body = queries.body_of(row)
    require_level(by, body.service.level_for("submit"))
    checked = forms.check_all(body, queries.draft_answers(row), local_day(now))
    attached = queries.materials(row) if body.service.materials else []
    errors = queries.visit_lacking(body, row.id, now)
    if errors:
        raise Wrong(errors)
    with together(body.service.booking is not None):
        matter = _submitted(
            body, row.procedure_id, checked, attached, by=by, now=now, request_id=request_id, draft=row
        )
        visiting.confirm_visit(body, row.id, matter, by=by, now=now)
    return matter


def submit_whole(
    code: str,
    answers: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    materials: Mapping[str, Sequence[UUID]] | None = None,
) -> Snapshot:
    """Submit an application in one go, as the API does."""
    procedure_id, body = queries.service(code)
    can_apply(body, by)
    require_stars(body, by, now)
    require_level(by, body.service.level_for("submit"))
    checked = forms.check_all(body, answers, local_day(now))
    _named_papers(body, materials or {})
    sound_papers(body, materials or {}, by)
    sheets = [queries.Sheet(name, file_id) for name, files in (materials or {}).items() for file_id in files]
    return _submitted(body, procedure_id, checked, sheets, by=by, now=now, request_id=request_id, draft=None)


@dataclass(frozen=True, slots=True)
class AtCounter:
    """Who files for somebody that stands at a counter: the officer, the counter's unit, the originals shown there."""

    officer: Actor
    post: str
    unit_id: int
    reception: UUID
    originals: frozenset[str] = frozenset()


def submit_at_counter(
    code: str,
    answers: Mapping[str, Any],
    *,
    applicant: Actor,
    responsible: queries.UnitFacts,
    counter: AtCounter,
    now: datetime,
    request_id: UUID,
) -> Snapshot:
    """Submit for somebody at a counter, also what has no form online; originals seen there count as papers."""
    procedure_id, body = queries.service(code)
    checked = forms.check_all(body, {**answers, "office": responsible.code}, local_day(now))
    return _submitted(
        body, procedure_id, checked, [], by=applicant, now=now, request_id=request_id, draft=None,
        counter=counter, receiver=responsible,
    )  # fmt: skip


def _named_papers(body: Body, materials: Mapping[str, Sequence[UUID]]) -> None:
    """Raise Wrong for papers that the service does not know, and for too many of one."""
    known = {spec.name: spec for spec in body.service.materials}
    errors = {
        name[:40]: Text(zh=f"最多 {known[name].max_files} 个文件。", en=f"At most {known[name].max_files} files.")
        if name in known
        else Text(zh="此事项没有这项材料。", en="This service asks for no such paper.")
        for name, sent in materials.items()
        if name not in known or len(sent) > known[name].max_files
    }
    if errors:
        raise Wrong(errors)


def _submitted(
    body: Body,
    procedure_id: UUID,
    checked: forms.Checked,
    attached: Sequence[Material | queries.Sheet],
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    draft: Draft | None,
    counter: AtCounter | None = None,
    receiver: queries.UnitFacts | None = None,
) -> Snapshot:
    person_id = draft.person_id if draft is not None else by.person_id
    assert person_id is not None
    wanted = queries.wanted_materials(body, checked.clean, person_id, attached, now)
    if counter is not None:
        wanted = [_shown_at(counter, w) for w in wanted]
    errors = queries.lacking(body, checked, wanted)
    if receiver is not None:
        errors.pop("office", None)
    if body.service.accepts and not errors:
        errors |= plugs.ACCEPTS[body.service.accepts](person_id=person_id, answers=checked.clean, now=now)
    receiver = receiver or queries.receiver(body, checked.clean)
    if errors:
        raise Wrong(errors)
    assert receiver is not None
    held = [
        {"id": str(new_id()), "name": w.spec.name, "file_id": None, "held_ref": w.held_ref}
        for w in wanted
        if w.held_ref
    ]
    loose = [] if draft else [_sheet_row(m) for m in attached]
    quote = fees.quote(body, checked.clean, person_id, now)
    new = new_matter(body, procedure_id, receiver, by, now, quote)
    if counter is not None:
        new = new.but(received_at_unit=counter.unit_id, acts={"submit": str(counter.officer.account_id)})
    if draft is not None and draft.mandate_id is not None:
        new = new.but(person_id=person_id, mandate_id=draft.mandate_id)
    try:
        with refusals_on_record(new, "submit", by=by, now=now), together(new.mandate_id is not None):
            written = _write_submission(
                new,
                body,
                checked.clean,
                held + loose,
                draft,
                quote,
                by=by,
                now=now,
                request_id=request_id,
                counter=counter,
            )
            if new.mandate_id is not None and new.person_id != by.person_id:
                _tell_whom_it_is_for(written, body, by, now)
        return written
    except NotWritten:
        return _earlier(request_id, draft, body, checked.clean, by, now)


def _shown_at(counter: AtCounter, wanted: queries.Wanted) -> queries.Wanted:
    """Return a material as it is where its original was shown at a counter: nothing more is needed."""
    if wanted.held_ref or wanted.spec.name not in counter.originals:
        return wanted
    return replace(wanted, held_ref=f"{queries.SHOWN_AT_COUNTER}{counter.reception}")


def _tell_whom_it_is_for(matter: Snapshot, body: Body, by: Actor, now: datetime) -> None:
    """Tell the person, if they have an account, who has applied in their name."""
    account_id = identity.account_of_person(matter.person_id)
    if account_id is not None:
        params = {"name": by.name, "title": body.service.title.model_dump()}
        notify.tell(account_id, "acted_for", params, dedupe=f"acted_for:{matter.id}", now=now, matter_id=matter.id)


def _write_submission(
    new: Snapshot,
    body: Body,
    answers: Mapping[str, Any],
    materials: Sequence[Mapping[str, Any]],
    draft: Draft | None,
    quote: fees.Quote | None,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    counter: AtCounter | None = None,
) -> Snapshot:
    """Write a new matter and, where its service says so, decide it at once; raise NotWritten."""
    at_once = not (quote and quote.due_fen) and payment.decides_itself(body, answers, now)
    with together(at_once or quote is not None or bool(body.service.on_submit)):
        number = store.submit(
            new,
            body,
            by=counter.officer if counter else by,
            acting_post=counter.post if counter else "",
            prefix=f"{body.service.code[:2]}{new.org_id:02d}{now.astimezone(CHINA):%y}",
            subject_index=subject_index(body, answers, new.person_id),
            answers_sealed=seal(new.person_id, queries.ANSWERS_CONTEXT, json.dumps(answers, ensure_ascii=False)),
            draft_id=draft.id if draft else None,
            materials=materials,
            request_id=request_id,
            place=queries.place_of(new.station_id),
            calendar=queries.calendar(),
            now=now,
            besides=_besides(body, quote),
        )
        if number is None:
            raise NotWritten
        new = new.but(number=number)
        if quote is not None:
            payment.open_fee(new, body, quote, by=by, now=now)
        run_step_act(body.service.on_submit, new, by, now)
        if body.service.on_submit:  # the act may have moved it on: somebody else is asked first
            new = queries.snapshot(Matter.objects.defer("answers_sealed").get(id=new.id))
        return payment.decide_at_once(new, now=now) if at_once else new


def _sheet_row(sheet: Material | queries.Sheet) -> dict[str, Any]:
    return {"id": str(new_id()), "name": sheet.name, "file_id": str(sheet.file_id), "held_ref": ""}


def _besides(body: Body, quote: fees.Quote | None) -> list[str]:
    """Return the tasks opened beside those of the first state: the payment, where the decision waits for it."""
    beside = body.service.fee is not None and body.service.fee.due == "before_decision"
    return [rules.PAYMENT] if beside and quote is not None and quote.due_fen else []


def new_matter(
    body: Body,
    procedure_id: UUID,
    receiver: queries.UnitFacts,
    by: Actor,
    now: datetime,
    quote: fees.Quote | None,
) -> Snapshot:
    """Return a matter as it begins: in the first state of its flow, its clock running, or waiting for its fee."""
    assert by.person_id is not None
    place = queries.place_of(receiver.id)
    start = body.flow.states[body.flow.start]
    level = body.service.decides if start.level == "decides" else (start.level or "station")
    blank = Snapshot(
        id=new_id(),
        org_id=receiver.org_id,
        number="",
        procedure_id=procedure_id,
        code=body.service.code,
        unit_id=place.unit_at(level),
        station_id=receiver.id,
        state=body.flow.start,
        post=rules.post_of(body, start),
        ver=1,
        person_id=by.person_id,
        account_id=by.account_id,
        submitted_at=now,
        due_at=now,
        yellow_at=now,
        step_since=now,
        acts={"submit": str(by.account_id)},
        open_tasks=len(start.tasks) + len(_besides(body, quote)),
    )
    new = rules.clocked(body, blank, queries.calendar(), now)
    if quote is None or not quote.due_fen or rules.PAYING not in body.flow.states:
        return new
    return rules.enter(body, new.but(open_tasks=0), rules.PAYING, place, queries.calendar(), now)


def _earlier(
    request_id: UUID, draft: Draft | None, body: Body, answers: Mapping[str, Any], by: Actor, now: datetime
) -> Snapshot:
    """Return the matter that this draft or this very request has become already."""
    if draft is not None:
        draft.refresh_from_db(fields=["matter_id"])
        if draft.matter_id is not None:
            return queries.matter(draft.matter_id, by, now)
    done = Request.objects.filter(id=request_id).first()
    if done is None:
        raise Unknown
    found = Matter.objects.filter(id=done.matter_id, account_id=by.account_id).first()
    if done.seq != 1 or found is None or found.code != body.service.code:
        raise reused()
    matter = queries.snapshot(found)
    if queries.opened(matter) != json.loads(json.dumps(answers)):
        raise reused()
    return matter
