"""The same step in many matters, each for itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Erased
from minjing.kernel.identity.sealing import seal_many
from minjing.kernel.matters import plugs, queries, store
from minjing.kernel.matters.actions.steps import act, beside, decided
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.rules import Ask, Snapshot
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.store import Planned

# Their words carry answers, or change them: each is read and written by itself.
CORRECTING = frozenset({"ask_correction", "approve_correction"})


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

    Steps that are one statement each go together, those of a kind in one statement; what is more than that, or did
    not go with the others, is taken by itself, and says for itself why it cannot be. The request of each follows from
    `request_id` and the matter, so that sending the page twice does nothing twice.
    """
    done = _moved_together(chosen, action, Ask(note.strip(), reason), by=by, now=now, request_id=request_id)
    results = []
    for matter_id, ver in chosen:
        if matter_id in done:
            results.append(Result(matter_id, done[matter_id], None))
            continue
        own = _request_of(matter_id, request_id)
        try:
            moved = act(matter_id, action, ver=ver, by=by, now=now, request_id=own, note=note, reason=reason)
            results.append(Result(matter_id, moved, None))
        except (MatterError, plugs.EffectRefused) as refused:
            results.append(Result(matter_id, None, refused.text))
        except Erased as erased:
            results.append(Result(matter_id, None, Text(**erased.text)))
    return results


def _request_of(matter_id: UUID, request_id: UUID) -> UUID:
    return UUID(int=request_id.int ^ matter_id.int)


def _moved_together(
    chosen: Sequence[tuple[UUID, int]], action: str, ask: Ask, *, by: Actor, now: datetime, request_id: UUID
) -> dict[UUID, Snapshot]:
    """Take the step where nothing stands against it and nothing else belongs to it; return those matters after it."""
    if not by.is_officer or action in CORRECTING:
        return {}
    seen = queries.by_id([matter_id for matter_id, _ in chosen], by)
    planned: dict[UUID, Planned] = {}
    for matter_id, ver in chosen:
        matter = seen.get(matter_id)
        if matter is None or matter.ver != ver:
            continue
        body, place = queries.body_of(matter), queries.place_of(matter.station_id)
        try:
            change = decided(matter, body, place, action, ask, by=by, now=now)
        except MatterError:  # said when it is taken by itself
            continue
        if not beside(change, body):
            planned[matter_id] = Planned(change, body, place, _request_of(matter_id, request_id))
    try:
        sealed = _sealed(planned.values(), ask)
    except Erased:  # one of the applicants: words about the others are sealed one by one
        return {}
    moved = store.write_many(sealed, by=by, calendar=queries.calendar(), now=now)
    return {matter_id: planned[matter_id].change.after for matter_id in moved}


def _sealed(planned: Collection[Planned], ask: Ask) -> list[Planned]:
    """Seal the officer's words once for each matter, under its applicant's key."""
    if not ask.note:
        return list(planned)
    words = store.note_json({"note": ask.note})
    notes = seal_many([(one.change.before.person_id, queries.NOTE_CONTEXT, words) for one in planned])
    return [replace(one, note=note) for one, note in zip(planned, notes, strict=True)]
