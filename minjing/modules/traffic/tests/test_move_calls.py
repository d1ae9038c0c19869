"""A car in the way: the owner is told, answers by a link, both telephone through a number in between."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.request
from datetime import timedelta

import pytest
from django.test import Client

from minjing.base.clock import now as clock_now
from minjing.kernel.identity import sealing
from minjing.kernel.identity.models import Account, PersonKey
from minjing.kernel.identity.queries.accounts import PHONE
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.modules.traffic.actions import move_calls as acts
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import MoveCall, RelayedCall
from minjing.modules.traffic.providers import relay as wire
from minjing.modules.traffic.providers.standin import relay as standin
from minjing.modules.traffic.rules import move_calls as rules
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import LIN, OTHER_PLATE, PLATE, SU
from minjing.modules.traffic.tests.test_items import city, house, printed  # noqa: F401 - the world
from minjing.portals.citizen.tests.conftest import signed_in

pytestmark = pytest.mark.django_db
PHONES = {LIN: "19911112222", SU: "19933334444"}
KEYS = {"key": "k" * 30, "key_id": "id-1", "pool": "FC1"}


@pytest.fixture
def exchange():
    """Return the relay's other side, a process of its own in the demo, listening on a free port."""
    running = standin.server(0, report_url="", **KEYS)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def relay(exchange):
    return client(exchange)


def client(exchange, **other):
    keys = KEYS | other
    url = f"http://127.0.0.1:{exchange.server_address[1]}"
    return wire.AliyunRelay(url, keys["key_id"], keys["key"], pool=keys["pool"])


def told(exchange, path="/calls"):
    url = f"http://127.0.0.1:{exchange.server_address[1]}{path}"
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5).read().decode()


def order(exchange, **said):
    url = f"http://127.0.0.1:{exchange.server_address[1]}/admin"
    asked = urllib.request.Request(url, json.dumps(said).encode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.loads(opener.open(asked, timeout=5).read())


@pytest.fixture
def phones(house, printed):  # noqa: F811 - the fixtures
    for someone, phone in PHONES.items():
        PersonKey.objects.create(
            owner_id=someone.account, wrapped=sealing.new_key(someone.account), created_at=clock_now()
        )
        sealed = sealing.seal(someone.account, PHONE, phone)
        Account.objects.filter(pk=someone.account).update(
            phone_sealed=sealed, phone_index=sealing.blind_index("phone", phone)
        )


def called(by=SU, plate=PLATE, at=None):
    matter = world.apply("JT0614", by, now=at or clock_now(), outside_plate=plate, blocked_place="民安路 88 号门口")
    return MoveCall.objects.get(matter_id=matter.id)


def test_the_text_message_says_nothing_that_the_caller_has_typed(phones, client):
    row = called()
    for told in Message.objects.filter(template="move_your_car"):
        assert "民安路" not in f"{told.text_zh}{told.text_en}{told.params}"
    assert row.place in client.get(f"/move/{link_of()}/").content.decode()


def link_of(account=LIN):
    text = Message.objects.filter(account_id=account.account, template="move_your_car").latest("id").text_zh
    return re.search(r"/move/([\w-]+)/", text)[1]


def test_two_people_telephone_and_neither_number_is_anywhere(phones, exchange, relay, settings):
    row = called()
    assert acts.bind(row.matter_id, now=clock_now(), by=relay)
    row.refresh_from_db()
    assert row.relay_state == "bound"
    assert row.relay_number.startswith("170")
    link = link_of()
    owner, caller = Client(), signed_in(SU.actor)
    pages = [owner.get(f"/move/{link}/").content.decode(), caller.get("/me/moves/").content.decode()]
    assert all(row.relay_number in page for page in pages)
    order(exchange, call=row.relay_ref, **{"from": "a"}, talk_s=1)
    answers = owner.post(f"/move/{link}/", {"answer": "soon"})
    assert answers.status_code == 302
    pages += [owner.get(f"/move/{link}/").content.decode(), caller.get("/me/moves/").content.decode()]
    assert "五分钟内到" in pages[-1]
    token = wire.report_token("demo")
    settings.RELAY_KEY = "demo"
    report = json.dumps([{
        "sub_id": int(row.relay_ref), "call_id": "c1", "call_type": 0, "phone_no": PHONES[SU], "peer_no": PHONES[LIN],
        "secret_no": row.relay_number, "call_time": "2026-11-28 12:00:00", "start_time": "2026-11-28 12:00:05",
        "release_time": "2026-11-28 12:00:47",
    }])  # fmt: skip
    for _ in range(2):  # the relay tells until it is answered: once is kept
        answer = Client().post(f"/traffic/relay/reports/{token}/", report, content_type="application/json")
        assert answer.json() == {"code": 0, "msg": "成功"}
    assert [one.talked_s for one in RelayedCall.objects.all()] == [42]
    pages += [answer.content.decode(), caller.get("/me/moves/").content.decode(), told(exchange), told(exchange, "/")]
    assert "42" in pages[-3]
    written = "".join(f"{m.text_zh}{m.text_en}{m.params}" for m in Message.objects.all())
    written += "".join(bytes(e.payload).decode() for e in Outbox.objects.all())
    written += "".join(str(vars(one)) for model in (MoveCall, RelayedCall) for one in model.objects.all())
    everything = written + "".join(pages)
    assert not [phone for phone in PHONES.values() if phone in everything]
    kinds = [e.kind for e in Outbox.objects.filter(kind__startswith="traffic:move:")]
    assert kinds.count("traffic:move:relayed") == 3  # asked before the numbers left, bound, talked
    assert "traffic:move:answered" in kinds


def test_the_number_ends_with_its_time_and_with_the_car(phones, exchange, relay):
    first = called()
    at = clock_now()
    acts.bind(first.matter_id, now=at, by=relay)
    assert acts.sweep(at + timedelta(minutes=9), by=relay) == 0
    assert acts.sweep(at + timedelta(minutes=11), by=relay) == 1
    first.refresh_from_db()
    assert (first.relay_state, first.relay_number) == ("ended", "")
    assert order(exchange, call=first.relay_ref, **{"from": "b"})["state"] == "not in service"
    second = called(plate=OTHER_PLATE)
    acts.bind(second.matter_id, now=at, by=relay)
    assert signed_in(LIN.actor).post(f"/me/moves/{second.matter_id}/finish/").status_code == 404
    assert signed_in(SU.actor).post(f"/me/moves/{second.matter_id}/finish/").status_code == 302
    assert acts.sweep(clock_now(), by=relay) == 1


def test_a_relay_that_is_down_full_or_loses_its_answer_is_asked_again(phones, exchange, relay):
    row = called()
    order(exchange, down=True)
    assert not acts.bind(row.matter_id, now=clock_now(), by=relay)
    order(exchange, down=False, full=True)
    assert not acts.bind(row.matter_id, now=clock_now(), by=relay)
    order(exchange, full=False, lose=True)
    assert not acts.bind(row.matter_id, now=clock_now(), by=relay)
    acts.sweep(clock_now(), by=relay)
    row.refresh_from_db()
    assert row.relay_state == "bound"


def test_a_wrong_key_or_number_is_refused_by_the_relay(phones, exchange, relay):
    until = clock_now() + timedelta(minutes=10)
    with pytest.raises(wire.Unavailable, match="SignatureDoesNotMatch"):
        client(exchange, key="other").bind("19911112222", "19933334444", until, about="x")
    with pytest.raises(wire.Refused, match="MOBILE_NUMBER_ILLEGAL"):
        relay.bind("12", "19933334444", until, about="x")
    with pytest.raises(wire.Unavailable, match="EXPIRE_DATE_ILLEGAL"):
        relay.bind("19911112222", "19933334444", clock_now(), about="x")


def test_the_signature_is_that_of_a_request_signed_by_hand():
    # The string as the documentation builds it, encoded by hand; its page prints no whole example.
    asked = {"AccessKeyId": "testId", "Action": "BindAxb", "Expiration": "2019-09-05 12:00:00", "PoolKey": "FC1*~"}
    line = (
        "AccessKeyId%3DtestId%26Action%3DBindAxb%26Expiration%3D2019-09-05%252012%253A00%253A00%26PoolKey%3DFC1%252A~"
    )

    by_hand = hmac.new(b"testSecret&", f"POST&%2F&{line}".encode(), hashlib.sha1).digest()
    assert wire.signature("POST", asked, "testSecret") == base64.b64encode(by_hand).decode()


def test_two_owners_who_call_it_misuse_bar_the_caller_and_end_the_number(phones, exchange, relay):
    row = called()
    acts.bind(row.matter_id, now=clock_now(), by=relay)
    acts.answer(link_of(), "misuse", now=clock_now())
    assert acts.sweep(clock_now(), by=relay) == 1
    assert acts.answer(link_of(), "coming", now=clock_now()).answer != "coming"  # what was said stays said
    MoveCall.objects.create(
        matter_id=world.new_id(), org_id=0, plate="粤B99999", caller_person_id=SU.person_id, state="told",
        caller_account_id=SU.account, owner_account_id=SU.account, owner_person_id=world.new_id(),
        called_at=clock_now() - timedelta(days=3), answer="misuse", answered_at=clock_now() - timedelta(days=3),
    )  # fmt: skip
    with pytest.raises(world.Wrong):
        called(plate=OTHER_PLATE)


def test_misuse_said_while_the_number_is_being_set_up_leaves_the_caller_without_one(phones, relay):
    class Slow:
        """A relay that the owner's answer overtakes."""

        def bind(self, *numbers, about):
            acts.answer(link_of(), "misuse", now=clock_now())
            return relay.bind(*numbers, about=about)

    row = called()
    assert acts.bind(row.matter_id, now=clock_now(), by=Slow())
    row.refresh_from_db()
    assert (row.relay_state, row.relay_number) == ("failed", "")
    assert not Message.objects.filter(template="move_relayed").exists()
    assert acts.sweep(clock_now(), by=relay) == 0


def test_a_link_is_guessed_in_vain_and_ends_after_two_hours(phones):
    called(at=clock_now())
    assert Client().get("/move/AAAAAAAAAAAAAAAA/").status_code == 404
    with pytest.raises(Unknown):
        acts.answer(link_of(), "coming", now=clock_now() + timedelta(hours=3))
    assert Client().post(f"/move/{link_of()}/", {"answer": "nonsense"}).status_code == 422


def test_a_report_to_another_address_is_not_believed_and_is_on_record(phones):
    for token in ("0" * 32, "报告"):
        answer = Client().post(f"/traffic/relay/reports/{token}/", "[]", content_type="application/json")
        assert answer.status_code == 401
    assert Outbox.objects.filter(kind="traffic:move:refused").exists()


def test_the_limits_of_a_day_hold():
    from minjing.modules.traffic.queries.move_calls import limits

    now = clock_now()
    hours = [now - timedelta(hours=2 + n) for n in range(6)]
    assert rules.refusal(limits(), mine=hours[:5], of_plate=[], misuse=0, now=now) == ""
    assert rules.refusal(limits(), mine=hours, of_plate=[], misuse=0, now=now) == "day"
    assert rules.refusal(limits(), mine=[now] * 3, of_plate=[], misuse=0, now=now) == "hour"
    assert rules.refusal(limits(), mine=[], of_plate=[now], misuse=0, now=now) == "plate_wait"
    assert rules.refusal(limits(), mine=[], of_plate=hours + hours[:2], misuse=0, now=now) == "plate_day"
    assert rules.refusal(limits(), mine=[], of_plate=[], misuse=2, now=now) == "misuse"


def test_a_call_rings_connects_and_ends_on_the_relays_page(exchange, relay):
    made = relay.bind("19911112222", "19933334444", clock_now() + timedelta(minutes=5), about="a" * 32)
    order(exchange, call=made.ref, **{"from": "b"}, talk_s=0)
    for _ in range(40):
        if "已结束" in told(exchange, "/"):
            break
        time.sleep(0.05)
    assert "乙方拨打" in told(exchange, "/")
    assert "B calls" in told(exchange, "/?lang=en")
