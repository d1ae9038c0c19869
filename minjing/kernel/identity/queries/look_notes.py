"""Reading what was asked about looks: one's own notes, those to review, those for the supervisor, and the recheck."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from minjing.kernel.identity import reasons
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import LookNote
from minjing.kernel.identity.queries.accounts import require
from minjing.kernel.identity.queries.looks import LOOKED, SCANNED, Look, look_key, looks_by_entry
from minjing.kernel.identity.rules import drawn
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.prepared import prepared_cursor

NOTES_WAITING = """
SELECT (SELECT count(*) FROM identity_looknote WHERE account_id = %(me)s AND answered_at IS NULL),
    (SELECT count(*) FROM identity_looknote
        WHERE reviewer_id = %(me)s AND answered_at IS NOT NULL AND reviewed_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A drawn look as it is listed: whose, when, why, what; never whom it was at."""

    id: UUID
    look: Look | None  # None where the person was erased: nothing is left to say
    asked_at: datetime
    due_at: datetime
    overdue: bool
    answered_at: datetime | None
    verdict: str
    officer: str
    police_number: str


def my_notes(by: Actor, now: datetime) -> list[NoteRow]:
    """Return the looks that one is asked about and has not answered, the most urgent first."""
    return _rows(LookNote.objects.filter(account_id=by.account_id, answered_at__isnull=True).order_by("due_at"), now)


def my_answered(by: Actor, now: datetime, limit: int = 20) -> list[NoteRow]:
    """Return what one has answered, the latest first, with what the peer said."""
    rows = LookNote.objects.filter(account_id=by.account_id, answered_at__isnull=False).order_by("-answered_at")
    return _rows(rows[:limit], now)


def notes_to_review(by: Actor, now: datetime) -> list[NoteRow]:
    """Return the notes that the lot has given one to review, oldest first."""
    rows = LookNote.objects.filter(reviewer_id=by.account_id, answered_at__isnull=False, reviewed_at__isnull=True)
    return _rows(rows.order_by("assigned_at"), now)


def notes_for_supervisor(by: Actor, now: datetime, limit: int = 100) -> list[NoteRow]:
    """Return the notes of one's units that are overdue, unclear or do not fit, and that nobody has taken up yet."""
    require(by, "supervise")
    mine = [Q(unit__path__startswith=h.unit_path) for h in by.holdings if "supervise" in h.acts]
    wanted = Q(answered_at__isnull=True, due_at__lt=now) | Q(verdict__in=(LookNote.DOES_NOT_FIT, LookNote.UNCLEAR))
    rows = LookNote.objects.filter(reduce(or_, mine), wanted, settled_at__isnull=True)
    return _rows(rows.exclude(account_id=by.account_id).order_by("due_at")[:limit], now)


def notes_waiting(by: Actor) -> tuple[int, int]:
    """Return how many notes one owes, and how many one has to review: for the rail, by one statement."""
    with prepared_cursor() as cursor:
        cursor.execute(NOTES_WAITING, {"me": by.account_id})
        owed, to_review = cursor.fetchone()
    return owed, to_review


def _rows(notes: QuerySet[LookNote], now: datetime) -> list[NoteRow]:
    found = list(notes.select_related("account"))
    looks = looks_by_entry(note.entry_id for note in found)
    return [
        NoteRow(
            note.pk,
            looks.get(note.entry_id),
            note.asked_at,
            note.due_at,
            note.answered_at is None and note.due_at < now,
            note.answered_at,
            note.verdict,
            note.account.display_name,
            note.account.police_number,
        )
        for note in found
    ]


@dataclass(frozen=True, slots=True)
class Recheck:
    """Whether everybody was asked whom the lot had drawn, and nobody else: entries by id."""

    looks: int
    drawn: int
    not_asked: tuple[UUID, ...]
    asked_undrawn: tuple[UUID, ...]


def recheck_lot(by: Actor, *, since: datetime, until: datetime) -> Recheck:
    """Draw the lot again over the looks of a span of time, as the audit administrator, and compare."""
    require(by, "audit")
    lot, key = reasons.lot(), look_key()
    asked = set(LookNote.objects.filter(asked_at__gte=since, asked_at__lt=until).values_list("entry_id", flat=True))
    looks, hit = 0, set()
    for entry_id, bound in _officers_looks(since, until):
        looks += 1
        if drawn(key, entry_id, lot.bound_one_in if bound else lot.unbound_one_in):
            hit.add(entry_id)
    return Recheck(looks, len(hit), tuple(sorted(hit - asked)), tuple(sorted(asked - hit)))


def _officers_looks(since: datetime, until: datetime) -> Iterable[tuple[UUID, bool]]:
    before: datetime | None = None
    while True:
        page = ledger.search(kinds=[LOOKED], since=since, until=until, before=before, limit=SCANNED)
        for entry in page:
            said = entry.payload
            if said and said["unit"] is not None and said["reason"] not in reasons.assigned():
                yield entry.id, said["bound"]
        if len(page) < SCANNED:
            return
        before = page[-1].at
