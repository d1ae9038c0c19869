"""A subject's history as the engine takes it, and the answers for it: rows in, records out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from minjing.base.clock import local_day
from minjing.modules.traffic import packs
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


def history_of(violation: Violation, judge: Judge) -> list[Violation]:
    """Return the subject's violations that bear on this one or on which it bears, itself among them, oldest first."""
    name, subject = subject_of(violation)
    if subject is None:
        return [violation]
    reach = judge.rules.reach_months * MONTH_MAX
    near = Q(violated_at__gt=violation.violated_at - 2 * reach, violated_at__lt=violation.violated_at + 2 * reach)
    rows = Violation.objects.filter(near, **{name: subject}).filter(Q(state__in=ESTABLISHED) | Q(pk=violation.pk))
    found = [row for row in rows if subject_of(row)[0] == name]
    return sorted(found, key=lambda row: (row.violated_at, row.number))


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
