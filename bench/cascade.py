"""A strike in the real database, whole: the answers of later violations, outcomes, notices, refund orders, ledger.

Beside it a full recompute of the same history: every violation of the vehicle answered anew with its reasons, and
every answer written, by the same statements. What was charged has been paid, so that a strike orders refunds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bench.table import Row, at_most, median, percentile

if TYPE_CHECKING:
    from minjing.kernel.identity.actor import Actor
    from minjing.modules.traffic.models import Violation

REPEATS = int(os.environ.get("REPEATS") or 40)
LATER = (1, 5, 20)  # violations after the one that is struck, a month from one to the next
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def run(say: Callable[[str], None]) -> list[Row]:
    """Strike the first of many histories of each length; the same of others by a full recompute, in turn."""
    import django

    django.setup()
    from django.conf import settings

    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.simulated"]
    rows = []
    for n, later in enumerate(LATER):
        rows += _measured(say, f"{later} recomputed", [_history(n, i, later) for i in range(2 * REPEATS)])
    rows += _measured(say, "one act in 21 photos", [_photos(i) for i in range(2 * REPEATS)])
    return rows


def _measured(say: Callable[[str], None], name: str, histories: Sequence[Violation]) -> list[Row]:
    from minjing.kernel.pay.models import Refund
    from minjing.modules.traffic.actions import penalties

    by, ours, full, changed, back = _officer(), [], [], [], []
    statements = _statements(lambda: penalties.strike(histories[0].pk, "made_way", {}, by=by, now=NOW))
    _recompute(histories[1], by)
    before = Refund.objects.count()
    for first, second in zip(histories[2::2], histories[3::2], strict=True):
        began = time.perf_counter()
        struck = penalties.strike(first.pk, "made_way", {"mission": "A7"}, by=by, now=NOW)
        ours.append((time.perf_counter() - began) * 1000)
        changed.append(len(struck.differences))
        back.append(sum(d["back_fen"] > 0 for d in struck.differences))
        began = time.perf_counter()
        _recompute(second, by)
        full.append((time.perf_counter() - began) * 1000)
    assert Refund.objects.count() - before >= sum(back), "a refund is missing"
    note = f"{len(ours)} strikes, {median(changed):.0f} violations came to another answer, {median(back):.0f} refunds"
    note += f", {statements} statements; p95 {percentile(ours, 0.95):.1f} ms; peer: the whole history anew"
    say(f"{name}: median {median(ours):.2f} ms, full {median(full):.2f} ms; {note}")
    return [at_most(f"a strike in the database, {name}", median(ours), 5, "ms", median(full), note)]


def _statements(work: Callable[[], object]) -> int:
    """Return how many statements something takes, beside begin and commit."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        work()
    said = [q["sql"] or "" for q in asked.captured_queries]  # of some that bind on the server the text is not kept
    return sum(not text.startswith(("BEGIN", "COMMIT")) for text in said)


def _recompute(struck: Violation, by: Actor) -> None:
    """Strike by answering the whole history anew: what one would do who does not know what depends on what."""
    from django.db import transaction

    from minjing.kernel.ledger import actions as ledger
    from minjing.modules.traffic import events
    from minjing.modules.traffic.actions import judging, money
    from minjing.modules.traffic.models import Violation
    from minjing.modules.traffic.queries import histories

    with transaction.atomic():
        judging.hold(struck)
        Violation.objects.filter(pk=struck.pk).update(state="struck", ground="made_way", checked=True)
        history = histories.history_of(struck, histories.judge_of(NOW))
        rows = [one.row for one in history]
        answers = histories.answers(rows, [row.pk for row in rows], NOW)
        fines = {row.pk: answers[row.pk].fine_fen for row in rows}
        settled = money.settle_down(fines, [pk for one in history for pk in one.charges], by=by, now=NOW)
        kept = [judging.Kept(row, answers[row.pk], "cascade") for row in rows]
        judging.keep(kept, now=NOW, caused_by=struck.pk, parts=settled.parts)
        back = {str(pk): fen for pk, fen in settled.back.items()}
        said = {"violation": struck.pk, "back": back, "by": by.account_id}
        ledger.append(ledger.entry(events.VIOLATION_STRUCK, said, at=NOW, org_id=1, subject_id=struck.person_id))


# ---- what is struck ------------------------------------------------------------------------------------


def _officer() -> Actor:
    from minjing.kernel.identity.actor import OFFICER, Actor, Holding

    holding = Holding("traffic_reviewer", 1, "1.", "bureau", 0, frozenset({"review_violations"}))
    return Actor(UUID(int=7), OFFICER, name="周警官", holdings=(holding,))


def _history(group: int, n: int, later: int) -> Violation:
    """Return the first of `later` + 1 red lights of a new driver, a month apart, paid where charged."""
    who, car = _driver(group, n)
    return _kept(who, car, [NOW - (30 * (later - at) + 10) * DAY for at in range(later + 1)])


def _photos(n: int) -> Violation:
    """Return the first of 21 photos of one act; all fall with it."""
    who, car = _driver(9, n)
    return _kept(who, car, [NOW - 30 * DAY + timedelta(seconds=at) for at in range(21)])


def _driver(group: int, n: int) -> tuple[Actor, Any]:
    """Make a driver with an account and a car known."""
    from minjing.base.idnumber import compose
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.identity import queries as people
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.modules.traffic.actions import registers

    number = compose("440304", date(1950 + group, 1, 5) + n * DAY, 701)
    person_id = identity.ensure_person(name="林建夫", id_number=number, now=NOW)
    account = identity.open_account(phone=f"1960{group:03d}{n:04d}", person_id=person_id, level=3, now=NOW)
    facts = {
        "org_id": 1, "plate": f"粤Z{group}{n:04d}", "plate_kind": "02", "colour": "white", "brand": "示范",
        "model": "EV-1", "body": "car", "energy": "petrol", "owner_person_id": person_id,
        "vin": f"LDEMZ{group:04d}{n:08d}", "inspected_until_date": date(2027, 6, 30),
        "made_date": date(2020, 1, 1), "registered_date": date(2020, 6, 1),
    }  # fmt: skip
    car = registers.register_vehicle(facts, by=SYSTEM, now=datetime(2020, 6, 1, tzinfo=UTC))
    return people.actor_of(account.pk, NOW), car


def _kept(who: Actor, car: Any, instants: Sequence[datetime]) -> Violation:
    """Publish red lights at these instants, decide and pay what a driver can; return the first."""
    from minjing.base.ids import new_id
    from minjing.modules.traffic.actions import judging
    from minjing.modules.traffic.models import Violation
    from minjing.modules.traffic.queries import histories

    rows = [
        Violation(
            id=new_id(), org_id=1, number=f"WF{new_id().int % 10**18:018d}", violated_at=at, recorded_at=at + DAY,
            conduct="SZP01", place="深南大道与彩田路口", vehicle_id=car.pk, plate=car.plate, plate_kind="02",
            person_id=who.person_id, checked=True, local=True, held_since_date=date(2020, 6, 1),
            state=Violation.PUBLISHED, published_at=at + 2 * DAY,
        )
        for at in instants
    ]  # fmt: skip
    Violation.objects.bulk_create(rows)
    answers = histories.answers(rows, [row.pk for row in rows], NOW)
    judging.keep([judging.Kept(row, answers[row.pk], "initial") for row in rows], now=NOW)
    for row in rows:
        if row.fine_fen and not row.suspension_months and (row.violated_at - rows[0].violated_at).days < 400:
            _paid(row, who)
    return rows[0]


def _paid(row: Violation, who: Actor) -> None:
    """Decide a violation and pay its fine, without asking whether its driver may: the points would soon be full."""
    from minjing.base.ids import new_id
    from minjing.modules.traffic.models import Charge, Decision, Violation

    due = date(2026, 12, 20)
    decision = Decision.objects.create(
        org_id=1, violation=row, number=f"JD{new_id().int % 10**18:018d}", person_id=who.person_id,
        account_id=who.account_id, kind="penalty", fine_fen=row.fine_fen, points=row.points, decided_at=NOW,
        decided_by=who.account_id, due_date=due,
    )  # fmt: skip
    charge = Charge.objects.create(org_id=1, decision=decision, seq=1, fen=row.fine_fen, due_date=due)
    Violation.objects.filter(pk=row.pk).update(state=Violation.DECIDED)
    _pay(charge.pk, who)


def _pay(charge_id: UUID, who: Actor) -> None:
    from minjing.kernel.pay.actions import attempts
    from minjing.kernel.pay.models import Attempt
    from minjing.kernel.pay.tests.simulated import HOUSE
    from minjing.modules.traffic.actions import money

    order = money.order_of(charge_id, by=who, now=NOW)
    HOUSE.at(NOW)
    attempt = attempts.begin(order.id, "wechat_h5", by=who, now=NOW, key=f"pay{order.id}")
    HOUSE.pay(attempt.number)
    later = NOW + timedelta(minutes=1)
    Attempt.objects.filter(pk=attempt.pk, next_at__isnull=False).update(next_at=later)
    HOUSE.at(later)
    attempts.ask(attempt.pk, now=later)
