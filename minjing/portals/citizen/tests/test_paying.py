"""The pages of paying: what is due, the way to the gateway, waiting for certainty, the receipt."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import LIN, STRANGER
from minjing.kernel.notify import arrivals
from minjing.kernel.pay.actions import attempts, orders, refunds
from minjing.kernel.pay.models import Attempt, Difference, Order, Refund
from minjing.kernel.pay.rules.amounts import Item
from minjing.kernel.pay.tests.conftest import house  # noqa: F401 - the house in memory
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.portals.citizen import ways

pytestmark = pytest.mark.django_db
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36"


@pytest.fixture
def order(city: None, house: Any) -> Order:  # noqa: F811 - the fixtures
    now = clock.now()
    HOUSE.at(now)
    return orders.open_order(
        subject=new_id(), subject_number="CR02260000001", title={"zh": "普通护照换发", "en": "Passport renewal"},
        account_id=LIN.account_id, person_id=LIN.person_id, org_id=0, unit_id=1,
        items=[Item("passport", {"zh": "普通护照工本费", "en": "Passport fee"}, 12_000)],
        by=LIN, now=now,
    )  # fmt: skip


def begun(browser: Any, order: Order, channel: str = "wechat_h5", key: str = "k1") -> Any:
    return browser.post(f"/pay/{order.id}/begin/", {"channel": channel, "key": key})


def test_the_page_says_what_is_due_and_offers_the_ways_of_this_device(order: Order):
    browser = signed_in(LIN)
    page = browser.get(f"/pay/{order.id}/", HTTP_USER_AGENT=PHONE).content.decode()
    assert "¥120.00" in page
    assert "普通护照工本费" in page
    assert page.index('value="wechat_h5"') < page.index('value="alipay_wap"')
    english = signed_in(LIN, "en").get(f"/pay/{order.id}/").content.decode()
    assert "Choose how to pay" in english


def test_inside_wechat_it_is_asked_once_whose_it_is_and_that_one_pays(
    order: Order,
    house: Any,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(ways, "channels", lambda: {"wechat_jsapi": SimpleNamespace(house="wechat")})
    browser, page, agent = signed_in(LIN), f"/pay/{order.id}/", f"{PHONE} MicroMessenger/8.0.49"
    asked = browser.get(page, HTTP_USER_AGENT=agent)
    assert (asked.status_code, asked["Location"]) == (302, f"/door/wechat?for=pay&next=%2Fpay%2F{order.id}%2F")
    # WeChat did not say: the page stands all the same, with the way to ask again.
    unsaid = browser.get(page, HTTP_USER_AGENT=agent).content.decode()
    assert 'href="/door/wechat?for=pay' in unsaid
    assert 'value="wechat_jsapi"' not in unsaid
    session = browser.session
    session[arrivals.HERE] = arrivals.conceal("wechat", "oDaughter")
    session.save()
    assert 'value="wechat_jsapi"' in browser.get(page, HTTP_USER_AGENT=agent).content.decode()
    with monkeypatch.context() as watched:
        paying: list[str] = []
        watched.setattr(attempts, "begin", lambda *a, payer, **k: paying.append(payer) or SimpleNamespace(number="1"))
        browser.post(f"{page}begin/", {"channel": "wechat_jsapi", "key": "k"}, HTTP_USER_AGENT=agent)
    assert paying == ["oDaughter"]


def test_from_the_button_to_the_gateway_and_back_to_the_receipt(order: Order):
    browser = signed_in(LIN)
    answer = begun(browser, order)
    attempt = Attempt.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/pay/go/{attempt.number}/")
    assert f"https://pay.example/{attempt.number}" in browser.get(answer["Location"]).content.decode()
    HOUSE.pay(attempt.number)
    answer = browser.get(f"/pay/back/{attempt.number}/")
    assert answer["Location"] == f"/pay/wait/{attempt.number}/"
    waiting = browser.get(answer["Location"]).content.decode()
    assert "还没有告诉我们结果" in waiting
    assert attempts.ask(attempt.id, now=clock.now()) == "captured"
    assert browser.get(answer["Location"])["Location"] == f"/pay/{order.id}/"
    page = browser.get(f"/pay/{order.id}/").content.decode()
    assert "已缴清" in page
    receipt = browser.get(f"/pay/{order.id}/receipt.pdf")
    assert receipt.content.startswith(b"%PDF")
    again = browser.get(f"/pay/{order.id}/receipt.pdf")
    assert again.content == receipt.content
    assert "普通护照换发" in browser.get("/pay/").content.decode()


def test_coming_back_proves_nothing(order: Order):
    browser = signed_in(LIN)
    begun(browser, order)
    attempt = Attempt.objects.get()
    browser.post(f"/pay/back/{attempt.number}/", {"respCode": "00", "txnAmt": "12000"})
    attempts.ask(attempt.id, now=clock.now())
    assert Order.objects.get().state == "open"


def test_a_way_that_does_not_work_leaves_the_others(order: Order):
    from minjing.kernel.pay.providers import Refused

    def refuse(when: str, what: str) -> None:
        raise Refused("closed")

    HOUSE.trouble = refuse
    answer = begun(signed_in(LIN), order)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "没有扣款" in page
    assert 'value="alipay_wap"' in page


def test_a_closed_attempt_is_said_to_be_closed(order: Order):
    browser = signed_in(LIN)
    begun(browser, order)
    attempt = Attempt.objects.get()
    late = clock.now() + timedelta(hours=1)
    attempts.came_back(attempt.number, now=late - timedelta(minutes=1))
    assert attempts.ask(attempt.id, now=late) == "closed"
    assert "已确认没有扣款" in browser.get(f"/pay/wait/{attempt.number}/").content.decode()


def test_a_refund_is_shown_with_its_state(order: Order):
    browser = signed_in(LIN)
    begun(browser, order)
    attempt = Attempt.objects.get()
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())
    refunds.refund_all(order.subject_id, by=LIN, now=clock.now())
    assert "正在办理退款" in browser.get(f"/pay/{order.id}/").content.decode()
    refunds.send(Refund.objects.get().id, now=clock.now())
    page = browser.get(f"/pay/{order.id}/").content.decode()
    assert "已退回" in page
    assert "申请已撤回" in page


@pytest.mark.parametrize(
    "address", ["/pay/{order}/", "/pay/{order}/receipt.pdf", "/pay/go/{number}/", "/pay/wait/{number}/"]
)
def test_a_stranger_finds_nothing(order: Order, address: str):
    begun(signed_in(LIN), order)
    goal = address.format(order=order.id, number=Attempt.objects.get().number)
    assert signed_in(STRANGER).get(goal).status_code == 404


# ---- what gateways send, and others in their name -------------------------------------------------------------


def notified(browser: Any, headers: dict[str, str], body: bytes, channel: str = "wechat_h5") -> Any:
    more = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return browser.post(f"/pay/notify/{channel}", body, content_type="application/json", **more)


@pytest.fixture
def paid(order: Order, client: Any) -> tuple[Any, Any]:
    begun(signed_in(LIN), order)
    return client, HOUSE.pay(Attempt.objects.get().number)


def entries() -> list[str]:
    return list(Outbox.objects.filter(kind__startswith="pay:not").order_by("id").values_list("kind", flat=True))


def test_a_notification_settles_the_order_and_is_thanked_for(paid: Any):
    client, told = paid
    answer = notified(client, *HOUSE.letter(told))
    assert (answer.status_code, answer.content) == (200, b"success")
    assert Order.objects.get().state == "settled"
    assert entries() == ["pay:notification:taken"]


def test_a_notification_repeated_changes_nothing_and_is_thanked_for_again(paid: Any):
    client, told = paid
    letter = HOUSE.letter(told)
    answers = [notified(client, *letter) for _ in range(3)]
    assert [a.content for a in answers] == [b"success"] * 3
    assert entries() == ["pay:notification:taken"] + ["pay:notification:repeated"] * 2
    assert not Refund.objects.exists()


@pytest.mark.parametrize("trick", ["forged", "other_merchant", "other_amount", "other_number"])
def test_what_should_not_be_believed_changes_nothing_and_stands_in_the_ledger(paid: Any, trick: str):
    client, told = paid
    headers, body = {
        "forged": lambda: ({"X-Signature": "0" * 64}, HOUSE.letter(told)[1]),
        "other_merchant": lambda: HOUSE.letter(told, merchant="somebody"),
        "other_amount": lambda: HOUSE.letter(told, fen=1),
        "other_number": lambda: HOUSE.letter(told, number="44030026999999990101ABCDEFGH"),
    }[trick]()
    answer = notified(client, headers, body)
    assert answer.content == (b"success" if trick == "other_number" else b"fail")
    assert Order.objects.get().state == "open"
    assert entries() == ["pay:notification:refused"]
    kinds = [d.kind for d in Difference.objects.all()]
    assert kinds == {"other_amount": ["notified_amount"], "other_number": ["theirs_only"]}.get(trick, [])


def test_rubbish_without_end_does_not_fill_the_ledger(order: Order, client: Any):
    for _ in range(70):
        notified(client, {"X-Signature": "x"}, b"{}")
    assert len(entries()) == 60


def test_an_unknown_channel_is_not_there(order: Order, client: Any):
    assert notified(client, {}, b"{}", "pigeon").status_code == 404
    assert client.get("/pay/notify/wechat_h5").status_code == 405
