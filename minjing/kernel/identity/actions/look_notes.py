"""What becomes of a look that the lot has drawn: the officer's note, a peer's review, the supervisor's eye."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from minjing.base import idnumber, names
from minjing.kernel.identity import reasons, sealing
from minjing.kernel.identity.actions.looks import note_entry, record_assigned
from minjing.kernel.identity.actor import SYSTEM, Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, Text, Unknown, Wrong
from minjing.kernel.identity.models import Account, Appointment, LookNote, Person
from minjing.kernel.identity.queries import ID_NUMBER, NAME, look_key
from minjing.kernel.identity.rules import LOOK, WORDS, may, may_look, nonsense, pick_reviewer
from minjing.kernel.ledger import actions as ledger

NOTE_CONTEXT = "identity_looknote.note"
NOTE_FIELD = "identity.look_note"
VERDICTS = (LookNote.FITS, LookNote.DOES_NOT_FIT, LookNote.UNCLEAR)

NO_ANSWER: dict[str, Text] = {
    "too_short": {"zh": "请用至少 8 个字写明为什么查看。", "en": "Say in at least 8 characters why you looked."},
    "too_long": {"zh": "说明最长 500 个字。", "en": "A note has at most 500 characters."},
    "repeated": {
        "zh": "这不像一句说明，请写明为什么查看。",
        "en": "This does not read like a note: say why you looked.",
    },
    "empty_phrase": {
        "zh": "请写明具体事由，不要只写套话。",
        "en": "Say what it was about; a set phrase is no answer.",
    },
    "long_number": {
        "zh": "说明中请不要写身份证号码或电话号码。",
        "en": "Leave ID numbers and phone numbers out of the note.",
    },
}


def answer_note(note_id: UUID, text: str, *, by: Actor, now: datetime) -> None:
    """Take the officer's own note on their look; the lot names the peer who reviews it.

    Late answers are taken too. Raises Unknown for a note that is not theirs or is answered, Wrong for no answer.
    """
    text = text.strip()
    fault = nonsense(text, reasons.tastes())
    if fault:
        raise Wrong(fault, NO_ANSWER[fault], "note")
    with transaction.atomic():
        note = _locked(Q(pk=note_id, account_id=by.account_id, answered_at__isnull=True))
        note.note_sealed = sealing.seal(note.person_id, NOTE_CONTEXT, text)
        note.answered_at = now
        _deal(note, (), now)
        note.save(update_fields=["note_sealed", "answered_at", "reviewer", "assigned_at"])
        ledger.append(note_entry("answered", note, by, now, reviewer=note.reviewer_id))


@dataclass(frozen=True, slots=True)
class Recalled:
    """Whom a look was at, masked: for the officer who answers for it."""

    name: str
    id_number: str


def recall_person(note_id: UUID, *, by: Actor, now: datetime) -> Recalled:
    """Return whom the officer's own drawn look was at, masked, and on record. Raises Unknown, NotAllowed."""
    note = LookNote.objects.filter(pk=note_id, account_id=by.account_id, answered_at__isnull=True).first()
    if note is None:
        raise Unknown
    record_assigned(by, note, "name", "note_answer", holding=_looking(by), now=now)
    person = Person.objects.get(pk=note.person_id)
    name, number = sealing.unseal_many(
        [(person.pk, NAME, bytes(person.name_sealed)), (person.pk, ID_NUMBER, bytes(person.id_number_sealed))]
    )
    if name is None or number is None:
        raise Unknown
    return Recalled(names.mask(name.decode()), idnumber.mask(number.decode()))


def open_note(note_id: UUID, *, by: Actor, now: datetime) -> str:
    """Return a note for the peer whom the lot has named; that look is on record, and not drawn again.

    Raises Unknown for everybody else, NotAllowed for one whose post has ended.
    """
    note = LookNote.objects.filter(pk=note_id, reviewer_id=by.account_id, reviewed_at__isnull=True).first()
    if note is None or note.note_sealed is None:
        raise Unknown
    seen = record_assigned(by, note, NOTE_FIELD, "note_review", holding=_looking(by), now=now)
    seen.must_cover(note.person_id, NOTE_FIELD)
    return sealing.unseal(note.person_id, NOTE_CONTEXT, bytes(note.note_sealed)).decode()


def review_note(note_id: UUID, verdict: str, *, by: Actor, now: datetime) -> None:
    """Say whether a note fits the look: `fits`, `does_not_fit` (the supervisor sees it) or `unclear`; once.

    Raises Unknown for whoever the lot has not named, and for the second of two at once; NotAllowed after the end of
    the reviewer's post.
    """
    if verdict not in VERDICTS:
        raise Wrong("verdict", {"zh": "请选择结论。", "en": "Choose a verdict."}, "verdict")
    _looking(by)
    with transaction.atomic():
        waiting = Q(pk=note_id, reviewer_id=by.account_id, reviewed_at__isnull=True, answered_at__isnull=False)
        note = _locked(waiting & ~Q(account_id=by.account_id))
        note.verdict, note.reviewed_at = verdict, now
        note.save(update_fields=["verdict", "reviewed_at"])
        ledger.append(note_entry("reviewed", note, by, now, verdict=verdict))


def settle_note(note_id: UUID, *, by: Actor, now: datetime) -> None:
    """Take up a note that is overdue, unclear or does not fit, as the supervisor of the unit; once.

    Raises Unknown for what does not lie with the supervisor, NotAllowed without the post or about oneself.
    """
    with transaction.atomic():
        note = _locked(Q(pk=note_id, settled_at__isnull=True) & for_the_supervisor(now))
        verdict = may(by, "supervise", unit_path=note.unit.path, not_by=[note.account_id])
        if not verdict:
            raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
        note.settled_by_id, note.settled_at = by.account_id, now
        note.save(update_fields=["settled_by", "settled_at"])
        ledger.append(note_entry("settled", note, by, now))


def for_the_supervisor(now: datetime) -> Q:
    """Return which notes the supervisor sees: overdue without an answer, or reviewed as anything but fitting."""
    return Q(answered_at__isnull=True, due_at__lt=now) | Q(verdict__in=(LookNote.DOES_NOT_FIT, LookNote.UNCLEAR))


def deal_again(now: datetime) -> int:
    """Let the lot fall anew where a review is late, its peer may no longer look, or there was none; return how many.

    Who had it before is left out while there is anybody else.
    """
    able = {account for account, _ in _peers(now)}
    late = Q(assigned_at__lt=now - timedelta(days=reasons.lot().review_days))
    waiting = LookNote.objects.filter(answered_at__isnull=False, reviewed_at__isnull=True)
    stuck = waiting.filter(late | Q(reviewer__isnull=True) | ~Q(reviewer_id__in=able))
    dealt = 0
    for pk in list(stuck.order_by("answered_at").values_list("pk", flat=True)):
        with transaction.atomic():
            note = LookNote.objects.select_for_update().filter(pk=pk, reviewed_at__isnull=True).first()
            if note is None:
                continue
            before = note.reviewer_id
            _deal(note, [before] if before else [], now)
            if note.reviewer_id in (None, before):
                continue
            note.save(update_fields=["reviewer", "assigned_at"])
            ledger.append(note_entry("dealt_again", note, SYSTEM, now, reviewer=note.reviewer_id))
            dealt += 1
    return dealt


def _locked(which: Q) -> LookNote:
    note = LookNote.objects.select_for_update(of=("self",)).select_related("unit").filter(which).first()
    if note is None:
        raise Unknown
    return note


def _deal(note: LookNote, left_out: Collection[UUID], now: datetime) -> None:
    standing_in = Appointment.objects.filter(deputy_for_id=note.account_id, until__gt=now)
    apart = {*left_out, *standing_in.values_list("account_id", flat=True)}
    peers = [(account, unit) for account, unit in _peers(now) if account not in apart]
    note.reviewer_id = pick_reviewer(look_key(), note.entry_id, note.account_id, note.unit_id, peers)
    note.assigned_at = now if note.reviewer_id else None


def _peers(now: datetime) -> list[tuple[UUID, int]]:
    """Return the officers whose own posts let them look at records now, with their units."""
    held = Appointment.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now),
        since__lte=now,
        deputy_for__isnull=True,
        post__acts__contains=[LOOK],
        account__is_active=True,
        account__kind=Account.OFFICER,
    )
    return list(held.values_list("account_id", "unit_id"))


def _looking(by: Actor) -> Holding | None:
    verdict = may_look(by)
    if not verdict:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
    return verdict.holding
