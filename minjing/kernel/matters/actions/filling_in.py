"""Filling in an application: pages, papers, and what is kept when a session ends in between."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from minjing.base.clock import local_day
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import NUMBER
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import forms, plugs, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Draft, Material
from minjing.kernel.matters.queries.levels import level_needed, require_level
from minjing.kernel.matters.schema import Body, Text

DRAFT_LIVES = timedelta(days=90)  # an unfinished application is kept this long after it was last saved
MAX_DRAFTS = 20


@transaction.atomic
def draft(
    code: str, *, by: Actor, now: datetime, for_person: UUID | None = None, for_firm: UUID | None = None
) -> Draft:
    """Start an application for `code`, or return the one already begun; known answers are filled in.

    `for_person` is whom it is for, where somebody acts by mandate or as guardian; what the register knows of them
    is shown to the one who acts, and the look is on record. `for_firm` is the mandate of a firm.
    """
    procedure_id, body = queries.service(code)
    _one_at_a_time(f"draft:{by.account_id}")
    person_id = for_person or by.person_id
    unfinished = queries.drafts(by, now)
    begun = [d for d in unfinished if d.person_id == person_id]
    if person_id == by.person_id:
        begun = [d for d in begun if d.mandate_id == for_firm]
    found = next((d for d in begun if queries.body_of(d).service.code == code), None)
    if found is not None:
        return queries.draft(found.id, by, now)
    can_apply(body, by)
    require_stars(body, by, now)
    if person_id == by.person_id:
        queries.of_age_to_act(by, now)
    assert person_id is not None
    acting = queries.right_to_act(person_id, code, by, now)
    queries.still_may_act(for_firm, by.person_id, by.account_id, code, by, now)
    if len(unfinished) >= MAX_DRAFTS:
        raise NotAllowed(
            "too_many_drafts",
            "未提交的申请太多，请先完成或删除一些。",
            "There are too many unfinished applications; finish or delete some first.",
        )
    made = Draft(
        org_id=0,
        account_id=by.account_id,
        person_id=person_id,
        mandate_id=acting.mandate if acting else for_firm,
        procedure_id=procedure_id,
        started_at=now,
        saved_at=now,
        expires_at=now + DRAFT_LIVES,
    )
    if acting is not None:
        identity.record_acting(by, person_id, [queries.FORM], mandate=acting.mandate, now=now)
    made.answers_sealed = _sealed_draft(made, queries.prefills(body, person_id, now))
    made.save(force_insert=True)
    said: dict[str, Any] = {"draft": made.id, "by": by.account_id, "code": code}
    if made.mandate_id is not None:
        said |= {"mandate": made.mandate_id, "for": person_id}
    append(ledger_entry("matters:draft:started", said, at=now))
    return made


def _one_at_a_time(what: str) -> None:
    """Wait until no other transaction does the same, to the end of this one: a button pressed twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])


def can_apply(body: Body, by: Actor) -> None:
    if by.kind != "resident":
        raise NotAllowed("residents_only", "请用居民账号申请。", "Apply with a resident's account.")
    # To fill in a form takes no more than name and number; what the later steps need is asked when they come.
    require_level(by, min(NUMBER, max(body.service.level_for("submit"), body.service.level_for("draft"))))
    if by.person_id is None:
        raise level_needed(NUMBER)
    if not body.service.form:
        raise NotAllowed("in_person", "此事项须到现场办理，请看办事指南。", "This is done in person; see the guide.")


def require_stars(body: Body, by: Actor, now: datetime) -> None:
    """Raise NotAllowed where the service asks for more stars than the asker has."""
    wanted = body.service.stars
    if not wanted or not plugs.STARS:
        return
    has = plugs.STARS[0](by, now)
    if has < wanted:
        raise NotAllowed(
            "stars",
            f"此事项需要 {wanted} 星用户，您现在是 {has} 星。绑定驾驶证、机动车或者添加通行密钥可以加星。",
            f"This takes {wanted} stars; you have {has}. Bind a licence or vehicle, or add a passkey, to gain some.",
            needs=str(wanted),
        )


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
    row = queries.draft(draft_id, by, now, locked=True)
    if row.matter_id is not None:
        raise NotAllowed("submitted", "这份申请已经提交。", "This application has been submitted.")
    return row


def attach(draft_id: UUID, name: str, file_id: UUID, *, by: Actor, now: datetime) -> Material:
    """Add an uploaded file to a draft as the material `name`. Raises Wrong with what the service's check finds."""
    sound_papers(queries.body_of(queries.draft(draft_id, by, now)), {name: [file_id]}, by)
    return _attach(draft_id, name, file_id, by=by, now=now)


def sound_papers(body: Body, papers: Mapping[str, Iterable[UUID]], by: Actor) -> None:
    """Raise Wrong for papers that the service looks at and does not take: by name, the first thing that stops each.

    Called outside transactions: a check may take a second, and nothing waits for it.
    """
    from minjing.kernel.files import queries as files

    checks = {m.name: plugs.PAPER_CHECKS[m.check] for m in body.service.materials if m.check in plugs.PAPER_CHECKS}
    errors: dict[str, Text] = {}
    for name in checks.keys() & papers.keys():
        own_files(papers[name], by)
        remarks = [r for file_id in papers[name] for r in checks[name](files.read(file_id)) if r.stops]
        if remarks:
            errors[name] = remarks[0].text
    if errors:
        raise Wrong(errors)


@transaction.atomic
def _attach(draft_id: UUID, name: str, file_id: UUID, *, by: Actor, now: datetime) -> Material:
    row = _own_draft(draft_id, by, now)
    spec = next((m for m in queries.body_of(row).service.materials if m.name == name), None)
    if spec is None:
        raise Unknown
    own_files([file_id], by)
    if Material.objects.filter(draft_id=row.id, name=name).count() >= spec.max_files:
        raise Wrong({name: Text(zh=f"最多 {spec.max_files} 个文件。", en=f"At most {spec.max_files} files.")})
    added = Material.objects.create(draft_id=row.id, name=name, file_id=file_id, added_at=now)
    append(ledger_entry("matters:draft:attached", {"draft": row.id, "by": by.account_id, "file": file_id}, at=now))
    return added


def own_files(ids: Iterable[UUID], by: Actor) -> None:
    """Raise Unknown for a file that somebody else sent in: an id is no right."""
    from minjing.kernel.files import queries as files

    wanted = set(ids)
    if files.own_among(wanted, by=by) != wanted:
        raise Unknown


@transaction.atomic
def detach(draft_id: UUID, material_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take a file off a draft."""
    row = _own_draft(draft_id, by, now)
    take_off(Material.objects.filter(draft_id=row.id, id=material_id), now)
    append(
        ledger_entry(
            "matters:draft:detached", {"draft": row.id, "by": by.account_id, "material": material_id}, at=now
        )
    )


@transaction.atomic
def discard(draft_id: UUID, *, by: Actor, now: datetime) -> None:
    """Delete a draft and what was attached to it."""
    row = _own_draft(draft_id, by, now)
    take_off(Material.objects.filter(draft_id=row.id), now)
    append(ledger_entry("matters:draft:discarded", {"draft": row.id, "by": by.account_id}, at=now))
    row.delete()


def take_off(materials: QuerySet[Material], now: datetime) -> None:
    """Delete papers of drafts and let go of their files."""
    from minjing.kernel.files import actions as files

    sent = [file_id for file_id in materials.values_list("file_id", flat=True) if file_id is not None]
    files.let_go(sent, now=now)
    materials.delete()


# What keeps somebody from acting for another: a refusal that goes on record wherever it becomes an answer.
ACTING_REFUSED = frozenset({"mandate_ended", "guardian_only"})


def note_refused(by: Actor, key: str, now: datetime) -> None:
    """Put on record that somebody was kept from acting for another; called where the refusal becomes an answer."""
    append(
        ledger_entry("matters:acting:refused", {"by": by.account_id, "reason": key}, at=now, subject_id=by.person_id)
    )
