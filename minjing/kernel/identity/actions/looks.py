"""The one road to a person's record: the right, the reason, the ledger entry, and only then the data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from minjing.base.clock import local_day
from minjing.kernel.identity import reasons, sealing
from minjing.kernel.identity.actor import SYSTEM_KIND, Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.models import Account, HiddenLook, LookNote, Person
from minjing.kernel.identity.plugs import FieldReader, plugs
from minjing.kernel.identity.queries import ID_NUMBER, LOOKED, NAME, PHONE, look_key
from minjing.kernel.identity.rules import WORDS, Verdict, drawn, may_look
from minjing.kernel.identity.seen import Seen
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger import queries as ledger_queries
from minjing.kernel.ledger.actions import Entry
from minjing.kernel.watch import queries as watch
from minjing.kernel.watch.errors import Closed

BOUND = "matter"  # the reason of a look that an open matter stands behind


def look(
    by: Actor,
    person_ids: Iterable[UUID],
    fields: Sequence[str],
    *,
    reason: str = "",
    matter_id: UUID | None = None,
    unit_path: str = "",
    now: datetime,
) -> dict[UUID, dict[str, str]]:
    """Return the fields of these people, having first written one ledger entry for each of them.

    `reason` is a key of the list, or "other:in one's own words"; a look for an open matter at those whom it concerns
    needs none, and the caller has checked the right to the matter. Fields: name, id_number, phone, and what modules
    register. People who are erased or have no such field are left out. Raises NotAllowed, and Unknown for a field
    nobody provides. Call it outside a transaction that may still be undone: what was seen must stay on record.
    """
    people = list(dict.fromkeys(person_ids))
    readers = {name: _reader(name) for name in fields}
    record_look(by, people, fields, reason=reason, matter_id=matter_id, unit_path=unit_path, now=now)
    found: dict[UUID, dict[str, str]] = {}
    for name, read in readers.items():
        for person_id, value in read(people).items():
            found.setdefault(person_id, {})[name] = value
    return found


def record_look(
    by: Actor,
    person_ids: Iterable[UUID],
    what: Sequence[str],
    *,
    reason: str = "",
    matter_id: UUID | None = None,
    unit_path: str = "",
    now: datetime,
) -> Seen:
    """Write that `by` looks at `what` of each of these people: see `record_looks`."""
    fields = dict.fromkeys(person_ids, tuple(what))
    return record_looks(by, fields, reason=reason, matter_id=matter_id, unit_path=unit_path, now=now)


@dataclass(frozen=True, slots=True)
class _Why:
    """Why somebody looks: a key of the list with one's own words, or an open matter."""

    key: str
    words: str = ""
    asked_about: bool = True  # whether the lot may fall on it

    @property
    def bound(self) -> bool:
        return self.key == BOUND


def record_looks(
    by: Actor,
    fields: Mapping[UUID, Sequence[str]],
    *,
    reason: str = "",
    matter_id: UUID | None = None,
    unit_path: str = "",
    posts: Collection[str] = (),
    now: datetime,
) -> Seen:
    """Write that `by` looks at these fields of each person, one entry a person, in one transaction.

    The caller opens the records when this has returned, and shows the proof that it returns to whatever opens them.
    One's own record needs no entry, unless an officer looks at it on duty. Of several posts the look is that of one
    of `posts`, where these are named. Raises NotAllowed without a right,
    without a reason where no open matter that concerns each of them stands behind the look, or while the ledger lies
    an hour behind and no break-glass is open.
    """
    others = {pk: what for pk, what in fields.items() if pk != by.person_id or by.is_officer}
    if others:
        verdict = _verdict(by, unit_path, posts)
        if not verdict.ok:
            raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
        matters = _matters(by, others, matter_id)
        why = _why(by, reason, matter_id if others.keys() <= matters.keys() else None)
        _record(by, others, why, verdict.holding, now, matters=matters)
    return Seen({pk: frozenset(what) for pk, what in fields.items()})


def own_words(fields: Mapping[UUID, Sequence[str]]) -> Seen:
    """Return the proof for what needs no entry: one's own record or form, or what the house reads for itself."""
    return Seen({pk: frozenset(what) for pk, what in fields.items()})


def record_assigned(
    by: Actor, note: LookNote, field: str, key: str, *, holding: Holding | None, now: datetime
) -> Seen:
    """Write a look that the house assigns because of a drawn one: its reason is not for choosing.

    Where the drawn look is hidden for a time, this one is as well: it would give the other away.
    """
    drawn_look = ledger_queries.entry_of(note.entry_id)
    hidden = drawn_look.payload.get("hidden") if drawn_look and drawn_look.payload else None
    why = _Why(reasons.assigned()[key].key, asked_about=False)
    people = {note.person_id: [field]}
    _record(by, people, why, holding, now, hidden={note.person_id: {"hidden": hidden}} if hidden else {})
    return Seen({note.person_id: frozenset({field})})


def record_desk(
    by: Actor,
    person_id: UUID,
    what: Sequence[str],
    *,
    holding: Holding,
    now: datetime,
    reason: str = "identity_compare",
) -> Seen:
    """Write the look of an officer to whom a desk gives what comes next: its reason is not for choosing."""
    why = _Why(reasons.assigned()[reason].key, asked_about=False)
    _record(by, {person_id: what}, why, holding, now)
    return Seen({person_id: frozenset(what)})


def record_acting(
    by: Actor, person_id: UUID, what: Sequence[str], *, mandate: UUID, matter_id: UUID | None = None, now: datetime
) -> Seen:
    """Write that a representative or guardian sees what concerns whom they act for; the caller asked the right."""
    said: dict[str, Any] = {
        "by": by.account_id,
        "unit": None,
        "post": "",
        "deputy_for": None,
        "reason": reasons.assigned()["acting_for"].key,
        "words": "",
        "bound": True,
        "matter": matter_id,
        "mandate": mandate,
        "fields": list(what),
    }
    ledger.append(ledger.entry(LOOKED, said, at=now, subject_id=person_id))
    return Seen({person_id: frozenset(what)})


def _matters(by: Actor, people: Collection[UUID], matter_id: UUID | None) -> dict[UUID, UUID]:
    """Return the matter by each person whom it concerns: anybody else's entry neither rests on it nor names it."""
    if matter_id is None:
        return {}
    if by.kind == SYSTEM_KIND:
        return dict.fromkeys(people, matter_id)
    return dict.fromkeys(plugs.matter_concerns(matter_id, people) if plugs.matter_concerns else (), matter_id)


def _why(by: Actor, reason: str, matter_id: UUID | None) -> _Why:
    if reason:
        found, words = reasons.parse(reason)
        return _Why(found.key, words)
    # A closed matter is no reason any more: whoever looks then says why.
    if matter_id and (by.kind == SYSTEM_KIND or (plugs.matter_open is not None and plugs.matter_open(matter_id))):
        return _Why(BOUND)
    raise NotAllowed("no_reason", WORDS["no_reason"])


@transaction.atomic
def _record(
    by: Actor,
    others: Mapping[UUID, Sequence[str]],
    why: _Why,
    holding: Holding | None,
    now: datetime,
    *,
    matters: Mapping[UUID, UUID] | None = None,
    hidden: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> None:
    glass = _glass(by, now)
    if hidden is None:
        hidden = _hidden(by, others, now) if by.is_officer else {}
    said: dict[str, Any] = {
        "by": by.account_id,
        "unit": holding.unit_id if holding else None,
        "post": holding.post if holding else "",
        "deputy_for": holding.deputy_for if holding else None,
        "reason": why.key,
        "words": why.words,
        "bound": why.bound,
        **({"glass": glass} if glass else {}),
    }
    matters = matters or {}
    org_id = holding.org_id if holding else 0
    entries = {
        pk: ledger.entry(
            LOOKED,
            {**said, "matter": matters.get(pk), "fields": list(what), **hidden.get(pk, {})},
            at=now,
            org_id=org_id,
            subject_id=pk,
        )
        for pk, what in others.items()
    }
    ledger.append(*entries.values())
    if holding is None:
        return
    if hidden:
        _count_hidden(holding, len(hidden), now)
    if why.asked_about and by.is_officer:
        _ask(by, holding, entries, why.bound, now)


def _verdict(by: Actor, unit_path: str, posts: Collection[str]) -> Verdict:
    if by.kind == SYSTEM_KIND:
        return Verdict(True)
    return may_look(by, unit_path=unit_path, posts=posts)


def _glass(by: Actor, now: datetime) -> UUID | None:
    """Return the break-glass under which `by` looks, None as a rule; NotAllowed while the ledger lies an hour behind.

    Steps that the house takes by itself show nothing to anybody and go on.
    """
    if by.kind == SYSTEM_KIND:
        return None
    try:
        return watch.reads_open(by.account_id, now)
    except Closed as closed:
        raise NotAllowed(closed.key, closed.text) from None


# ---- hidden for a time ----------------------------------------------------------------------------------


def _hidden(by: Actor, people: Iterable[UUID], now: datetime) -> dict[UUID, dict[str, Any]]:
    """Return what the entries say of looks under a leave that was given before now and lasts, by person.

    The latest end stands in the entry itself: no later leave can move it.
    """
    rows = HiddenLook.objects.filter(
        account_id=by.account_id, person_id__in=list(people), granted=True, ended_at__isnull=True, until__gt=now
    )
    return {
        row.person_id: {"hidden": {"leave": row.pk, "basis": row.basis, "until": row.until}}
        for row in rows.filter(decided_at__lte=now).order_by("until")
    }


COUNT_HIDDEN = """
INSERT INTO identity_hiddentally (org_id, unit_id, month, looks) VALUES (%s, %s, %s, %s)
ON CONFLICT (org_id, unit_id, month) DO UPDATE SET looks = identity_hiddentally.looks + excluded.looks
"""


def _count_hidden(holding: Holding, looks: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        month = local_day(now).replace(day=1)
        cursor.execute(COUNT_HIDDEN, [holding.org_id, holding.unit_id, month, looks])


# ---- the lot --------------------------------------------------------------------------------------------


def _ask(by: Actor, holding: Holding, entries: Mapping[UUID, Entry], bound: bool, now: datetime) -> None:
    """Ask for a note on each look that the lot has drawn: by the id of its entry, which nobody chooses."""
    lot = reasons.lot()
    one_in = lot.bound_one_in if bound else lot.unbound_one_in
    due = now + timedelta(days=lot.answer_days)
    notes = [
        LookNote(
            org_id=holding.org_id,
            entry_id=entry.id,
            person_id=person_id,
            account_id=by.account_id,
            unit_id=holding.unit_id,
            bound=bound,
            asked_at=now,
            due_at=due,
        )
        for person_id, entry in entries.items()
        if drawn(look_key(), entry.id, one_in)
    ]
    if notes:
        LookNote.objects.bulk_create(notes)
        ledger.append(*(note_entry("asked", note, by, now, due=due) for note in notes))


def note_entry(what: str, note: LookNote, by: Actor, now: datetime, **more: object) -> Entry:
    """Return the ledger's entry of something that becomes of a drawn look."""
    said = {"by": by.account_id, "note": note.pk, "look": note.entry_id, **more}
    return ledger.entry(f"identity:look_note:{what}", said, at=now, org_id=note.org_id, subject_id=note.person_id)


# ---- the fields -----------------------------------------------------------------------------------------


def _reader(name: str) -> FieldReader:
    own: dict[str, FieldReader] = {"name": _names, "id_number": _id_numbers, "phone": _phones}
    if name in own:
        return own[name]
    if name in plugs.fields:
        return plugs.fields[name][1]
    raise Unknown("unknown_field", {"zh": f"没有名为 {name} 的信息项。", "en": f"There is no field {name}."})


def _names(people: Iterable[UUID]) -> dict[UUID, str]:
    return _opened(Person.objects.filter(pk__in=people).values_list("pk", "pk", "name_sealed"), NAME)


def _id_numbers(people: Iterable[UUID]) -> dict[UUID, str]:
    return _opened(Person.objects.filter(pk__in=people).values_list("pk", "pk", "id_number_sealed"), ID_NUMBER)


def _phones(people: Iterable[UUID]) -> dict[UUID, str]:
    # The phone belongs to the account's key; of several accounts the one last made counts.
    rows = (
        Account.objects.filter(person_id__in=people, phone_sealed__isnull=False)
        .order_by("created_at")
        .values_list("person_id", "pk", "phone_sealed")
    )
    return _opened(rows, PHONE)


def _opened(
    rows: Iterable[tuple[UUID | None, UUID, bytes | memoryview[int] | None]], context: str
) -> dict[UUID, str]:
    held = [(person, owner, bytes(blob)) for person, owner, blob in rows if person is not None and blob is not None]
    values = sealing.unseal_many([(owner, context, blob) for _, owner, blob in held])
    return {person: value.decode() for (person, _, _), value in zip(held, values, strict=True) if value is not None}
