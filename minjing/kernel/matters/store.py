"""Writing: a change or a submission as one SQL statement with everything that follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.base.workdays import WorkCalendar
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import Entry, promised
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.kernel.matters.rules import PAYING, Change, Place, Snapshot, moving_of
from minjing.kernel.matters.schema import Body
from minjing.kernel.matters.sql import composed, transition, transitions
from minjing.kernel.notify import actions as notify

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a statement carries sealed: the officer's words, answers when they change, and whom they are about."""

    note: bytes | None = None
    answers: bytes | None = None
    subject_index: bytes | None = None

    @property
    def columns(self) -> dict[str, bytes]:
        """Return the columns of the matter that are sealed anew."""
        found = {"answers_sealed": self.answers, "subject_index": self.subject_index}
        return {name: value for name, value in found.items() if value is not None}


def write(
    change: Change,
    body: Body,
    *,
    by: Actor,
    request_id: UUID,
    place: Place,
    calendar: WorkCalendar,
    now: datetime,
    sealed: Sealed = Sealed(),
) -> bool:
    """Write `change` in one statement; False when the matter had moved on or the request was done already.

    After False the transaction around it, if there is one, may be broken and must be undone.
    """
    before, after, moves = change.before, change.after, change.moves
    tasks, notices = tasks_of(body, change.tasks, place, calendar, now), told(body, after, change.tells)
    follows = {name: rows for name, rows in (("tasks", tasks), ("notices", notices)) if rows}
    entry = entry_of(change, by, now)
    columns = {**{name: _column(value) for name, value in moves.items()}, **sealed.columns}
    params = {
        **columns,
        **{name: Jsonb(rows) for name, rows in follows.items()},
        "id": before.id,
        "ver": before.ver,
        "seq": after.ver,
        "now": now,
        "request_id": request_id,
        "person_id": before.person_id,
        "action": change.action,
        "from_state": before.state,
        "to_state": after.state,
        "actor_kind": by.kind,
        "actor_id": by.account_id,
        "acting_post": change.post,
        "acting_unit": change.acting_unit,
        "note_sealed": sealed.note,
        "detail": Jsonb(change_detail(change, moves, by)),
        **_entry_params(entry),
    }
    if _row(transition(tuple(columns), frozenset(follows)), params) is None:
        return False
    promised(entry)
    return True


@dataclass(frozen=True, slots=True)
class Planned:
    """A change to be written with others, the request behind it, and the officer's words, sealed."""

    change: Change
    body: Body
    place: Place
    request_id: UUID
    note: bytes | None = None


Kind = tuple[tuple[str, ...], frozenset[str]]  # which columns change, and what follows


def write_many(planned: Iterable[Planned], *, by: Actor, calendar: WorkCalendar, now: datetime) -> set[UUID]:
    """Write changes by the same action, a statement for each kind of them; return the matters that moved.

    A matter that is no longer as the asker saw it is left out. Where the tables refuse one, as when its request was
    done before, nothing of its kind is written: whoever asks takes them one by one.
    """
    kinds: dict[Kind, list[tuple[Entry, dict[str, Any]]]] = {}
    for one in planned:
        kind, entry, row = _planned_row(one, by, calendar, now)
        kinds.setdefault(kind, []).append((entry, row))
    return {moved for kind, rows in kinds.items() for moved in _write_kind(kind, rows, by, now)}


def _planned_row(
    one: Planned, by: Actor, calendar: WorkCalendar, now: datetime
) -> tuple[Kind, Entry, dict[str, Any]]:
    """Return of what kind a change is, its ledger entry, and its row of transitions.sql."""
    change, moves, entry = one.change, one.change.moves, entry_of(one.change, by, now)
    tasks = tasks_of(one.body, change.tasks, one.place, calendar, now)
    notices = told(one.body, change.after, change.tells)
    follows = {name: rows for name, rows in (("tasks", tasks), ("notices", notices)) if rows}
    row = {
        "id": change.before.id,
        "ver": change.before.ver,
        "request_id": one.request_id,
        "from_state": change.before.state,
        "to_state": change.after.state,
        "post": change.post,
        "acting_unit": change.acting_unit,
        "note": one.note and one.note.hex(),
        "detail": change_detail(change, moves, by),
        "entry_id": entry.id,
        "salt": entry.salt.hex(),
        "payload": entry.payload.decode(),
        **follows,
    }
    return (tuple(moves), frozenset(follows)), entry, row


def _write_kind(kind: Kind, rows: Sequence[tuple[Entry, dict[str, Any]]], by: Actor, now: datetime) -> set[UUID]:
    one = rows[0][0]  # they are all of the same act and the same actor
    params = {
        "rows": Jsonb([row for _, row in rows]),
        "now": now,
        "action": one.kind.rpartition(":")[2],
        "actor_kind": by.kind,
        "actor_id": by.account_id,
        "entry_kind": one.kind,
        "entry_actor": one.actor_id,
    }
    try:
        with transaction.atomic(), prepared_cursor() as cursor:
            cursor.execute(transitions(*kind), params)
            moved = {pk for (pk,) in cursor.fetchall()}
            for entry, row in rows:
                if row["id"] in moved:
                    promised(entry)
    except IntegrityError:  # by one of them; taken by itself each says which
        return set()
    return moved


def _column(value: Any) -> Any:
    """Return a value of a snapshot as its column takes it: what is not a scalar is kept as JSON."""
    if isinstance(value, Mapping):
        return Jsonb(dict(value))
    return Jsonb(list(value)) if isinstance(value, (list, tuple)) else value


def _row(text: str, params: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Run a statement and return its row; None where nothing was written, also when the request is not new."""
    try:
        with prepared_cursor() as cursor:
            cursor.execute(text, params)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, UniqueViolation) and cause.diag.constraint_name == "matters_request_pkey":
            return None
        raise


# The columns of a new matter that are as its snapshot has them; the others begin empty, or are made in submit().
AS_SUBMITTED = (
    "id", "org_id", "procedure_id", "code", "unit_id", "station_id", "state", "post", "person_id", "account_id",
    "mandate_id", "due_at", "due_provisional", "yellow_at", "open_tasks", "paused_since", "pause_reason", "back_to",
    "received_at_unit",
)  # fmt: skip
_as_submitted = attrgetter(*AS_SUBMITTED)


def submit(
    matter: Snapshot,
    body: Body,
    *,
    by: Actor,
    prefix: str,
    subject_index: bytes,
    answers_sealed: bytes,
    draft_id: UUID | None,
    materials: Sequence[Mapping[str, Any]],
    request_id: UUID,
    place: Place,
    calendar: WorkCalendar,
    now: datetime,
    besides: Sequence[str] = (),
    acting_post: str = "",
) -> str | None:
    """Write a submission in one statement and return its number; None when it had been written before.

    None also where `materials` name a file that is not the applicant's own.

    `besides` are kinds of child tasks that this matter opens beside those of its first state. `by` is the applicant,
    or the officer who files for somebody at the counter, in the post `acting_post`.
    """
    entry = submitted_entry(matter, by, now)
    follows: dict[str, list[Any]] = {
        "materials": [dict(m) for m in materials],
        "tasks": tasks_of(body, [*body.flow.states[matter.state].tasks, *besides], place, calendar, now),
        "notices": told(body, matter, "to_pay" if matter.state == PAYING else "submitted"),
    }
    follows = {name: rows for name, rows in follows.items() if rows}
    params = {
        **dict(zip(AS_SUBMITTED, _as_submitted(matter), strict=True)),
        "year": now.astimezone(CHINA).year,
        "prefix": prefix,
        "subject_index": subject_index,
        "answers_sealed": answers_sealed,
        "acts": Jsonb(dict(matter.acts)),
        "actor_kind": by.kind,
        "actor_id": by.account_id,
        "acting_post": acting_post,
        "acting_unit": matter.received_at_unit,
        "detail": Jsonb(submitted_detail(matter, by)),
        "draft_id": draft_id,
        **{name: Jsonb(rows) for name, rows in follows.items()},
        "request_id": request_id,
        "now": now,
        **_entry_params(entry),
    }
    parts = {*follows, *(["draft"] if draft_id else []), *(["files"] if any(m["file_id"] for m in materials) else [])}
    row = _row(composed("submission", frozenset(parts)), params)
    if row is None:
        return None
    promised(entry)
    return str(row[0])


def submitted_detail(matter: Snapshot, by: Actor) -> dict[str, Any]:
    """Return what the first event of a matter keeps: all that may move later, as it is now."""
    return {"after": moving_of(matter), "version": str(matter.procedure_id), **_proved(by), **_for(matter, by)}


def change_detail(change: Change, moves: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """Return what the event of a transition keeps: what moved, and how sure the house was of who moved it."""
    return {**change.detail(moves), **_proved(by), **_for(change.before, by)}


def submitted_entry(matter: Snapshot, by: Actor, now: datetime, more: Mapping[str, Any] = NOTHING) -> Entry:
    """Return the ledger entry of a submission; `more` is said beside, in ids and instants."""
    return ledger_entry(
        "matters:matter:submitted",
        {**_said(matter, by), "procedure": str(matter.procedure_id), **more},
        at=now,
        org_id=matter.org_id,
        subject_id=matter.person_id,
    )


def entry_of(change: Change, by: Actor, now: datetime, more: Mapping[str, Any] = NOTHING) -> Entry:
    """Return the ledger entry of a transition: who did what to which matter, no names; `more` is said beside."""
    said: dict[str, Any] = {
        **more,
        **_said(change.after, by),
        "from": change.before.state,
        "post": change.post,
        "unit": change.acting_unit,
    }
    if change.ask.reason:
        said["reason"] = change.ask.reason
    return ledger_entry(
        f"matters:matter:{change.action}",
        said,
        at=now,
        org_id=change.before.org_id,
        subject_id=change.before.person_id,
    )


def _said(matter: Snapshot, by: Actor) -> dict[str, Any]:
    said = {"matter": matter.id, "seq": matter.ver, "to": matter.state, "by": by.account_id}
    return {**said, **_proved(by), **_for(matter, by)}


def _for(matter: Snapshot, by: Actor) -> dict[str, Any]:
    """Return for whom somebody else acts, and by which mandate."""
    if matter.mandate_id is None or by.account_id != matter.account_id:
        return {}
    return {"mandate": str(matter.mandate_id), "for": str(matter.person_id)}


def _proved(by: Actor) -> dict[str, Any]:
    """Return how sure the house was of the resident who acts: the level, and the check behind it (levels 3 and 4)."""
    return {"level": by.level, "evidence": str(by.evidence)} if by.evidence else {}


def _entry_params(entry: Entry) -> dict[str, Any]:
    return {
        "entry_id": entry.id,
        "entry_kind": entry.kind,
        "entry_actor": entry.actor_id,
        "salt": entry.salt,
        "payload": entry.payload,
    }


def told(body: Body, matter: Snapshot, key: str) -> list[dict[str, Any]]:
    """Return the notices to the applicant in each channel."""
    if not key:
        return []
    text = body.flow.notices[key]
    due = matter.due_at.astimezone(CHINA)
    words = {
        "zh": _filled(text.zh, body.service.title.zh, f"{due.year}年{due.month}月{due.day}日"),
        "en": _filled(text.en, body.service.title.en, f"{due.day} {due:%B} {due.year}"),
    }
    return notify.rows(template=key, text=words, matter_id=matter.id, seq=matter.ver)


def _filled(text: str, title: str, due: str) -> str:
    return text.replace("{title}", title).replace("{due}", due)


def tasks_of(
    body: Body, kinds: Sequence[str], place: Place, calendar: WorkCalendar, now: datetime
) -> list[dict[str, Any]]:
    """Return the rows of the child tasks `kinds`."""
    return [
        {
            "id": str(new_id()),
            "kind": kind,
            "unit_id": place.unit_at(body.flow.tasks[kind].level),
            "post": body.flow.tasks[kind].post,
            "due_at": calendar.due(now, body.flow.tasks[kind].days, "workday").isoformat(),
        }
        for kind in kinds
    ]


def note_json(words: Mapping[str, Any]) -> str:
    """Return an officer's words and proposals as they are sealed."""
    return json.dumps(words, ensure_ascii=False)
