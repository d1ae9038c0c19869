"""Taking back a paper of a closed matter: it was issued in error, or the decision it rests on was revoked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.sealing import seal
from minjing.kernel.matters import queries, rules, store
from minjing.kernel.matters.actions.once import NotWritten, again_or_stale
from minjing.kernel.matters.errors import NotAllowed, Unknown
from minjing.kernel.matters.rules import Ask, Change, Snapshot
from minjing.kernel.matters.store import Sealed
from minjing.kernel.notify import actions as notify
from minjing.kernel.papers import actions as papers
from minjing.kernel.papers import queries as issued
from minjing.kernel.papers.errors import AlreadyRevoked
from minjing.kernel.papers.queries import Card
from minjing.kernel.papers.rules import REASONS

TAKE_BACK = "take_back_paper"


def take_back(
    matter_id: UUID, paper_id: UUID, *, ver: int, reason: str, note: str, by: Actor, now: datetime, request_id: UUID
) -> Snapshot:
    """Revoke a paper of a closed matter and return the matter as it is then; its holder and the applicant are told.

    `reason` is one of papers.rules.TAKEN_BACK; `note` says why, for officers. The register stays as it is. `ver` and
    `request_id` are as in `act`. Raises Unknown, NotAllowed, Wrong, Stale.
    """
    matter = queries.matter(matter_id, by, now)
    card = next((card for card in issued.of_matter(matter.id, now=now) if card.id == paper_id), None)
    if card is None:
        raise Unknown
    if matter.ver != ver:
        return again_or_stale(matter, TAKE_BACK, by, request_id)
    change = _decided(matter, card, Ask(note.strip(), reason), by)
    try:
        with transaction.atomic():
            _write(change, card, by=by, now=now, request_id=request_id)
    except NotWritten:
        return again_or_stale(queries.matter(matter.id, by, now), TAKE_BACK, by, request_id)
    except AlreadyRevoked as gone:  # a new one has replaced it meanwhile, which moves another matter
        raise NotAllowed(gone.key, gone.text["zh"], gone.text["en"]) from None
    return change.after


def _decided(matter: Snapshot, card: Card, ask: Ask, by: Actor) -> Change:
    body, place = queries.body_of(matter), queries.place_of(matter.station_id)
    post, unit_id = rules.permit_taking_back(body, matter, card.issued_by, by=by, place=place)
    rules.check_taking_back(ask)
    acts = rules.acted(matter.acts, TAKE_BACK, by, post, unit_id)
    return Change(TAKE_BACK, matter, matter.but(ver=matter.ver + 1, acts=acts), post, unit_id, ask)


def _write(change: Change, card: Card, *, by: Actor, now: datetime, request_id: UUID) -> None:
    matter, body = change.before, queries.body_of(change.before)
    note = seal(matter.person_id, queries.NOTE_CONTEXT, store.note_json({"note": change.ask.note}))
    written = store.write(
        change,
        body,
        by=by,
        request_id=request_id,
        place=queries.place_of(matter.station_id),
        calendar=queries.calendar(),
        now=now,
        sealed=Sealed(note),
    )
    if not written:
        raise NotWritten
    papers.revoke(card.id, reason=change.ask.reason, by=by, now=now)
    said = {
        "title": card.title,
        "number": card.number,
        "reason": REASONS[change.ask.reason],
        "object": body.flow.how_to_object.model_dump(),
    }
    holder, about = identity.account_of_person(card.holder_id), f"{TAKE_BACK}:{card.id}"
    for account in {matter.account_id, holder or matter.account_id}:
        notify.tell(account, "paper_taken_back", said, dedupe=about, now=now, matter_id=matter.id)
