"""One step in a matter: one statement, with its event, its ledger entry and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal
from minjing.kernel.matters import queries, rules, store
from minjing.kernel.matters.actions.corrections import checked_corrections, proposed_corrections, subject_index
from minjing.kernel.matters.actions.effect import refusals_on_record, run_effect, run_step_act
from minjing.kernel.matters.actions.filling_in import own_files, sound_papers
from minjing.kernel.matters.actions.handing_over import took_over
from minjing.kernel.matters.actions.once import NotWritten, again_or_stale, together
from minjing.kernel.matters.actions.visiting import let_visit_go
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Material, Task
from minjing.kernel.matters.queries.levels import require_level
from minjing.kernel.matters.rules import CLEAR, Ask, Change, Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.matters.store import Sealed
from minjing.kernel.pay.actions import orders, refunds


def act(
    matter_id: UUID,
    action: str,
    *,
    ver: int,
    by: Actor,
    now: datetime,
    request_id: UUID,
    note: str = "",
    reason: str = "",
    materials: Sequence[str] = (),
    days: int = 0,
    files: Mapping[str, Sequence[UUID]] | None = None,
    corrections: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Take one step in a matter and return it as it is then.

    `ver` is the version the asker has seen: if it has moved on, Stale carries it as it is now. The same
    `request_id` twice has one effect. Raises NotAllowed, Wrong, Unknown, Stale.
    """
    matter = queries.matter(matter_id, by, now)
    if matter.ver != ver:
        return again_or_stale(matter, action, by, request_id)
    own_files([file_id for sent in (files or {}).values() for file_id in sent], by)
    if files:
        sound_papers(queries.body_of(matter), files, by)
    ask = Ask(note.strip(), reason, tuple(materials), days)
    return step(matter, action, ask, by=by, now=now, request_id=request_id, files=files, corrections=corrections)


def step(
    matter: Snapshot,
    action: str,
    ask: Ask,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    files: Mapping[str, Sequence[UUID]] | None = None,
    corrections: Mapping[str, Any] | None = None,
) -> Snapshot:
    """Take one step in a matter that has been read by right: one statement, unless it ends in an effect."""
    body, place = queries.body_of(matter), queries.place_of(matter.station_id)
    change = decided(matter, body, place, action, ask, by=by, now=now)
    try:
        with refusals_on_record(matter, action, by=by, now=now):
            _write(
                change, body, by=by, now=now, request_id=request_id, place=place, files=files, corrections=corrections
            )
    except NotWritten:
        return again_or_stale(queries.matter(matter.id, by, now), action, by, request_id)
    return change.after


def decided(
    matter: Snapshot, body: Body, place: rules.Place, action: str, ask: Ask, *, by: Actor, now: datetime
) -> Change:
    """Return what a step does to a matter that has been read by right, before anything is written."""
    require_level(by, body.service.level_for(action))
    return _with_tasks(
        rules.decide(body, matter, action, ask, by=by, place=place, calendar=queries.calendar(), now=now)
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What belongs to a step beside its own statement, and shares its transaction."""

    money: bool  # it ends a matter that has a fee
    taking_over: bool  # it claims what another station took in
    visit: bool  # it ends a matter that has a visit
    module: bool  # papers of the applicant, a register or a module's act

    def __bool__(self) -> bool:
        return self.money or self.taking_over or self.visit or self.module


def beside(change: Change, body: Body) -> Beside:
    """Return what belongs to a change beside its own statement."""
    ends = change.after.closed_at is not None
    return Beside(
        money=ends and body.service.fee is not None,
        taking_over=change.action == "claim" and change.before.is_received_elsewhere,
        visit=ends and body.service.booking is not None,
        module=change.runs_effect or change.action == "supplement" or bool(change.does),
    )


def _write(
    change: Change,
    body: Body,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    place: rules.Place,
    files: Mapping[str, Sequence[UUID]] | None,
    corrections: Mapping[str, Any] | None,
) -> None:
    """Write a change with what follows from it: the supplement's papers, the effect, the certificate."""
    sealed = _sealed(change, body, by, now, corrections)
    also = beside(change, body)
    with together(bool(also)):
        if also.money:
            orders.hold_subject(change.before.id)  # before the matter, as a payment takes them
        written = store.write(
            change,
            body,
            by=by,
            request_id=request_id,
            place=place,
            calendar=queries.calendar(),
            now=now,
            sealed=sealed,
        )
        if not written:
            raise NotWritten
        if change.action == "supplement":
            _add_supplement(change.before, files or {}, now)
        if also.taking_over:
            took_over(change.before, by=by, now=now)
        if change.runs_effect:
            run_effect(change, body, by, now)
        run_step_act(change.does, change.after, by, now)
        if also.money:
            _money_follows(change, by, now)
        if also.visit:
            let_visit_go(change.after, by=by, now=now)


def _money_follows(change: Change, by: Actor, now: datetime) -> None:
    """Ask for no more money for a matter that has ended; give back what was paid before anybody worked on it."""
    untouched = not rules.work_begun(change.before) or change.after.outcome == "not_accepted"
    if untouched and change.after.outcome != "approved":
        refunds.refund_all(change.before.id, by=by, now=now)
    else:
        orders.cancel_open(change.before.id, by=by, now=now)


def _with_tasks(change: Change) -> Change:
    """Return the change with the child tasks that are still to be opened: neither open yet nor found clear before."""
    if not change.tasks:
        return change
    stands = Task.objects.filter(matter_id=change.before.id).filter(Q(done_at__isnull=True) | Q(result=CLEAR))
    kinds = set(stands.values_list("kind", flat=True))
    tasks = tuple(kind for kind in change.tasks if kind not in kinds)
    return replace(change, tasks=tasks, after=change.after.but(open_tasks=change.after.open_tasks + len(tasks)))


def _sealed(change: Change, body: Body, by: Actor, now: datetime, corrections: Mapping[str, Any] | None) -> Sealed:
    """Seal the officer's words; a correction's proposed values travel in them until they are approved."""
    words: dict[str, Any] = {"note": change.ask.note} if change.ask.note else {}
    answers = subject = None
    if change.action == "ask_correction":
        words["corrections"] = checked_corrections(change.before, body, corrections or {}, now)
    if change.action == "approve_correction":
        corrected = {**queries.opened(change.before), **proposed_corrections(change.before)}
        subject = subject_index(body, corrected, change.before.person_id)
        answers = seal(change.before.person_id, queries.ANSWERS_CONTEXT, json.dumps(corrected, ensure_ascii=False))
    note = seal(change.before.person_id, queries.NOTE_CONTEXT, store.note_json(words)) if words else None
    return Sealed(note, answers, subject)


def _add_supplement(matter: Snapshot, files: Mapping[str, Sequence[UUID]], now: datetime) -> None:
    specs = {m.name: m for m in queries.body_of(matter).service.materials}
    missing = [name for name in matter.asked if not files.get(name)]
    if missing:
        raise Wrong({n: Text(zh=f"请上传{specs[n].title.zh}。", en=f"Upload: {specs[n].title.en}.") for n in missing})
    Material.objects.bulk_create(
        Material(matter_id=matter.id, name=name, file_id=file_id, added_at=now)
        for name, added in files.items()
        if name in matter.asked
        for file_id in added[: specs[name].max_files]
    )
