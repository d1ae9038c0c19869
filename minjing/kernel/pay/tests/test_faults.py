"""Thousands of payments through a house that loses, repeats, delays and reorders, while we crash between any two
writes: in the end the books balance to the fen.

PAYMENTS sets how many (a sample in the usual run, 10,000 by `make faults`), FAULTS_SEED which ones.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.pay.actions import attempts, notifications, orders, refunds, statements, waivers
from minjing.kernel.pay.errors import PayError
from minjing.kernel.pay.models import Attempt, Capture, Difference, Order, Refund, Statement
from minjing.kernel.pay.providers import RefundTold, Unavailable
from minjing.kernel.pay.tests.conftest import HALF, NOW, PASSPORT, REMARK, City, fee, make_city
from minjing.kernel.pay.tests.simulated import HOUSE, House

PAYMENTS = int(os.environ.get("PAYMENTS", "120"))
SEED = int(os.environ.get("FAULTS_SEED", "20261127"))
WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE)", re.I)
AT_ONCE = 40  # payments on their way at the same time
LOST, CRASHES = 0.12, 0.10
# Differences that the faults themselves bring, and that an officer has to look into: a payer's wrong amount, and a
# message that named one. Everything else must have matched.
TO_LOOK_INTO = {"captured_amount", "notified_amount"}


class Crash(Exception):
    """The process dies here."""


class Storm:
    """The world in which the payments happen."""

    def __init__(self, city: City, random: Random) -> None:
        self.city, self.random, self.now = city, random, NOW
        self.letters: list[tuple[dict[str, str], bytes]] = []
        self.counts: dict[str, int] = {}
        HOUSE.trouble = self.trouble
        HOUSE.at(self.now)

    def trouble(self, when: str, what: str) -> None:
        """Lose the question or the answer."""
        if self.random.random() < LOST:
            self.count(f"lost {when} {what}")
            raise Unavailable("timeout")

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    @contextmanager
    def crashing(self) -> Iterator[None]:
        """Die before one of the next writes, now and then."""
        if not self.chance(CRASHES):
            yield
            return
        left = [self.random.randrange(1, 14)]

        def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            if WRITE.match(sql):
                left[0] -= 1
                if left[0] == 0:
                    raise Crash
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(wrapper):
                yield
        except Crash:
            self.count("crashed")

    def open(self) -> Order:
        items = self.random.choice([(PASSPORT,), (PASSPORT, REMARK)])
        let_off = (HALF,) if self.chance(0.2) else ()
        ends = self.now + timedelta(minutes=self.random.choice([25, 90, 2_880]))
        return fee(self.city, items=items, waivers=let_off, expires_at=ends, now=self.now)

    def step(self, order: Order) -> None:
        """Let one thing happen to one order, and time go on."""
        self.now += timedelta(seconds=self.random.choice([0, 1, 1, 2, 3, 5, 15]))
        HOUSE.at(self.now)
        happening = self.random.choices(
            [
                self.begin,
                self.pay,
                self.deliver,
                self.ask,
                self.send,
                self.withdraw,
                self.waive,
                self.back,
                self.expire,
            ],
            [20, 24, 20, 20, 10, 0.4, 0.6, 1, 2],
        )[0]
        with self.crashing():
            try:
                happening(order)
            except PayError as refused:
                self.count(f"refused {refused.key}")

    def begin(self, order: Order) -> None:
        channel = self.random.choice(["wechat_h5", "alipay_wap"])
        attempts.begin(order.id, channel, by=self.city.lin, now=self.now, key=str(new_id()))

    def pay(self, order: Order) -> None:
        """The payer pays what they were shown, seldom another amount; the house writes letters, or loses them."""
        numbers = [
            a.number for a in Attempt.objects.filter(order_id=order.id).order_by("seq") if a.number in HOUSE.trades
        ]
        if not numbers:
            return
        trade = HOUSE.trades[self.random.choice(numbers)]
        other = self.random.choice([1, trade.fen - 1, trade.fen + 1]) if self.chance(0.03) else None
        told = HOUSE.pay(trade.number, other)
        if told.state == "paid" and not self.chance(0.25):
            wrong = {"fen": 1} if self.chance(0.02) else {}
            for _ in range(self.random.choice([1, 1, 2, 5])):
                self.letters.append(HOUSE.letter(told, **wrong))

    def deliver(self, order: Order) -> None:
        """Any letter that is on its way arrives, in no order, and may arrive again."""
        if not self.letters:
            return
        place = self.random.randrange(len(self.letters))
        headers, body = self.letters[place]
        if self.chance(0.02):
            body = body.replace(b"paid", b"PAID")  # no longer what was signed
        answer = notifications.take_notification("wechat_h5", headers, body, address="x", now=self.now)
        if answer.status == 200 and not self.chance(0.2):
            self.letters.pop(place)

    def ask(self, order: Order) -> None:
        for attempt_id in Attempt.objects.filter(order_id=order.id, next_at__lte=self.now).values_list(
            "id", flat=True
        ):
            attempts.ask(attempt_id, now=self.now)

    def send(self, order: Order) -> None:
        HOUSE.refund_state = "pending" if self.chance(0.3) else "done"
        for refund in Refund.objects.filter(order_id=order.id, next_at__lte=self.now):
            refunds.send(refund.id, now=self.now)
            found = HOUSE.trades[refund.capture.attempt.number].back.get(refund.number)
            if found and found[1] == "done" and self.chance(0.5):
                told = RefundTold(refund.number, "done", found[0], f"R{refund.number[-8:]}", found[2])
                self.letters.append(HOUSE.letter(told))

    def withdraw(self, order: Order) -> None:
        refunds.refund_all(order.subject_id, by=self.city.lin, now=self.now)

    def waive(self, order: Order) -> None:
        wish = waivers.propose(order.id, 1_000, "困难。", by=self.city.chen, now=self.now, key=str(new_id()))
        waivers.decide(wish.id, self.chance(0.7), by=self.city.luo, now=self.now)

    def back(self, order: Order) -> None:
        fen = self.random.choice([500, 6_000, 12_000])
        wish = refunds.propose(order.id, fen, "多收。", by=self.city.chen, now=self.now, key=str(new_id()))
        refunds.decide(wish.id, self.chance(0.7), by=self.city.luo, now=self.now)

    def expire(self, order: Order) -> None:
        orders.expire(order.id, now=self.now)


def calm(storm: Storm) -> None:
    """The line is back: what is due is asked and sent until nothing is, as the jobs and the sweep do."""
    HOUSE.trouble = lambda when, what: None
    HOUSE.refund_state = "done"
    for _ in range(12):
        storm.now += timedelta(hours=13)
        HOUSE.at(storm.now)
        for waiver in storm_waivers():
            waivers.decide(waiver, False, by=storm.city.luo, now=storm.now)
        for refund_id in Refund.objects.filter(state="proposed").values_list("id", flat=True):
            refunds.decide(refund_id, False, by=storm.city.luo, now=storm.now)
        for attempt_id in Attempt.objects.filter(next_at__lte=storm.now).values_list("id", flat=True):
            attempts.ask(attempt_id, now=storm.now)
        for order_id in Order.objects.filter(state="open", expires_at__lte=storm.now).values_list("id", flat=True):
            orders.expire(order_id, now=storm.now)
        for refund_id in Refund.objects.filter(next_at__lte=storm.now).values_list("id", flat=True):
            refunds.send(refund_id, now=storm.now)


def storm_waivers() -> list[Any]:
    from minjing.kernel.pay.models import Waiver

    return list(Waiver.objects.filter(state="proposed").values_list("id", flat=True))


def reconcile(storm: Storm) -> None:
    """Read the bill of every day and match it."""
    day, last = local_day(NOW), local_day(storm.now)
    while day <= last:
        row = Statement.objects.create(house="simulated", day=day, next_at=storm.now)
        statements.read(row.id, now=storm.now)
        day += timedelta(days=1)
    for row in Statement.objects.order_by("day"):  # the later days explain the earlier ones
        statements.match(row.id, now=storm.now)


def fen(rows: Any) -> int:
    return int(rows.aggregate(fen=Sum("fen"))["fen"] or 0)


@pytest.mark.django_db(transaction=True)
def test_the_books_balance_to_the_fen_whatever_happens(house: House):
    storm = Storm(make_city(), Random(SEED))
    left = PAYMENTS
    alive: list[tuple[Order, int]] = []
    while left or alive:
        while left and len(alive) < AT_ONCE:
            alive.append((storm.open(), storm.random.randrange(6, 22)))
            left -= 1
        place = storm.random.randrange(len(alive))
        order, steps = alive.pop(place)
        storm.step(order)
        if steps > 1:
            alive.append((order, steps - 1))
    calm(storm)
    reconcile(storm)
    the_books_balance(storm)


def the_books_balance(storm: Storm) -> None:
    # Nothing is left in the air.
    assert not Attempt.objects.exclude(state__in=["closed", "captured"]).exists()
    assert not Refund.objects.exclude(state__in=["done", "failed", "rejected"]).exists()
    assert not Order.objects.filter(state="open").exists()
    # Every fen that the house took is in our books, once, and nothing else is.
    taken = {t.number: (t.taken_fen, t.gateway_no) for t in HOUSE.trades.values() if t.state == "paid"}
    ours = {c.attempt.number: (c.fen, c.gateway_no) for c in Capture.objects.select_related("attempt")}
    assert ours == taken
    # Of each order we keep what it owed and no fen more: nothing where it was not settled.
    for order in Order.objects.all():
        back = Refund.objects.filter(order_id=order.id, state="done")
        kept = fen(Capture.objects.filter(order_id=order.id)) - fen(back)
        wanted = 0
        if order.state == "settled":
            asked_back = fen(back.filter(cause__in=["officer", "withdrawn"]))
            wanted = order.due_fen - asked_back
        assert kept == wanted, (order.bill_no, order.state, kept, wanted)
    assert fen(Capture.objects.all()) - fen(Refund.objects.filter(state="done")) == HOUSE.kept_fen()
    # Each settlement happened once, and is on record.
    entries = Outbox.objects.filter(kind="pay:order:settled").count()
    assert entries == Order.objects.filter(state__in=["settled", "returned"]).count()
    # The bills agree with the books.
    assert set(Difference.objects.filter(state="open").values_list("kind", flat=True)) <= TO_LOOK_INTO
    for house_fen, our_fen in (
        (fen_of_bills("paid_fen"), fen(Capture.objects.all())),
        (fen_of_bills("refunded_fen"), fen(Refund.objects.filter(state="done"))),
    ):
        assert house_fen == our_fen
    # The storm was one.
    assert entries > PAYMENTS // 6
    assert storm.counts["crashed"] > PAYMENTS // 8
    for cause in ("double", "late", "wrong_amount") if PAYMENTS >= 1_000 else ():
        assert Refund.objects.filter(cause=cause).exists(), cause


def fen_of_bills(column: str) -> int:
    return int(Statement.objects.aggregate(fen=Sum(column))["fen"] or 0)
