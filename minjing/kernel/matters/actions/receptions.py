"""Somebody at a counter: received, filed for, handed over, and the hand-over's receipt (全城通)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actions.doors import parse_id_number, parse_name
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.errors import Wrong as WrongIdentity
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import city_wide, queries
from minjing.kernel.matters.actions.handing_over import took_over
from minjing.kernel.matters.actions.submitting import AtCounter, submit_at_counter
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import Reception
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text

COUNTER = "station_clerk"  # the post at a household counter
CARD, NUMBER = "card", "number"
# Why a number is typed in although a card would say more; the look and its reason stand in the ledger.
REASONS: Mapping[str, Text] = {
    "no_card": Text(zh="身份证遗失或未带，已核对照片和登记信息", en="No card here; photo and entries were compared"),
    "unreadable": Text(zh="身份证读不出来，已看原件", en="The card cannot be read; the original was seen"),
    "no_reader": Text(zh="本窗口没有读卡器，已看原件", en="This counter has no reader; the original was seen"),
    "child": Text(zh="未成年人没有身份证，由监护人到场", en="A child without a card; the guardian is here"),
}  # fmt: skip


def begin_reception(*, name: str, id_number: str, how: str, reason: str = "", by: Actor, now: datetime) -> Reception:
    """Receive somebody at a household counter; the look at who they are is on record, with its reason.

    Raises NotAllowed to whoever stands at no counter, Wrong for all at once that is missing or no name, number or
    reason, identity's refusals for a name that is not the number's, and TooMany after too many of these.
    """
    held = at_counter(by)
    wrong = _miswritten(name, id_number, now)
    if how not in (CARD, NUMBER) or (how == NUMBER and reason not in REASONS):
        wrong["reason"] = Text(zh="请选择为什么输入号码。", en="Say why the number is typed in.")
    if wrong:
        raise Wrong(wrong)
    applicant = identity.received_at_counter(name=name, id_number=id_number, by_card=how == CARD, by=by, now=now)
    assert applicant.person_id is not None
    identity.record_look(by, [applicant.person_id], ["name", "id_number"], reason="counter", now=now)
    with transaction.atomic():
        made = Reception.objects.create(
            id=new_id(),
            org_id=held.org_id,
            unit_id=held.unit_id,
            officer_id=by.account_id,
            person_id=applicant.person_id,
            account_id=applicant.account_id,
            how=how,
            reason="" if how == CARD else reason,
            begun_at=now,
        )
        said = {"reception": made.id, "by": by.account_id, "unit": held.unit_id, "how": how, "reason": made.reason}
        append(
            ledger_entry("matters:reception:begun", said, at=now, org_id=held.org_id, subject_id=applicant.person_id)
        )
    return made


def _miswritten(name: str, id_number: str, now: datetime) -> dict[str, Text]:
    """Return what is wrong with a name and a number as they are written, by the field."""
    wrong: dict[str, Text] = {}
    checks: Sequence[Callable[[], object]] = (lambda: parse_name(name), lambda: parse_id_number(id_number, now))
    for check in checks:
        try:
            check()
        except WrongIdentity as error:
            wrong[error.field] = Text(**error.text)
    return wrong


def at_counter(by: Actor) -> Holding:
    """Return the post by which an officer stands at a household counter. Raises NotAllowed."""
    held = next((h for h in by.holdings if h.post == COUNTER), None)
    if held is None:
        raise NotAllowed(
            "no_post", "这要户政窗口的岗位。", "This takes a post at a household counter.", needs=COUNTER
        )
    return held


@transaction.atomic
def file_at_counter(
    reception_id: UUID,
    code: str,
    answers: Mapping[str, Any],
    *,
    station_code: str,
    originals: Sequence[str] = (),
    by: Actor,
    now: datetime,
    request_id: UUID,
) -> Snapshot:
    """File a service for the person received, at whichever station is responsible; hand it over with its papers.

    Asked twice it files once. Raises Unknown for a reception that is not this officer's or is too old, NotAllowed
    for what this counter may not take in, Wrong with what is missing.
    """
    held = at_counter(by)
    row = Reception.objects.select_for_update().filter(id=reception_id, officer_id=by.account_id).first()
    if row is None:
        raise Unknown
    if row.matter_id is not None:
        return queries.matter(row.matter_id, by, now)
    if now - row.begun_at > queries.RECEPTION_OPEN_FOR:
        raise Unknown
    station = queries.station(station_code)
    if station is None:
        raise Wrong({"office": Text(zh="请选择负责的派出所。", en="Choose the responsible police station.")})
    if station.id != held.unit_id and not city_wide.is_city_wide(code):
        raise NotAllowed(
            "not_city_wide",
            "这一项不在全城通范围，只能在负责的派出所受理。",
            "Only the responsible station takes this in; it is not among the city-wide services.",
        )
    made = submit_at_counter(
        code,
        answers,
        applicant=Actor(row.account_id, "resident", row.person_id, level=3),
        responsible=station,
        counter=AtCounter(by, held.post, held.unit_id, row.id, frozenset(originals)),
        now=now,
        request_id=request_id,
    )
    _filed(row, made, [p for p in originals if p in _materials_of(made)], by, now)
    return made


def _materials_of(made: Snapshot) -> set[str]:
    return {spec.name for spec in queries.body_of(made).service.materials}


def _filed(row: Reception, made: Snapshot, papers: Sequence[str], by: Actor, now: datetime) -> None:
    row.code, row.matter_id, row.filed_at, row.station_id, row.papers = (
        made.code,
        made.id,
        now,
        made.station_id,
        list(papers),
    )
    if not made.is_received_elsewhere:  # nothing to hand over: the counter is the responsible one
        row.received_at, row.received_by = now, by.account_id
    row.save()
    said = {"reception": row.id, "matter": made.id, "by": by.account_id, "from": row.unit_id, "to": made.station_id}
    append(
        ledger_entry(
            "matters:reception:filed", {**said, "papers": list(papers)}, at=now, org_id=made.org_id,
            subject_id=made.person_id,
        )
    )  # fmt: skip


@transaction.atomic
def receive_handover(matter_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Give the responsible station's receipt for what another counter has taken in; False where none is wanted.

    Raises Unknown, NotAllowed.
    """
    matter = queries.matter(matter_id, by, now)
    if not any(h.unit_id == matter.station_id and h.post == COUNTER for h in by.holdings):
        raise NotAllowed(
            "not_responsible", "由负责的派出所接收。", "The responsible station receives it.", needs=COUNTER
        )
    return took_over(matter, by=by, now=now)
