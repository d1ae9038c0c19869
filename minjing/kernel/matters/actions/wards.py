"""The papers of a child, for who is its guardian: each opening is a look that stands in the ledger."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import queries
from minjing.kernel.matters.actions.filling_in import note_refused
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.queries import Card


def papers_of_ward(mandate_id: UUID, *, by: Actor, now: datetime) -> tuple[people.MandateRow, list[Card]]:
    """Return one's guardianship and what has been issued to the child, for as long as it holds. Raises Unknown."""
    ward = _ward(mandate_id, by, now)
    identity.record_acting(by, ward.giver_id, [queries.PAPER], mandate=ward.id, now=now)
    return ward, papers.of_person(ward.giver_id, now=now)


def record_ward_paper(mandate_id: UUID, paper_id: UUID, *, by: Actor, now: datetime) -> Card:
    """Write that the guardian opens a paper of the child, and return which one. Raises Unknown."""
    ward = _ward(mandate_id, by, now)
    found = next((card for card in papers.of_person(ward.giver_id, now=now) if card.id == paper_id), None)
    if found is None:
        raise Unknown
    what = [queries.PAPER]
    identity.record_acting(by, ward.giver_id, what, mandate=ward.id, matter_id=found.matter_id, now=now)
    return found


def _ward(mandate_id: UUID, by: Actor, now: datetime) -> people.MandateRow:
    found = next((row for row in people.wards(by, now) if row.id == mandate_id), None)
    if found is None:
        if any(row.id == mandate_id for row in people.mandates_taken(by, now)):  # whose guardian one was
            note_refused(by, "mandate_ended", now)
        raise Unknown
    return found
