"""Fees through the API: what is due, begun once, asked about; others' fees, levels, gateways in trouble."""

from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.kernel.pay.actions import attempts, orders, refunds
from minjing.kernel.pay.models import Attempt, Order
from minjing.kernel.pay.providers import Refused, Unavailable
from minjing.kernel.pay.rules.amounts import Item, Waiver
from minjing.kernel.pay.tests.conftest import house  # noqa: F401 - the house in memory
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
PASSPORT = Item("passport", {"zh": "普通护照工本费", "en": "Passport fee"}, 12_000, {"law": "收费规定"})
HALF = Waiver("hardship", {"zh": "困难家庭减半", "en": "Half for families in need"}, 50)


def opened(subject: Any = None, unit_id: int = 1) -> Order:
    now = clock.now()
    HOUSE.at(now)
    return orders.open_order(
        subject=subject or new_id(), subject_number="CR02260000001",
        title={"zh": "普通护照换发", "en": "Passport renewal"}, account_id=LIN.account_id, person_id=LIN.person_id,
        org_id=0, unit_id=unit_id, items=[PASSPORT], waivers=[HALF], by=LIN, now=now,
    )  # fmt: skip


@pytest.fixture
def order(city: None, house: Any) -> Order:  # noqa: F811 - the fixtures
    return opened()


@pytest.fixture
def lin(order: Order, as_: Any) -> Client:  # noqa: F811 - the fixture
    return as_(LIN)


def begin(client: Client, order: Order, channel: Any = "wechat_h5", request_id: Any = None) -> Any:
    path = f"/api/fees/{order.id}/attempts"
    return post(client, path, channel=channel, request_id=request_id or new_id())


def test_from_what_is_due_to_what_was_paid(lin, order):
    (fee,) = lin.get("/api/fees").json()
    assert (fee["id"], fee["state"], fee["state_title"]["en"]) == (str(order.id), "open", "To pay")
    assert fee["balance"] == {"due_fen": 6_000, "paid_fen": 0, "refunded_fen": 0, "refunding_fen": 0}
    sheet = lin.get(f"/api/fees/{order.id}").json()
    assert [(item["fen"], item["basis"]) for item in sheet["items"]] == [(12_000, {"law": "收费规定"})]
    assert [waiver["fen"] for waiver in sheet["waivers"]] == [6_000]
    assert [way["name"] for way in lin.get("/api/fees/channels").json()] == ["wechat_h5", "alipay_wap"]
    made = begin(lin, order)
    number = made.json()["number"]
    assert (made.status_code, made.json()["state"], made.json()["fen"]) == (201, "open", 6_000)
    assert made.json()["go"] == {"kind": "redirect", "url": f"https://pay.example/{number}", "text": "", "fields": {}}
    assert lin.get(f"/api/fees/attempts/{number}").json() == made.json()
    HOUSE.pay(number)
    said = post(lin, f"/api/fees/attempts/{number}/ask").json()
    assert (said["state"], said["came_back_at"] is None) == ("open", False), "saying so proves nothing"
    assert attempts.ask(Attempt.objects.get().id, now=clock.now()) == "captured"
    paid = lin.get(f"/api/fees/attempts/{number}").json()
    assert (paid["state"], paid["order_state"], paid["go"]) == ("captured", "settled", None)
    sheet = lin.get(f"/api/fees/{order.id}").json()
    assert (sheet["state"], sheet["balance"]["paid_fen"]) == ("settled", 6_000)
    assert [attempt["state"] for attempt in sheet["attempts"]] == ["captured"]
    late = begin(lin, order)
    assert (late.status_code, late.json()["key"]) == (409, "not_open_settled")


def test_what_goes_back_is_said(lin, order):
    begin(lin, order)
    attempt = Attempt.objects.get()
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())
    refunds.refund_all(order.subject_id, by=LIN, now=clock.now())
    sheet = lin.get(f"/api/fees/{order.id}").json()
    assert [(back["fen"], back["state"], back["cause"]["en"]) for back in sheet["refunds"]] == [
        (6_000, "due", "The application was withdrawn")
    ]
    assert sheet["balance"]["refunding_fen"] == 6_000


def test_the_same_request_twice_is_one_attempt(lin, order):
    request_id = new_id()
    first, second = begin(lin, order, request_id=request_id), begin(lin, order, request_id=request_id)
    assert (first.status_code, first.json()) == (201, second.json())
    assert (Attempt.objects.count(), HOUSE.calls.count("begin")) == (1, 1)
    other = begin(lin, order, "alipay_wap", request_id)
    assert (other.status_code, other.json()["key"]) == (409, "key_reused")
    assert begin(lin, order, "alipay_wap").status_code == 201
    assert Attempt.objects.count() == 2


def test_a_request_repeated_after_the_payment_is_answered_with_the_payment(lin, order):
    request_id = new_id()
    begin(lin, order, request_id=request_id)
    attempt = Attempt.objects.get()
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())

    def refuse(when: str, what: str) -> None:
        raise Refused("paid")

    HOUSE.trouble = refuse  # as a gateway does that is asked to begin what was paid
    again = begin(lin, order, request_id=request_id)
    assert (again.status_code, again.json()["state"], again.json()["order_state"]) == (201, "captured", "settled")
    assert again.json()["go"] is None


def test_a_qr_code_is_given_as_its_text(lin, order):
    number = begin(lin, order).json()["number"]
    Attempt.objects.update(begun={"kind": "qr", "url": "", "text": "weixin://wxpay/bizpayurl?pr=x", "fields": {}})
    go = lin.get(f"/api/fees/attempts/{number}").json()["go"]
    assert (go["kind"], go["text"]) == ("qr", "weixin://wxpay/bizpayurl?pr=x")
    Attempt.objects.update(expires_at=clock.now())
    assert lin.get(f"/api/fees/attempts/{number}").json()["go"] is None, "its time is over"


@pytest.mark.parametrize(
    ("trouble", "key"), [(Refused("closed"), "channel_refused"), (Unavailable("timeout"), "channel_silent")]
)
def test_a_gateway_in_trouble_is_said_in_both_languages(lin, order, trouble, key):
    def raised(when: str, what: str) -> None:
        raise trouble

    HOUSE.trouble = raised
    answer = begin(lin, order)
    assert (answer.status_code, answer.json()["key"]) == (409, key)
    assert {"zh", "en"} == answer.json()["message"].keys()


def test_too_many_tries_wait(lin, order):
    def refuse(when: str, what: str) -> None:
        raise Refused("closed")

    HOUSE.trouble = refuse
    answers = [begin(lin, order).status_code for _ in range(attempts.TRIES_MAX + 1)]
    assert answers == [409] * attempts.TRIES_MAX + [429]


def test_paying_takes_the_level_that_its_service_asks_for(lin, monkeypatch):
    matter = matters.matter(submitted(lin).json()["number"], LIN, clock.now())
    fee = opened(matter.id)
    monkeypatch.setattr("minjing.kernel.matters.schema.Service.level_for", lambda self, step: 3)
    refused = begin(lin, fee)
    assert (refused.status_code, refused.json()["key"]) == (403, "identity_level")
    assert not Attempt.objects.exists()
    monkeypatch.undo()
    assert begin(lin, fee).status_code == 201


def test_somebody_elses_fee_is_not_there(lin, order, as_):  # noqa: F811 - the fixture
    number, stranger = begin(lin, order).json()["number"], as_(STRANGER)
    assert stranger.get("/api/fees").json() == []
    unknown = stranger.get(f"/api/fees/{new_id()}")
    for path in (f"/api/fees/{order.id}", f"/api/fees/attempts/{number}"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert begin(stranger, order).status_code == 404
    assert post(stranger, f"/api/fees/attempts/{number}/ask").status_code == 404
    attempt = Attempt.objects.get()
    assert attempt.came_back_at is None, "nobody else has the gateway asked"


READS = ("", "/channels", "/{order}", "/attempts/{number}")


def test_fees_are_for_residents(lin, order, as_):  # noqa: F811 - the fixture
    number, chen = begin(lin, order).json()["number"], as_(CHEN)
    for path in READS:
        refused = chen.get(f"/api/fees{path}".format(order=order.id, number=number))
        assert (refused.status_code, refused.json()["key"]) == (403, "not_resident")
    assert begin(chen, order).status_code == 403


def test_without_a_token_nothing_is_told_or_done(lin, order):
    number, nobody = begin(lin, order).json()["number"], Client(HTTP_HOST="localhost")
    for path in READS:
        assert nobody.get(f"/api/fees{path}".format(order=order.id, number=number)).status_code == 401
    assert begin(nobody, order).status_code == 401
    assert post(nobody, f"/api/fees/attempts/{number}/ask").status_code == 401
    assert Attempt.objects.count() == 1


def test_a_way_that_is_not_offered_is_said_at_its_field(lin, order):
    answer = begin(lin, order, "pigeon")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["channel"])


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 5000, -1, 10**30, None, [], {"a": [1]}])
def test_odd_attempts_get_an_answer_and_no_fault(lin, order, odd):
    for said in ({"channel": odd, "request_id": new_id()}, {"channel": "wechat_h5", "request_id": odd}):
        assert post(lin, f"/api/fees/{order.id}/attempts", **said).status_code == 422
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "?limit=-5",
        "?limit=99999999999999999999999",
        "?before=x",
        "?before=0001-01-01T00:00:00%2B14:00",
        "?before=9999-12-31T23:59:59-12:00",
        "/attempts/%00",
        "/attempts/" + "9" * 3000,
        "/attempts/44030026000000010101ABCDEFGH",
        "/not-a-number",
    ],
)
def test_odd_addresses_get_an_answer_and_no_fault(lin, path):
    assert lin.get(f"/api/fees{path}").status_code in (200, 400, 404, 422)


def test_the_next_page_of_fees_begins_before_the_last_one_seen(lin, order):
    newer = opened()
    (first,) = lin.get("/api/fees", {"limit": 1}).json()
    (second,) = lin.get("/api/fees", {"limit": 1, "before": first["opened_at"]}).json()
    assert [first["id"], second["id"]] == [str(newer.id), str(order.id)]


def test_the_receipt_is_the_payers_own_and_is_made_once(lin, order, as_):  # noqa: F811 - the fixture
    path = f"/api/fees/{order.id}/receipt.pdf"
    assert lin.get(path).status_code == 404, "nothing was paid yet"
    begin(lin, order)
    attempt = Attempt.objects.get()
    attempts.take(attempt.id, HOUSE.pay(attempt.number), source="ask", now=clock.now())
    first, again = lin.get(path), lin.get(path)
    assert (first["Content-Type"], first["Cache-Control"]) == ("application/pdf", "no-store, private")
    assert first.content.startswith(b"%PDF")
    assert first.content == again.content
    order.refresh_from_db()
    assert order.receipt_id is not None
    assert as_(STRANGER).get(path).status_code == 404
    assert as_(CHEN).get(path).status_code == 403
    assert Client(HTTP_HOST="localhost").get(path).status_code == 401
