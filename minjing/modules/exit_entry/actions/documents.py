"""The single steps on documents, each with its entry: decided, made, lost, cancelled, handed over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules import CARD
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.actions import Entry, append, entry
from minjing.kernel.matters.actions import require_level
from minjing.modules.exit_entry import errors, events, rules
from minjing.modules.exit_entry.models import Document, DocumentChange, DocumentNumber, NumberSeries
from minjing.modules.exit_entry.queries import NUMBER, NUMBER_INDEX
from minjing.modules.exit_entry.rules import Objection


@dataclass
class Act:
    """One act on documents: who, when, for which matter; it gathers the ledger entries until `write_down`."""

    by: Actor
    now: datetime
    matter_id: UUID | None = None
    entries: list[Entry] = field(default_factory=list)

    @property
    def day(self) -> date:
        """Return the day of the act."""
        return local_day(self.now)

    def note(self, event: str, org_id: int, person_id: UUID, /, **what: object) -> None:
        """Remember an entry: ids, kinds and days only."""
        payload = {**what, "day": self.day, "matter": self.matter_id, "by": self.by.account_id}
        self.entries.append(entry(event, payload, at=self.now, org_id=org_id, subject_id=person_id))

    def write_down(self) -> None:
        """Append what was gathered, in one statement."""
        append(*self.entries)
        self.entries = []


def held_of(document: Document) -> rules.Held:
    """Return a document as the rules see it."""
    return rules.Held(
        document.kind,
        document.state,
        document.issued_date,
        document.expires_date,
        document.electronic,
        document.fingers_on_file,
    )


def locked(person_id: UUID, kind: str) -> list[Document]:
    """Return a person's documents of a kind, newest first, locked: two decisions about them follow one another."""
    rows = Document.objects.select_for_update().filter(person_id=person_id, kind=kind)
    return list(rows.order_by("-issued_date", "-id"))


def issue(act: Act, person_id: UUID, kind: str, org_id: int, years: int, *, months: int = 0) -> Document:
    """Decide a document: it gets its number and period, and is valid from when it is made."""
    before = next((d for d in locked(person_id, kind) if d.state in (Document.VALID, Document.LOST)), None)
    number = rules.number(kind, NumberSeries.take(kind)[0])
    document = Document.objects.create(
        id=new_id(),
        org_id=org_id,
        person_id=person_id,
        kind=kind,
        number_sealed=seal(person_id, NUMBER, number),
        state=Document.BEING_MADE,
        state_at=act.now,
        issued_date=act.day,
        expires_date=rules.last_day(act.day, months or years * 12),
        replaces=before,
        matter_id=act.matter_id,
    )
    DocumentNumber.objects.create(number_index=blind_index(NUMBER_INDEX, number), document=document)
    _changed(act, document, Document.BEING_MADE, "issued", events.ISSUED)
    return document


def made(act: Act, document: Document) -> None:
    """Make a document valid; what it replaces is cancelled by the same act. Raises EffectRefused."""
    if document.state != Document.BEING_MADE:
        raise errors.refused(Objection("meanwhile"))
    for old in locked(document.person_id, document.kind):
        if old.id != document.id and old.state in (Document.VALID, Document.LOST):
            _move(act, old, Document.CANCELLED, "replaced", events.CANCELLED)
    _move(act, document, Document.VALID, "made", events.MADE)


def void_lost(act: Act, documents: Iterable[Document], reason: str) -> int:
    """Make documents void at once: lost or stolen (护照法 art. 16); return how many were still valid."""
    found = [document for document in documents if document.state == Document.VALID]
    for document in found:
        _move(act, document, Document.LOST, reason, events.LOST)
    return len(found)


@transaction.atomic
def report_loss(document_id: UUID, reason: str, *, by: Actor, now: datetime) -> bool:
    """Let the holder declare a document lost or stolen: void at once. False when it was not valid, or has run out.

    Nothing undoes it, so name and number are not enough: raises matters' NotAllowed below level 3.
    """
    require_level(by, CARD)
    if by.person_id is None or reason not in ("lost", "stolen"):
        return False
    document = Document.objects.select_for_update().filter(id=document_id, person_id=by.person_id).first()
    if document is None or held_of(document).state_on(local_day(now)) != Document.VALID:
        return False
    act = Act(by, now)
    done = void_lost(act, [document], reason)
    act.write_down()
    return bool(done)


def handed_over(act: Act, document: Document, how: str) -> None:
    """Write down that the holder has the document."""
    _changed(act, document, document.state, how, events.HANDED_OVER)


def _move(act: Act, document: Document, state: str, reason: str, event: str) -> None:
    document.state, document.state_at = state, act.now
    document.save(update_fields=["state", "state_at"])
    _changed(act, document, state, reason, event)


def _changed(act: Act, document: Document, state: str, reason: str, event: str) -> None:
    DocumentChange.objects.create(
        org_id=document.org_id,
        document=document,
        at=act.now,
        state=state,
        reason=reason,
        matter_id=act.matter_id,
        by=act.by.account_id,
    )
    act.note(event, document.org_id, document.person_id, document=document.id, kind=document.kind, reason=reason)
