"""The domain with the real channels and the local gateways over HTTP: signatures, notices, refunds, bills are real.

HTTP_PAYMENTS sets how many go through the storm.
"""

import os
import queue
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.pay import channels as registry
from minjing.kernel.pay.actions import attempts, notifications, refunds, statements
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.errors import PayError
from minjing.kernel.pay.models import Attempt, Capture, Difference, Order, Refund, Statement
from minjing.kernel.pay.providers.standin.unionpay import CUT_OFF_HOURS
from minjing.kernel.pay.providers.tests.conftest import (  # noqa: F401 - the gateways as fixtures
    CHANNELS,
    Browser,
    Gateway,
    Merchant,
    browser,
    channel,
    gateways,
    keys,
    merchant,
    running,
)
from minjing.kernel.pay.tests import over_http
from minjing.kernel.pay.tests.conftest import City, fee

pytestmark = pytest.mark.django_db
PAYMENTS = int(os.environ.get("HTTP_PAYMENTS", "12"))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def open_houses(house: Any, settings: Any, gateways: dict[str, Gateway], merchant: Merchant) -> Any:  # noqa: F811
    """Point the registry at the local gateways, and their notices at a receiver of ours."""
    over_http.BUILT[:] = [channel(name, gateways) for name in CHANNELS]
    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.over_http"]
    settings.PAY_NOTIFY_URL = merchant.url
    registry._built.cache_clear()
    yield gateways
    registry._built.cache_clear()


def order_of(city: City) -> Order:
    return fee(city, expires_at=now() + timedelta(days=1), now=now())


def begun(city: City, order: Order, name: str) -> Attempt:
    return attempts.begin(
        order.id, name, by=city.lin, now=now(), key=str(new_id()), payer="oLin", payer_ip="192.0.2.7"
    )


def due(row: Any) -> None:
    type(row).objects.filter(id=row.id, next_at__isnull=False).update(next_at=now() - timedelta(seconds=1))


def given_back(refund: Refund) -> str:
    for _ in range(50):
        due(refund)
        state = refunds.send(refund.id, now=now())
        if state not in ("due", "pending"):
            return state
    return state


def settled_on(house: str, at: datetime) -> date:
    """Return the day in whose statement a house puts what is paid now: UnionPay's day ends at 23:00."""
    cut_off = timedelta(hours=24 - CUT_OFF_HOURS) if house == "unionpay" else timedelta()
    return local_day(at + cut_off)


@pytest.mark.parametrize("name", CHANNELS)
def test_from_the_button_to_the_money_and_back(
    name: str,
    city: City,
    open_houses: dict[str, Gateway],
    merchant: Merchant,  # noqa: F811
    browser: Browser,  # noqa: F811
):
    way = channels()[name]
    gateway = open_houses[way.house]
    order = order_of(city)
    attempt = begun(city, order, name)
    pay_by_hand(attempt, gateway, browser)
    headers, body = merchant.next()
    answer = notifications.take_notification(name, headers, body, address="x", now=now())
    assert answer.status in (200, 204)
    capture = Capture.objects.get()
    assert (capture.fen, capture.source, Order.objects.get().state) == (12_000, "notification", "settled")
    (refund,) = refunds.refund_all(order.subject_id, by=city.lin, now=now())
    assert given_back(refund) == "done"
    assert Order.objects.get().state == "returned"
    gateway.tell(statements="now")
    row = Statement.objects.create(house=way.house, day=settled_on(way.house, now()), next_at=now())
    assert statements.read(row.id, now=now()) == "read"
    ours = Difference.objects.filter(number__in=[attempt.number, refund.number])
    assert [d.kind for d in ours] == []


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ("extra_refund_row", "refund_theirs_only"),
        ("drop_refund_row", "refund_ours_only"),
        ("bad_refund_total", "bad_file"),
    ],
)
def test_the_refund_bill_of_wechat_is_matched_by_itself(
    trouble: str,
    kind: str,
    city: City,
    open_houses: dict[str, Gateway],
    merchant: Merchant,  # noqa: F811
    browser: Browser,  # noqa: F811
):
    gateway, order = open_houses["wechat"], order_of(city)
    attempt = begun(city, order, "wechat_native")
    pay_by_hand(attempt, gateway, browser)
    notifications.take_notification("wechat_native", *merchant.next(), address="x", now=now())
    (refund,) = refunds.refund_all(order.subject_id, by=city.lin, now=now())
    assert given_back(refund) == "done"
    gateway.tell(statements="now")
    row = Statement.objects.create(house="wechat", day=local_day(now()), next_at=now())
    assert statements.read(row.id, now=now()) == "read"
    assert not Difference.objects.filter(number=refund.number).exists()
    before = set(Difference.objects.values_list("pk", flat=True))  # other tests' orders, which are not ours here
    gateway.tell(trouble=trouble)
    statements.read(row.id, now=now())
    new = Difference.objects.exclude(pk__in=before)
    assert [d.kind for d in new] == [kind]
    assert (kind == "refund_ours_only") == new.filter(number=refund.number).exists()


def pay_by_hand(attempt: Attempt, gateway: Gateway, browser: Browser) -> None:  # noqa: F811
    from minjing.kernel.pay.providers import Begun

    page = browser.open(Begun(**attempt.begun), gateway)
    browser.http.post(page.url, data={"act": "pay"})


TROUBLES: list[dict[str, Any]] = [
    {},
    {"trouble": "lose_notice"},
    {"trouble": "repeat_notice", "value": 3},
    {"trouble": "forge_notice"},
    {"trouble": "wrong_fen", "value": 5},
    {"trouble": "capture_fen", "value": 7},
    {"trouble": "lose_answer"},
    {"trouble": "down"},
]


def test_the_books_agree_with_the_gateways_after_trouble(
    city: City,
    open_houses: dict[str, Gateway],
    merchant: Merchant,  # noqa: F811
    browser: Browser,  # noqa: F811
):
    random = Random(20261127)
    for count in range(PAYMENTS):
        name = CHANNELS[count % len(CHANNELS)]
        gateway = open_houses[channels()[name].house]
        order = order_of(city)
        trouble = TROUBLES[count % len(TROUBLES)]
        if trouble:
            gateway.tell(times=1, **trouble)
        for _ in range(random.choice([1, 1, 2])):  # some pay twice
            one_payment(city, order, name, gateway, browser)
        gateway.tell(calm=True)
        hear(merchant)
    for attempt in Attempt.objects.filter(next_at__isnull=False):
        due(attempt)
        attempts.ask(attempt.id, now=now())
    for refund in Refund.objects.filter(next_at__isnull=False):
        given_back(refund)
    they_agree(open_houses)


def one_payment(city: City, order: Order, name: str, gateway: Gateway, browser: Browser) -> None:  # noqa: F811
    try:
        attempt = begun(city, order, name)
    except PayError:
        return  # the gateway was silent, or the order is paid by now
    pay_by_hand(attempt, gateway, browser)


def hear(merchant: Merchant) -> None:  # noqa: F811
    """Take what has arrived; answers are given, losses are the gateway's business."""
    while True:
        try:
            headers, body = merchant.next(0.3)
        except queue.Empty:
            return
        for name in ("wechat_h5", "alipay_wap", "unionpay"):
            if speaks(name, headers, body):
                notifications.take_notification(name, headers, body, address="x", now=now())


def speaks(name: str, headers: dict[str, str], body: bytes) -> bool:
    house = "wechat" if "wechatpay-signature" in headers else "unionpay" if b"merId=" in body else "alipay"
    return name.startswith(house)


def they_agree(gateways: dict[str, Gateway]) -> None:  # noqa: F811
    numbers = set(Attempt.objects.values_list("number", flat=True))
    for house, gateway in gateways.items():
        state = gateway.state()
        theirs = {t["no"]: t["paid_fen"] for t in state["trades"] if t["no"] in numbers and t["state"] == "paid"}
        ours = dict(Capture.objects.filter(house=house).values_list("attempt__number", "fen"))
        assert ours == theirs
        back = {r["no"]: r["fen"] for r in state["refunds"] if r["trade_no"] in numbers and r["state"] == "done"}
        assert dict(Refund.objects.filter(house=house, state="done").values_list("number", "fen")) == back
    for order in Order.objects.all():
        kept = sum(c.fen - c.refunding_fen for c in order.captures.all())
        assert kept == (order.due_fen if order.state == "settled" else 0)
