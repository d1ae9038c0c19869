"""Opening what is sealed in a matter: who may, and the looks that are written down first."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.base import idnumber
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed as NoLook
from minjing.kernel.identity.rules import CARD, LOOK
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.identity.seen import Seen
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.models import (
    Draft,
    Material,
    Matter,
    MatterEvent,
)
from minjing.kernel.matters.plugs import EARLIER, REGISTER_RECORD, SPECIAL_RECORD, Earlier, RegisterRecord
from minjing.kernel.matters.queries.catalogue import acting_posts, body_of
from minjing.kernel.matters.queries.levels import require_level
from minjing.kernel.matters.queries.one import Step, holdings_here, matter, opened, path_for, snapshot, steps
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.kernel.papers.models import Paper

NOTE_CONTEXT = "matters_matterevent.note"
# How looks at the parts of a matter are called in the ledger.
FORM, NOTES, MATERIAL, PAPER = "matters.form", "matters.notes", "matters.material", "papers.paper"
BEFORE = "matters.earlier"

RegisterRow = tuple[Text, str, Text]  # heading, name of the item, value


@dataclass(frozen=True)
class OpenFile:
    """A matter's file opened for one officer: one entry for each person it shows stands in the ledger."""

    answers: Mapping[str, Any]
    notes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)  # by event, when opened in full
    subject: UUID | None = None  # the person the matter is about, None where the city does not know them
    registers: Mapping[UUID, Sequence[RegisterRow]] = field(default_factory=dict)  # by person, when in full
    earlier: Earlier | None = None  # the paper of a decision before, when in full


def open_file(
    matter: Snapshot, by: Actor, now: datetime, *, reason: str = "", full: bool, material: bool = False
) -> OpenFile:
    """Return the form and, when `full`, the notes and the register of the applicant and the person concerned.

    Everybody whom the page shows, those named in the form by ID number among them, gets one entry that names all
    the fields, before anything is returned; with `material` the entry covers the paper shown beside them as well, and
    the paper of a decision before that stands beside it.
    Raises NotAllowed; without an open matter a reason is needed.
    """
    said = opened(matter)
    subject = _subject(matter, said)
    fields: dict[UUID, list[str]] = {matter.person_id: [FORM]}
    earlier = _earlier(matter, subject) if full and material else None
    for person_id in [*named_in(matter, said), *([subject] if subject else [])]:
        fields.setdefault(person_id, [FORM])
    if full:
        register = [name for name, _ in _records(matter.code)]
        fields[matter.person_id] += [NOTES, *register]
        if subject is not None and subject != matter.person_id:
            fields[subject] += register
        if material:
            fields = {person_id: [*named, MATERIAL] for person_id, named in fields.items()}
        if earlier is not None and subject is not None:
            fields[subject].append(BEFORE)
    seen = _record(matter, by, fields, now, reason)
    if not full:
        return OpenFile(said, subject=subject)
    whose = [matter.person_id, *([subject] if subject and subject != matter.person_id else [])]
    rows = {pk: register_rows(pk, seen, matter.code) for pk in whose}
    return OpenFile(said, _notes(matter, by), subject, rows, earlier)


def _earlier(matter: Snapshot, subject: UUID | None) -> Earlier | None:
    if subject is None:
        return None
    for codes, find in EARLIER.items():
        if matter.code.startswith(codes):
            return find(subject, matter.code, matter.id)
    return None


def open_earlier(matter: Snapshot, by: Actor, now: datetime, *, seen_with_page: bool, reason: str = "") -> Earlier:
    """Return the paper of a decision before; the look is written down first, unless the page's entry names it.

    Raises Unknown, NotAllowed.
    """
    subject = _subject(matter, opened(matter))
    found = _earlier(matter, subject)
    if found is None or subject is None:
        raise Unknown
    if not seen_with_page:
        _record(matter, by, {subject: [BEFORE]}, now, reason)
    return found


def _subject(matter: Snapshot, said: Mapping[str, Any]) -> UUID | None:
    named = body_of(matter).service.about
    number = str(said.get(named) or "") if named else ""
    return people.person_once_with(number) if number else matter.person_id


def named_in(matter: Snapshot, said: Mapping[str, Any]) -> list[UUID]:
    """Return the persons known to the city whom a form names by ID number."""
    return list(people.people_by_id_numbers(_numbers_in(matter, said)).values())


def names_number(matter: Snapshot, id_number: str) -> bool:
    """Say whether the form of a matter in somebody's hands names this ID number; nothing else of it is told."""
    return id_number in map(idnumber.normalise, _numbers_in(matter, opened(matter)))


def _numbers_in(matter: Snapshot, said: Mapping[str, Any]) -> list[str]:
    numbers: list[str] = []
    for name, spec in body_of(matter).service.fields.items():
        value = said.get(name)
        if spec.type == "resident_id" and value:
            numbers.append(str(value))
        if spec.type == "people" and isinstance(value, list):
            numbers += [str(row.get("id_number", "")) for row in value if isinstance(row, dict)]
    return [number for number in numbers if number]


def answers(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[str, Any]:
    """Return the form of a matter. An officer's look at each person in it is written down first."""
    said = opened(matter)
    people_in_it = [matter.person_id, *named_in(matter, said)]
    _record(matter, by, {person_id: [FORM] for person_id in people_in_it}, now, reason)
    return said


# Steps whose words are addressed to the applicant; what officers write to each other stays among them.
ADDRESSED = frozenset({"ask_supplement", "refuse", "refuse_to_accept", "uphold", "answer", "refer"})


def notes(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> dict[int, dict[str, Any]]:
    """Return what officers wrote, by event; the applicant reads what was addressed to them."""
    record_look(matter, by, NOTES, now, reason)
    return _notes(matter, by)


def _notes(matter: Snapshot, by: Actor) -> dict[int, dict[str, Any]]:
    rows = MatterEvent.objects.filter(matter_id=matter.id, note_sealed__isnull=False)
    if by.kind == "resident":
        rows = rows.filter(action__in=ADDRESSED)
    return {
        seq: json.loads(unseal(matter.person_id, NOTE_CONTEXT, bytes(blob)))
        for seq, blob in rows.values_list("seq", "note_sealed")
        if blob is not None
    }


def register_of(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> list[RegisterRow]:
    """Return what the register says of the applicant; an officer's look is written down first."""
    fields = {matter.person_id: [name for name, _ in _records(matter.code)]}
    return register_rows(matter.person_id, _record(matter, by, fields, now, reason), matter.code)


def own_register(by: Actor) -> list[RegisterRow]:
    """Return what the register says of the asker; nothing for those who have not yet said who they are.

    Raises NotAllowed below level 3: whoever knows a name and a number can say that they are that person.
    """
    from minjing.kernel.identity import actions as identity

    if by.person_id is None:
        return []
    require_level(by, CARD)
    seen = identity.own_words({by.person_id: [name for name, _ in REGISTER_RECORD]})
    return register_rows(by.person_id, seen)


def register_rows(person_id: UUID, seen: Seen, code: str = "") -> list[RegisterRow]:
    """Return what the registers say of a person whose look is on record; with what only this service needs."""
    return [row for _, ask in _records(code) for row in ask(person_id, seen)]


def _records(code: str) -> list[tuple[str, RegisterRecord]]:
    """Return the records that a matter of this service is decided by: nobody else's officers see them."""
    return [*REGISTER_RECORD, *(own for codes, own in SPECIAL_RECORD.items() if code.startswith(codes))]


def record_paper(matter: Snapshot, holder_id: UUID, by: Actor, now: datetime, reason: str = "") -> Seen:
    """Write down that `by` looks at a certificate of this matter; its holder and whom the form names stand on it."""
    people_on_it = dict.fromkeys([matter.person_id, holder_id, *named_in(matter, opened(matter))])
    return _record(matter, by, {person_id: [PAPER] for person_id in people_on_it}, now, reason)


def record_material(matter: Snapshot, by: Actor, now: datetime, reason: str = "") -> Seen:
    """Write down that `by` looks at a paper sent in: whoever the form names may stand on it, not the applicant alone.

    Nobody has read the picture, so it is taken to show everyone whom the matter is known to concern.
    """
    said = opened(matter)
    subject = _subject(matter, said)
    shown = dict.fromkeys([matter.person_id, *named_in(matter, said), *([subject] if subject else [])])
    return _record(matter, by, {person_id: [MATERIAL] for person_id in shown}, now, reason)


def record_look(matter: Snapshot, by: Actor, what: str, now: datetime, reason: str = "") -> Seen:
    """Write down that `by` looks at something of this matter's applicant, unless it is their own.

    Raises NotAllowed for those whose posts do not read records: supervisors see clocks and figures.
    """
    return _record(matter, by, {matter.person_id: [what]}, now, reason)


def _record(
    matter: Snapshot, by: Actor, fields: Mapping[UUID, Sequence[str]], now: datetime, reason: str = ""
) -> Seen:
    from minjing.kernel.identity import actions as identity

    if by.kind == "system" or by.account_id == matter.account_id or by.person_id == matter.person_id:
        return identity.own_words(fields)
    if not reads(matter, by):
        raise NotAllowed(
            "no_look",
            "您的岗位不能查看个人信息。",
            "None of your posts reads personal records.",
            needs=LOOK,
        )
    return identity.record_looks(
        by,
        fields,
        reason=reason,
        matter_id=matter.id,
        unit_path=path_for(matter, by),
        posts=acting_posts(matter.procedure_id),
        now=now,
    )


def is_open(matter_id: UUID) -> bool:
    """Say whether a matter is open: a look for it then needs no reason beside it."""
    return Matter.objects.filter(id=matter_id, closed_at__isnull=True).exists()


def concerned(matter_id: UUID, person_ids: Collection[UUID]) -> set[UUID]:
    """Return whom of these people a matter concerns.

    Its applicant, the one it is about, whom its form names, and whose papers came of it; nobody for no matter.
    """
    row = Matter.objects.defer("answers_sealed").filter(id=matter_id).first()
    if row is None:
        return set()
    asked = set(person_ids)
    if asked <= {row.person_id}:
        return asked
    found = snapshot(row)
    said = opened(found)
    holders = Paper.objects.filter(matter_id=matter_id, holder_id__in=asked).values_list("holder_id", flat=True)
    return asked & {row.person_id, _subject(found, said), *named_in(found, said), *holders}


def reads(matter: Snapshot, by: Actor) -> bool:
    """Say whether one of the officer's posts lets them read records of this matter: who only supervises may not."""
    acting = acting_posts(matter.procedure_id)
    return any(LOOK in h.acts and h.post in acting for h in holdings_here(matter, by))


# Steps for which no claim is asked: who may take one must see the file in full to take it.
FULL_VIEW_STEPS = frozenset({"approve_correction", "refuse_correction", "approve_reopening", "refuse_reopening"})


def in_hand(matter: Snapshot, by: Actor, offered: Sequence[Step]) -> bool:
    """Say whether the file is in this officer's hands: claimed by them, or theirs to approve without a claim.

    A closed matter is in nobody's hands: it opens for a reason only.
    """
    if matter.closed_at is not None:
        return False
    if matter.claimed_by == by.account_id:
        return True
    return any(step.allowed and step.action in FULL_VIEW_STEPS for step in offered)


def opens_in_full(matter: Snapshot, by: Actor, now: datetime) -> bool:
    """Say whether the asker may read the file unmasked without a reason: their own, or in their hands."""
    if by.account_id == matter.account_id or by.kind != "officer":
        return True
    return reads(matter, by) and in_hand(matter, by, steps(matter, by, now))


def may_open_file(file_id: UUID, by: Actor, now: datetime) -> bool:
    """Say whether the asker may see a file: their own draft's, or of a matter that is their business.

    Officers open papers of matters in their hands only; their look is written down before the answer is yes.
    """
    for material in Material.objects.filter(file_id=file_id):
        if material.matter_id is not None:
            try:
                found = matter(material.matter_id, by, now)
            except Unknown:
                continue
            if not opens_in_full(found, by, now):
                continue
            try:
                record_material(found, by, now)
            except NoLook:  # closed meanwhile, or the ledger lies behind
                continue
            return True
        if material.draft_id and Draft.objects.filter(pk=material.draft_id, account_id=by.account_id).exists():
            return True
    return False
