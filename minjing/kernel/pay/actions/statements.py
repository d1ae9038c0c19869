"""The daily bills of the houses: read, matched both ways, closed by an officer when every difference is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import islice
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from minjing.base.clock import CHINA, local_day
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.pay import jobs
from minjing.kernel.pay.actions import attempts, refunds
from minjing.kernel.pay.actions.differences import close_matched, open_difference
from minjing.kernel.pay.channels import channels, houses, of_house
from minjing.kernel.pay.errors import NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.pay.models import Attempt, Difference, Refund, Statement, StatementLine
from minjing.kernel.pay.providers import NotReady, StatementRow, Unavailable
from minjing.kernel.pay.rights import CLOSE_DAY, require
from minjing.kernel.pay.rules.states import UNFINISHED_REFUNDS
from minjing.kernel.pay.sql import statement as sql

# The houses have their bills ready by ten in the morning; a little later everybody's are.
READY_AT = time(10, 10)
AGAIN = timedelta(minutes=30)
LOOK_BACK_DAYS = 7
BATCH = 1_000


def expect(now: datetime) -> int:
    """Have the bills of the last days read that have not been yet; return how many are new.

    No entry of its own: a wish for a file, not an act; its reading is on record.
    """
    today = local_day(now)
    wanted = [
        Statement(
            id=new_id(), house=house, day=day, next_at=datetime.combine(day + timedelta(days=1), READY_AT, CHINA)
        )
        for house in houses()
        for day in (today - timedelta(days=n) for n in range(1, LOOK_BACK_DAYS + 1))
    ]
    known = set(Statement.objects.filter(day__gte=today - timedelta(days=LOOK_BACK_DAYS)).values_list("house", "day"))
    new = [s for s in wanted if (s.house, s.day) not in known]
    Statement.objects.bulk_create(new, ignore_conflicts=True)
    due = Statement.objects.filter(state="awaited", next_at__lte=now)
    jobs.enqueue(jobs.STATEMENT, list(due.order_by("day").values_list("id", flat=True)))
    return len(new)


def read(statement_id: UUID, *, now: datetime) -> str:
    """Read the bill of a day and match it both ways; return the statement's state. Safe to repeat until closed."""
    row = Statement.objects.filter(id=statement_id).first()
    if row is None or row.state == "closed":
        return row.state if row else ""
    try:
        with transaction.atomic():
            _store(row, of_house(row.house).statement(row.day), now)
    except NotReady:
        return _put_off(row, "not_ready", now)
    except Unavailable as trouble:
        return _put_off(row, trouble.fault, now)
    except (ValueError, KeyError) as wrong:
        open_difference(
            house=row.house, day=row.day, kind="bad_file", number=str(row.day), note=str(wrong)[:200], now=now
        )
        return _put_off(row, "bad_file", now)
    _learn(row, now)
    match(row.id, now=now)
    return "read"


def _store(row: Statement, lines: Iterable[StatementRow], now: datetime) -> None:
    """Keep the rows of the file as they are, in place of those of an earlier reading."""
    StatementLine.objects.filter(statement_id=row.id).delete()
    row.lines = row.paid_fen = row.refunded_fen = row.charge_fen = 0
    source = iter(lines)
    while part := list(islice(source, BATCH)):
        StatementLine.objects.bulk_create(
            StatementLine(
                id=new_id(), statement_id=row.id, house=row.house, line=row.lines + n, kind=said.kind,
                number=said.number[:40], gateway_no=said.gateway_no[:64], fen=said.fen, charge_fen=said.charge_fen,
                at=said.at,
            )
            for n, said in enumerate(part, 1)
        )  # fmt: skip
        row.lines += len(part)
        row.paid_fen += sum(said.fen for said in part if said.kind == "paid")
        row.refunded_fen += sum(said.fen for said in part if said.kind == "refunded")
        row.charge_fen += sum(said.charge_fen for said in part)
    row.state, row.read_at, row.next_at, row.fault = "read", now, None, ""
    row.save()
    said = {
        "house": row.house, "day": row.day, "lines": row.lines, "paid_fen": row.paid_fen,
        "refunded_fen": row.refunded_fen, "charge_fen": row.charge_fen,
    }  # fmt: skip
    ledger.append(ledger.entry("pay:statement:read", said, at=now))


def _put_off(row: Statement, fault: str, now: datetime) -> str:
    waiting = Statement.objects.filter(id=row.id, state="awaited")
    waiting.update(next_at=now + AGAIN, fault=fault[:60], asked=row.asked + 1)
    return row.state


def _learn(row: Statement, now: datetime) -> None:
    """Ask about what the bill has and our books have not: the answer, not the bill, is what is recorded."""
    lines = StatementLine.objects.filter(statement_id=row.id)
    paid = list(lines.filter(kind="paid").values_list("number", flat=True))
    missing = Attempt.objects.filter(number__in=paid, capture__isnull=True, house=row.house).select_related("order")
    found = 0
    for attempt in missing:
        try:
            told = channels()[attempt.channel].ask(attempts.wire_of(attempt))
        except (Unavailable, KeyError):
            continue
        found += attempts.take(attempt.id, told, source="statement", now=now) == "captured"
    Statement.objects.filter(id=row.id).update(found=found)
    returned = list(lines.filter(kind="refunded").values_list("number", flat=True))
    for refund_id in Refund.objects.filter(number__in=returned, state__in=UNFINISHED_REFUNDS).values_list(
        "id", flat=True
    ):
        Refund.objects.filter(id=refund_id, state__in=UNFINISHED_REFUNDS).update(next_at=now)
        refunds.send(refund_id, now=now)


@transaction.atomic
def match(statement_id: UUID, *, now: datetime) -> int:
    """Match a bill that was read both ways; open what does not fit, close what now does. Return how many are open."""
    row = Statement.objects.select_for_update().get(id=statement_id)
    with connection.cursor() as cursor:
        cursor.execute(sql("matching"), {"statement": row.id, "house": row.house, "day": row.day})
        found = cursor.fetchall()
    for kind, number, gateway_no, our_fen, their_fen, order_id in found:
        open_difference(
            house=row.house, day=row.day, kind=kind, number=number, gateway_no=gateway_no or "", our_fen=our_fen,
            their_fen=their_fen, order_id=order_id, now=now,
        )  # fmt: skip
    _close_explained(row, now)
    return Difference.objects.filter(house=row.house, day=row.day, state="open").count()


def _close_explained(row: Statement, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql("explained"), {"house": row.house})
        ids = [found for (found,) in cursor.fetchall()]
    for difference in Difference.objects.select_for_update().filter(id__in=ids, state="open").order_by("id"):
        close_matched(difference, now=now)


@transaction.atomic
def close_day(house: str, day: date, *, by: Actor, now: datetime) -> None:
    """Close a day of a house: its bill is read, every difference is closed, and by somebody else.

    Raises NotAllowed, Stale, Unknown, Wrong.
    """
    require(by, CLOSE_DAY)
    row = Statement.objects.select_for_update().filter(house=house, day=day).first()
    if row is None:
        raise Unknown
    if row.state == "closed":
        raise Stale
    if row.state != "read":
        raise Wrong("day", "当日账单还没有读入，不能日结。", "The bill of that day has not been read yet.")
    of_day = Difference.objects.filter(house=house, day=day)
    left = of_day.filter(state="open").count()
    if left:
        raise Wrong(
            "day",
            f"还有 {left} 项差错没有处理，不能日结。",
            f"{left} difference{'' if left == 1 else 's'} of that day still open.",
        )
    if of_day.filter(Q(closed_by=by.account_id)).exists():
        raise NotAllowed(
            "same_person",
            "您处理过当日差错，须由另一名民警日结。",
            "You closed a difference of that day; another person must close the day.",
            CLOSE_DAY,
        )
    row.state, row.closed_by, row.closed_at = "closed", by.account_id, now
    row.save(update_fields=["state", "closed_by", "closed_at"])
    said = {
        "house": house, "day": day, "lines": row.lines, "paid_fen": row.paid_fen, "refunded_fen": row.refunded_fen,
        "by": by.account_id,
    }  # fmt: skip
    ledger.append(ledger.entry("pay:day:closed", said, at=now))
