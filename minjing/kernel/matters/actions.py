"""Everything that changes a matter: one transaction each, its event and ledger entry inside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.rules import may
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import forms, plugs, queries, rules, store
from minjing.kernel.matters.errors import MatterError, NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.matters.models import Draft, Material, Matter, Rating, Request, Task
from minjing.kernel.matters.rules import Ask, Change, Snapshot
from minjing.kernel.matters.schema import Body, Text
from minjing.kernel.matters.store import Sealed

DRAFT_LIVES = timedelta(days=90)  # an unfinished application is kept this long after it was last saved
MAX_DRAFTS = 20


# ---- filling in -----------------------------------------------------------------------------------------


@transaction.atomic
def draft(code: str, *, by: Actor, now: datetime) -> Draft:
    """Start an application for `code`, or return the one already begun; known answers are filled in."""
    procedure_id, body = queries.service(code)
    _one_at_a_time(f"draft:{by.account_id}")
    begun = next((d for d in queries.drafts(by, now) if queries.body_of(d).service.code == code), None)
    if begun is not None:
        return begun
    _can_apply(body, by)
    if len(queries.drafts(by, now)) >= MAX_DRAFTS:
        raise NotAllowed(
            "too_many_drafts",
            "未提交的申请太多，请先完成或删除一些。",
            "There are too many unfinished applications; finish or delete some first.",
        )
    assert by.person_id is not None
    made = Draft(
        org_id=0,
        account_id=by.account_id,
        person_id=by.person_id,
        procedure_id=procedure_id,
        started_at=now,
        saved_at=now,
        expires_at=now + DRAFT_LIVES,
    )
    made.answers_sealed = _sealed_draft(made, queries.prefills(body, by.person_id, now))
    made.save(force_insert=True)
    append(ledger_entry("matters:draft:started", {"draft": made.id, "by": by.account_id, "code": code}, at=now))
    return made


def _one_at_a_time(what: str) -> None:
    """Wait until no other transaction does the same, to the end of this one: a button pressed twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


def _can_apply(body: Body, by: Actor) -> None:
    if by.kind != "resident":
        raise NotAllowed("residents_only", "请用居民账号申请。", "Apply with a resident's account.")
    if by.person_id is None or by.level < body.service.identity:
        raise NotAllowed(
            "identity_level",
            "办理前请先完成实名核验（姓名和身份证号码）。",
            "Before applying, say who you are: name and ID number.",
        )
    if not body.service.form:
        raise NotAllowed("in_person", "此事项须到现场办理，请看办事指南。", "This is done in person; see the guide.")


def _sealed_draft(draft: Draft, answers: Mapping[str, Any]) -> bytes:
    owner = draft.person_id or draft.account_id
    return seal(owner, queries.DRAFT_CONTEXT, json.dumps(answers, ensure_ascii=False))


@transaction.atomic
def save_page(draft_id: UUID, page: str, data: Mapping[str, Any], *, by: Actor, now: datetime) -> dict[str, Text]:
    """Keep the answers of one page and return what is wrong with the others; nothing typed right is lost."""
    row = _own_draft(draft_id, by, now)
    body = queries.body_of(row)
    found = next((p for p in body.service.form if p.page == page), None)
    if found is None:
        raise Unknown
    answers = queries.draft_answers(row)
    own = {field.name for field in found.fields}
    others = {name: value for name, value in answers.items() if name not in own}
    checked = forms.check_page(found, data, others, local_day(now))
    row.answers_sealed = _sealed_draft(row, others | checked.clean)
    done = [p for p in row.pages_done if p != page]
    row.pages_done = done if checked.errors else [*done, page]
    row.saved_at, row.expires_at, row.stash_sealed = now, now + DRAFT_LIVES, None
    row.save(update_fields=["answers_sealed", "pages_done", "saved_at", "expires_at", "stash_sealed"])
    append(ledger_entry("matters:draft:saved", {"draft": row.id, "by": by.account_id, "page": page}, at=now))
    return checked.errors


STASH_MAX = 64_000  # bytes of JSON; a page of a form is far smaller


@transaction.atomic
def stash(draft_id: UUID, page: str, data: Mapping[str, Any], *, now: datetime) -> bool:
    """Keep a page posted after its session had ended, sealed under the key of the draft's owner.

    Who posts is not known, so nothing is shown and no answer changes: the owner finds the values in the form
    again after signing in, and saves them or not. Returns False when there is no such draft to keep them for.
    """
    row = Draft.objects.select_for_update().filter(id=draft_id, matter_id=None, expires_at__gt=now).first()
    text = json.dumps({"page": page, "data": dict(data)}, ensure_ascii=False)
    if row is None or len(text.encode()) > STASH_MAX:
        return False
    row.stash_sealed = seal(row.person_id or row.account_id, queries.STASH_CONTEXT, text)
    row.save(update_fields=["stash_sealed"])
    append(ledger_entry("matters:draft:stashed", {"draft": row.id, "page": page}, at=now))
    return True


def _own_draft(draft_id: UUID, by: Actor, now: datetime) -> Draft:
    """Return the draft, locked, so that two tabs save one after the other."""
    queries.draft(draft_id, by, now)
    row = Draft.objects.select_for_update().get(id=draft_id)
    if row.matter_id is not None:
        raise NotAllowed("submitted", "这份申请已经提交。", "This application has been submitted.")
    return row


@transaction.atomic
def attach(draft_id: UUID, name: str, file_id: UUID, *, by: Actor, now: datetime) -> Material:
    """Add an uploaded file to a draft as the material `name`."""
    row = _own_draft(draft_id, by, now)
    spec = next((m for m in queries.body_of(row).service.materials if m.name == name), None)
    if spec is None:
        raise Unknown
    _own_files([file_id], by)
    if Material.objects.filter(draft_id=row.id, name=name).count() >= spec.max_files:
        raise Wrong({name: Text(zh=f"最多 {spec.max_files} 个文件。", en=f"At most {spec.max_files} files.")})
    added = Material.objects.create(draft_id=row.id, name=name, file_id=file_id, added_at=now)
    append(ledger_entry("matters:draft:attached", {"draft": row.id, "by": by.account_id, "file": file_id}, at=now))
    return added


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


def _own_files(ids: Iterable[UUID], by: Actor) -> None:
    """Raise Unknown for a file that somebody else sent in: an id is no right."""
    from minjing.kernel.files import queries as files

    if not all(files.is_own(file_id, by=by) for file_id in ids):
        raise Unknown


@transaction.atomic
def detach(draft_id: UUID, material_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take a file off a draft."""
    row = _own_draft(draft_id, by, now)
    Material.objects.filter(draft_id=row.id, id=material_id).delete()
    append(
        ledger_entry(
            "matters:draft:detached", {"draft": row.id, "by": by.account_id, "material": material_id}, at=now
        )
    )


@transaction.atomic
def discard(draft_id: UUID, *, by: Actor, now: datetime) -> None:
    """Delete a draft and what was attached to it."""
    row = _own_draft(draft_id, by, now)
    Material.objects.filter(draft_id=row.id).delete()
    append(ledger_entry("matters:draft:discarded", {"draft": row.id, "by": by.account_id}, at=now))
    row.delete()


# ---- submitting -----------------------------------------------------------------------------------------


def submit(draft_id: UUID, *, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    """Submit a draft; asking twice, or from two tabs, gives the same matter. Raises Wrong with all that is missing.

    A draft keeps the version it was begun under, also when a newer one is in force by now: the rules in
    force when the resident began are those they read and relied on.
    """
    row = queries.draft(draft_id, by, now)
    if row.matter_id is not None:
        return queries.matter(row.matter_id, by, now)
    body = queries.body_of(row)
    checked = forms.check_all(body, queries.draft_answers(row), local_day(now))
    attached = queries.materials(row)
    return _submitted(body, row.procedure_id, checked, attached, by=by, now=now, request_id=request_id, draft=row)


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
    _can_apply(body, by)
    checked = forms.check_all(body, answers, local_day(now))
    _named_papers(body, materials or {})
    _own_files([file_id for sent in (materials or {}).values() for file_id in sent], by)
    attached = [
        Material(id=new_id(), name=name, file_id=file_id, added_at=now)
        for name, files in (materials or {}).items()
        for file_id in files
    ]
    return _submitted(body, procedure_id, checked, attached, by=by, now=now, request_id=request_id, draft=None)


def _submitted(
    body: Body,
    procedure_id: UUID,
    checked: forms.Checked,
    attached: Sequence[Material],
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    draft: Draft | None,
) -> Snapshot:
    assert by.person_id is not None
    errors = dict(checked.errors)
    wanted = queries.wanted_materials(body, checked.clean, by.person_id, attached, now)
    for material in wanted:
        if not material.is_there:
            title = material.spec.title
            errors[material.spec.name] = Text(zh=f"请上传{title.zh}。", en=f"Upload: {title.en}.")
    station = queries.station(str(checked.clean.get("office", "")))
    if station is None and "office" not in errors:
        errors["office"] = Text(zh="请选择办理派出所。", en="Choose the police station.")
    if errors:
        raise Wrong(errors)
    assert station is not None
    held = [
        {"id": str(new_id()), "name": w.spec.name, "file_id": None, "held_ref": w.held_ref}
        for w in wanted
        if w.held_ref
    ]
    loose = [] if draft else [_material_row(m) for m in attached]
    new = _new_matter(body, procedure_id, station, by, now)
    try:
        return _write_submission(new, body, checked.clean, held + loose, draft, by=by, now=now, request_id=request_id)
    except _NotWritten:  # rolled back by now, the request's own row included
        return _earlier(request_id, draft, body, checked.clean, by, now)


class _NotWritten(Exception):
    """Somebody else was first, or this request has had its effect: the transaction must leave nothing behind."""


@transaction.atomic
def _write_submission(
    new: Snapshot,
    body: Body,
    answers: Mapping[str, Any],
    materials: Sequence[Mapping[str, Any]],
    draft: Draft | None,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
) -> Snapshot:
    """Write a new matter and, where its service says so, decide it at once; raise _NotWritten."""
    number = store.submit(
        new,
        body,
        by=by,
        prefix=f"{body.service.code[:2]}{new.org_id:02d}{now.astimezone(CHINA):%y}",
        subject_index=_subject_index(body, answers, new.person_id),
        answers_sealed=seal(new.person_id, queries.ANSWERS_CONTEXT, json.dumps(answers, ensure_ascii=False)),
        draft_id=draft.id if draft else None,
        materials=materials,
        request_id=request_id,
        place=queries.place_of(new.station_id),
        calendar=queries.calendar(),
        now=now,
    )
    if number is None:
        raise _NotWritten
    new = replace(new, number=number)
    return _decided_at_once(new, by=by, now=now) if _decides_itself(body, answers, now) else new


def _subject_index(body: Body, answers: Mapping[str, Any], person_id: UUID) -> bytes:
    """Return the blind index of the person whom the matter is about: named in the form, or the applicant."""
    about = str(answers.get(body.service.about, "")) if body.service.about else ""
    return blind_index("id_number", about) if about else blind_index("person", str(person_id))


def _material_row(material: Material) -> dict[str, Any]:
    return {"id": str(material.id), "name": material.name, "file_id": str(material.file_id), "held_ref": ""}


def _new_matter(body: Body, procedure_id: UUID, station: queries.UnitFacts, by: Actor, now: datetime) -> Snapshot:
    assert by.person_id is not None
    place = queries.place_of(station.id)
    start = body.flow.states[body.flow.start]
    level = body.service.decides if start.level == "decides" else (start.level or "station")
    blank = Snapshot(
        id=new_id(),
        org_id=station.org_id,
        number="",
        procedure_id=procedure_id,
        code=body.service.code,
        unit_id=place.unit_at(level),
        station_id=station.id,
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
        open_tasks=len(start.tasks),
    )
    return rules.clocked(body, blank, queries.calendar(), now)


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
        raise _reused()
    matter = queries.snapshot(found)
    if queries.opened(matter) != json.loads(json.dumps(answers)):
        raise _reused()
    return matter


def _decides_itself(body: Body, answers: Mapping[str, Any], now: datetime) -> bool:
    """Say whether the instant flow issues at once: the condition of the file holds, and the flow has `issue`."""
    start = body.flow.states[body.flow.start]
    if body.service.auto is None or "issue" not in start.actions:
        return False
    from minjing.base.conditions import holds

    return holds(body.service.auto, answers, local_day(now))


def _decided_at_once(matter: Snapshot, *, by: Actor, now: datetime) -> Snapshot:
    """Issue at once; what the register does not bear out is undone (savepoint) and waits for an officer."""
    try:
        with transaction.atomic():
            return act(matter.id, "issue", ver=1, by=SYSTEM, now=now, request_id=new_id())
    except (plugs.EffectRefused, Wrong):
        return matter


# ---- acting ---------------------------------------------------------------------------------------------


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
        return _again_or_stale(matter, action, by, request_id)
    _own_files([file_id for sent in (files or {}).values() for file_id in sent], by)
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
    body = queries.body_of(matter)
    place, calendar = queries.place_of(matter.station_id), queries.calendar()
    change = rules.decide(body, matter, action, ask, by=by, place=place, calendar=calendar, now=now)
    change = _with_tasks(change)
    try:
        _write(change, body, by=by, now=now, request_id=request_id, place=place, files=files, corrections=corrections)
    except _NotWritten:  # rolled back by now, the request's own row included
        return _again_or_stale(queries.matter(matter.id, by, now), action, by, request_id)
    return change.after


@transaction.atomic
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
        raise _NotWritten
    if change.action == "supplement":
        _add_supplement(change.before, files or {}, now)
    if change.runs_effect:
        _run_effect(change, body, by, now)


def _with_tasks(change: Change) -> Change:
    if not change.tasks:
        return change
    return replace(change, after=replace(change.after, open_tasks=change.after.open_tasks + len(change.tasks)))


def _again_or_stale(matter: Snapshot, action: str, by: Actor, request_id: UUID) -> Snapshot:
    """Return the matter when this very request was done before; raise Stale, or that it was used for another act."""
    done = Request.objects.filter(id=request_id).first()
    if done is None:
        raise Stale(matter)
    event = queries.event_of(done.matter_id, done.seq)
    if done.matter_id != matter.id or event is None or (event.action, event.actor_id) != (action, by.account_id):
        raise _reused()
    return matter


def _reused() -> MatterError:
    return MatterError(
        "request_reused",
        "这个请求编号已用于另一项操作，本次没有办理。请刷新页面后再试。",
        "This request number was used for something else; nothing was done now. Reload the page and try again.",
    )


def _sealed(change: Change, body: Body, by: Actor, now: datetime, corrections: Mapping[str, Any] | None) -> Sealed:
    """Seal the officer's words; a correction's proposed values travel in them until they are approved."""
    words: dict[str, Any] = {"note": change.ask.note} if change.ask.note else {}
    answers = subject = None
    if change.action == "ask_correction":
        words["corrections"] = _checked_corrections(change.before, body, corrections or {}, now)
    if change.action == "approve_correction":
        corrected = {**queries.opened(change.before), **proposed_corrections(change.before)}
        subject = _subject_index(body, corrected, change.before.person_id)
        answers = seal(change.before.person_id, queries.ANSWERS_CONTEXT, json.dumps(corrected, ensure_ascii=False))
    note = seal(change.before.person_id, queries.NOTE_CONTEXT, store.note_json(words)) if words else None
    return Sealed(note, answers, subject)


def _checked_corrections(
    matter: Snapshot, body: Body, corrections: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the proposed values as they would stand in the form; raise Wrong."""
    today, stood = local_day(now), queries.opened(matter)
    checked = forms.check_all(body, {**stood, **corrections}, today)
    # What was wrong before (a date that has passed) stays; what the correction itself leaves open does not.
    before = forms.check_all(body, stood, today).errors
    errors = {name: text for name, text in checked.errors.items() if name in corrections or name not in before}
    if errors:
        raise Wrong(errors)
    proposed = {name: checked.clean[name] for name in corrections if name in checked.clean}
    if not proposed:
        raise Wrong({"corrections": Text(zh="请填写要更正的项目。", en="Say what is to be corrected.")})
    return proposed


def proposed_corrections(matter: Snapshot) -> dict[str, Any]:
    """Return the values that the last proposal of a correction wants to put in place."""
    from minjing.kernel.identity.sealing import unseal
    from minjing.kernel.matters.models import MatterEvent

    last = MatterEvent.objects.filter(matter_id=matter.id, action="ask_correction").order_by("-seq").first()
    if last is None or last.note_sealed is None:
        return {}
    words = json.loads(unseal(matter.person_id, queries.NOTE_CONTEXT, bytes(last.note_sealed)))
    return dict(words.get("corrections", {}))


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


def _run_effect(change: Change, body: Body, by: Actor, now: datetime) -> None:
    """Run the module's effect and issue the paper, in the transaction of the decision."""
    from minjing.kernel.papers import actions as papers

    service = body.service
    run = plugs.CORRECTIONS.get(service.effect) if change.reverses else plugs.EFFECTS[service.effect]
    answers = queries.opened(change.before)
    if change.reverses:
        answers |= proposed_corrections(change.before)
        papers.revoke_of_matter(change.before.id, reason="corrected", by=by, now=now)
    if run is None:
        raise MatterError("no_correction", "此事项不支持更正。", "A correction is not provided for in this service.")
    outcome = run(matter=change.after, answers=answers, by=by, now=now)
    if service.grants is None:
        return
    papers.issue(
        kind=service.grants.certificate,
        title=service.grants.title.model_dump(),
        matter_id=change.after.id,
        matter_number=change.after.number,
        org_id=change.after.org_id,
        holder_person=outcome.holder_person,
        facts=[(label.model_dump(), value) for label, value in outcome.facts],
        valid_until=valid_until(service.grants.valid, now),
        unit_id=change.after.unit_id,
        by=by,
        now=now,
    )


def valid_until(valid: str, now: datetime) -> datetime | None:
    """Return the end of `40d` from `now`: the last moment of that day; None for no end."""
    if not valid:
        return None
    last = local_day(now) + timedelta(days=int(valid.rstrip("d")))
    return datetime.combine(last, datetime.max.time().replace(microsecond=0), CHINA)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one matter of a bulk act."""

    matter_id: UUID
    matter: Snapshot | None
    error: Text | None


def act_many(
    chosen: Sequence[tuple[UUID, int]],
    action: str,
    *,
    by: Actor,
    now: datetime,
    request_id: UUID,
    note: str = "",
    reason: str = "",
) -> list[Result]:
    """Take the same step in many matters, each for itself: one that cannot does not hold up the others.

    The request of each follows from `request_id` and the matter, so that sending the page twice does nothing twice.
    """
    results = []
    for matter_id, ver in chosen:
        own_request = UUID(int=request_id.int ^ matter_id.int)
        try:
            done = act(matter_id, action, ver=ver, by=by, now=now, request_id=own_request, note=note, reason=reason)
            results.append(Result(matter_id, done, None))
        except (MatterError, plugs.EffectRefused) as refused:
            results.append(Result(matter_id, None, refused.text))
    return results


@transaction.atomic
def finish_task(task_id: UUID, result: str, *, by: Actor, now: datetime, request_id: UUID) -> Snapshot:
    """Close a child task; when the last one closes, the matter may go on (the join)."""
    task = Task.objects.filter(id=task_id).first()
    if task is None:
        raise Unknown
    matter = queries.matter(task.matter_id, by, now)
    place = queries.place_of(matter.station_id)
    verdict = may(by, "finish_task", unit_path=place.path, post=task.post, code=matter.code)
    if not verdict.ok or verdict.holding is None:
        raise rules.refusal(verdict)
    if result not in ("clear", "found"):
        raise Wrong({"result": Text(zh="请选择核查结果。", en="Choose the result.")})
    if matter.closed_at is not None:
        raise NotAllowed(
            "closed", "办件已办结，无需再核查。", "The matter is closed; there is nothing left to check."
        )
    closed = Task.objects.filter(id=task_id, done_at__isnull=True).update(
        done_at=now, done_by=by.account_id, result=result
    )
    if not closed:
        return _closed_before(task_id, result, matter, by)
    unit_id = verdict.holding.unit_id
    after = replace(
        matter,
        ver=matter.ver + 1,
        open_tasks=matter.open_tasks - 1,
        acts=rules.acted(matter.acts, f"{rules.TASK}{task.kind}", by, task.post, unit_id),
    )
    change = Change("finish_task", matter, after, task.post, unit_id, Ask(reason=result))
    written = store.write(
        change,
        queries.body_of(matter),
        by=by,
        request_id=request_id,
        place=place,
        calendar=queries.calendar(),
        now=now,
    )
    if not written:
        raise Stale(queries.matter(matter.id, by, now))
    return after


def _closed_before(task_id: UUID, result: str, matter: Snapshot, by: Actor) -> Snapshot:
    """Return the matter when the asker closed the task just so; say that somebody else was first otherwise."""
    if Task.objects.filter(id=task_id, done_by=by.account_id, result=result).exists():
        return matter
    raise NotAllowed("task_done", "这项协办已经办结。", "This task has been finished already.")


@transaction.atomic
def rate(matter_id: UUID, stars: int, *, words: str = "", by: Actor, now: datetime) -> None:
    """Keep what the applicant thought of a closed matter, once."""
    matter = queries.matter(matter_id, by, now)
    if by.account_id != matter.account_id:
        raise NotAllowed("not_applicant", "只有申请人本人可以评价。", "Only the applicant may rate.")
    if matter.closed_at is None:
        raise NotAllowed("not_closed", "办结后才能评价。", "A matter can be rated once it is closed.")
    if not 1 <= stars <= 5:
        raise Wrong({"stars": Text(zh="请选择 1 至 5 星。", en="Choose 1 to 5 stars.")})
    sealed = seal(matter.person_id, "matters_rating.words", words[:500]) if words.strip() else None
    _, is_new = Rating.objects.get_or_create(
        matter_id=matter.id,
        defaults={
            "org_id": matter.org_id,
            "unit_id": matter.unit_id,
            "code": matter.code,
            "stars": stars,
            "words_sealed": sealed,
            "at": now,
        },
    )
    if is_new:
        append(
            ledger_entry(
                "matters:matter:rated",
                {"matter": matter.id, "stars": stars},
                at=now,
                org_id=matter.org_id,
                subject_id=matter.person_id,
            )
        )


# ---- clocks ---------------------------------------------------------------------------------------------

SWEPT = 1_000  # expired drafts removed at a time
REQUESTS_KEPT = timedelta(days=30)  # a request id is remembered this long


def sweep(now: datetime, limit: int = 500) -> int:
    """Let what was not supplemented in time lapse, and forget old drafts and request ids; return how many lapsed."""
    due = Matter.objects.filter(lapses_at__lte=now).order_by("lapses_at").defer("answers_sealed")[:limit]
    lapsed = 0
    for row in due:
        try:
            step(queries.snapshot(row), "lapse", Ask(), by=SYSTEM, now=now, request_id=new_id())
            lapsed += 1
        except MatterError:
            continue  # the applicant was faster
    Request.objects.filter(at__lt=now - REQUESTS_KEPT).delete()
    with transaction.atomic():
        expired = Draft.objects.select_for_update().filter(expires_at__lt=now, matter_id__isnull=True)
        old = list(expired.values_list("id", flat=True)[:SWEPT])
        Material.objects.filter(draft_id__in=old).delete()
        Draft.objects.filter(id__in=old).delete()
    return lapsed


def sample_refold(size: int) -> list[tuple[Snapshot, dict[str, tuple[Any, Any]]]]:
    """Refold the `size` matters that moved last and return those that disagree, with what disagrees."""
    rows = Matter.objects.defer("answers_sealed").order_by(F("step_since").desc())[:size]
    checked = [(snap, queries.refold(snap)) for snap in map(queries.snapshot, rows)]
    return [(snap, faults) for snap, faults in checked if faults]
