"""A subject's history as the engine takes it, and the answers for it: rows in, records out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS

from minjing.base.clock import local_day
from minjing.kernel.ledger.prepared import prepared_cursor
from minjing.modules.traffic import packs, sql
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.rules.penalties.evaluate import explained
from minjing.modules.traffic.rules.penalties.history import ordered, walk
from minjing.modules.traffic.rules.penalties.judge import Judge
from minjing.modules.traffic.rules.penalties.shapes import Answer, Record

MONTH_MAX = timedelta(days=31)
# What counts: an officer has established it. What nobody has reviewed yet weighs on nobody.
ESTABLISHED = (Violation.PUBLISHED, Violation.DECIDED, Violation.PAID, Violation.STRUCK)


def judge_of(now: datetime) -> Judge:
    """Return the rules in force as one knows them now."""
    return Judge(packs.in_force(), local_day(now))


def subject_of(violation: Violation) -> tuple[str, UUID | None]:
    """Return by whom a violation is counted: the vehicle, for those on foot the person."""
    on_foot = packs.conducts()[violation.conduct].on_foot if violation.conduct in packs.conducts() else False
    if on_foot or violation.vehicle_id is None:
        return "person_id", violation.person_id
    return "vehicle_id", violation.vehicle_id


@dataclass(frozen=True, slots=True)
class Found:
    """A violation of a history, without its evidence, and what hangs on it."""

    row: Violation
    owner_person_id: UUID | None  # of its vehicle, now
    strike_id: UUID | None
    decided: bool
    charges: Sequence[UUID]
    withheld_from: UUID | None  # whose licence is withheld for it


# As the statement returns them, which is the order of the model's own.
COLUMNS = (
    "id", "org_id", "number", "violated_at", "conduct", "city", "place", "vehicle_id", "person_id", "source",
    "checked", "accident", "act_id", "local", "held_since_date", "ground", "state", "published_at", "kind",
    "fine_fen", "points", "suspension_months",
)  # fmt: skip
_READ = frozenset(COLUMNS)
_NEAR = """v.{name} = %(subject)s AND v.violated_at > %(after)s AND v.violated_at < %(before)s
    AND (v.state = ANY(%(established)s) OR v.id = %(violation)s)"""
_ALONE = "v.id = %(violation)s"


def found(violation_id: UUID) -> Found | None:
    """Return one violation and what hangs on it; None where there is none."""
    with prepared_cursor() as cursor:
        cursor.execute(_statement(""), {"violation": violation_id})
        said = cursor.fetchone()
    return _found(said) if said else None


def history_of(violation: Violation, judge: Judge) -> list[Found]:
    """Return the subject's violations that bear on this one or on which it bears, itself among them, oldest first."""
    name, subject = subject_of(violation)
    asked: dict[str, object] = {"violation": violation.pk}
    if subject is not None:
        reach = 2 * judge.rules.reach_months * MONTH_MAX
        asked |= {"after": violation.violated_at - reach, "before": violation.violated_at + reach}
        asked |= {"subject": subject, "established": list(ESTABLISHED)}
    with prepared_cursor() as cursor:
        cursor.execute(_statement(name if subject else ""), asked)
        rows = [_found(said) for said in cursor.fetchall()]
    fits = [one for one in rows if subject is None or subject_of(one.row)[0] == name]
    return sorted(fits, key=lambda one: (one.row.violated_at, one.row.number))


@cache
def _statement(name: str) -> str:
    whose = _NEAR.format(name=name) if name else _ALONE
    return sql.read_once("subject_history.sql").replace("{subject}", whose)


def _found(said: tuple[Any, ...]) -> Found:
    row = Violation.from_db(DEFAULT_DB_ALIAS, _READ, said[: len(COLUMNS)])
    return Found(row, *said[len(COLUMNS) :])


def records(rows: Iterable[Violation]) -> list[Record]:
    """Return rows as the engine sees them; their key is their number."""
    return ordered([record(row) for row in rows])


def record(row: Violation) -> Record:
    """Return a row as the engine sees it."""
    return Record(
        key=row.number,
        at=row.violated_at,
        conduct=row.conduct,
        place=row.place,
        city=row.city,
        act=str(row.act_id) if row.act_id else "",
        source=row.source,
        # What was published has been looked at; rows of an earlier system say so by their state.
        checked=row.checked or row.state in ESTABLISHED,
        accident=row.accident,
        local=row.local,
        held_since=row.held_since_date,
        ground=row.ground,
    )


def answers(rows: Sequence[Violation], wanted: Iterable[UUID], now: datetime) -> dict[UUID, Answer]:
    """Return the answers for the wanted ones among one subject's rows, with reasons."""
    judge, keys = judge_of(now), {row.number: row.pk for row in rows}
    chosen = set(wanted)
    steps = walk(records(rows), judge)
    return {keys[s.record.key]: explained(s, judge) for s in steps if keys[s.record.key] in chosen}
