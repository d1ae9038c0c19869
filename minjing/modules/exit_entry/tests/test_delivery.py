"""From the makers to the hand: by a carrier that repeats and disorders, from the cabinet, at the counter."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from django.conf import settings
from django.test import Client

from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, PersonKey
from minjing.kernel.identity.queries import PHONE
from minjing.kernel.identity.sealing import new_key, seal
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import plugs
from minjing.kernel.matters.models import Matter
from minjing.kernel.notify.addresses import open_envelope
from minjing.kernel.notify.models import Message, Wishes
from minjing.modules.exit_entry import events, queries
from minjing.modules.exit_entry.actions import fetching, posting
from minjing.modules.exit_entry.models import DocumentChange, PickUp, Scan, Shipment
from minjing.modules.exit_entry.providers import carrier as wire
from minjing.modules.exit_entry.providers.carrier import HttpCarrier
from minjing.modules.exit_entry.providers.standin import postal_carrier
from minjing.modules.exit_entry.tests.world import CLERK, HOUR, LIN, MAKER, NOW, SU, act, apply, granted, made
from tests.ports import free_port

pytestmark = pytest.mark.django_db
KEY = "a-carrier-key-for-the-tests"


@pytest.fixture(scope="module")
def standin():
    """A carrier that speaks the protocol over real HTTP; parcels move when they are told to."""
    port = free_port()
    server = postal_carrier.server(port)
    server.RequestHandlerClass.depot.key = KEY.encode()
    server.RequestHandlerClass.depot.step_s = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def by_post(office, standin, monkeypatch):
    """The office with a carrier."""
    monkeypatch.setattr(posting, "carrier", lambda: HttpCarrier(standin, "minjing", KEY))
    settings.CARRIER_CALLBACK = "http://127.0.0.1:9/exit-entry/carrier/"  # nobody: pushes are made by the test
    yield standin
    settings.CARRIER_CALLBACK = ""


def posted(**answers) -> Shipment:
    matter = act(made(granted(apply("EX0003", LIN, reason="expiring", **answers))), "to_post", MAKER)
    shipment = Shipment.objects.get(matter_id=matter.id)
    assert posting.order(shipment.id, now=NOW)
    shipment.refresh_from_db()
    return shipment


def advance(url: str, shipment: Shipment, *what: str) -> None:
    for one in what:
        httpx.post(f"{url}/admin", json={"advance": shipment.waybill, "what": one}, trust_env=False)


def push(said: dict, key: str = KEY, at: float | None = None):
    """Push to the platform as the carrier does."""
    import json

    body, stamp, path = json.dumps(said).encode(), str(int(at or time.time())), "/exit-entry/carrier/"
    headers = {
        "X-Carrier-Time": stamp,
        "X-Carrier-Nonce": "n",
        "X-Carrier-Signature": wire.signature(key.encode(), "POST", path, stamp, "n", body),
    }
    return Client(HTTP_HOST="localhost").post(path, body, content_type="application/json", headers=headers)


def event(shipment: Shipment, number: int, what: str) -> dict[str, str]:
    return {"id": f"{shipment.waybill}-{number}", "what": what, "place": "深圳", "at": "2026-11-27T12:00:00+08:00"}


def stands(shipment: Shipment) -> str:
    return Matter.objects.get(id=shipment.matter_id).state


def test_a_parcel_is_ordered_followed_and_its_arrival_closes_the_matter(by_post):
    shipment = posted()
    assert (shipment.state, stands(shipment)) == ("ordered", "on_the_way")
    assert shipment.waybill.startswith("PX")
    advance(by_post, shipment, "picked_up", "moving", "delivered")
    posting.told(shipment.waybill, posting.carrier().events(shipment.waybill), now=NOW + HOUR)
    assert stands(shipment) == "handed_over"
    (parcel,) = queries.parcels_of(LIN.person_id, shipment.matter_id)
    assert [words.en for _, words, _ in parcel.scans] == ["Delivered", "On its way", "Picked up"]
    assert DocumentChange.objects.filter(reason="delivered", matter_id=shipment.matter_id).count() == 1


def test_an_order_that_is_sent_twice_is_one_parcel(by_post):
    shipment = posted()
    Shipment.objects.filter(id=shipment.id).update(state="to_order", waybill="")
    posting.order(shipment.id, now=NOW)
    assert Shipment.objects.get(id=shipment.id).waybill == shipment.waybill


def test_a_carrier_that_is_down_loses_nothing(by_post):
    httpx.post(f"{by_post}/admin", json={"down": True}, trust_env=False)
    matter = act(made(granted(apply("EX0003", LIN, reason="expiring"))), "to_post", MAKER)
    shipment = Shipment.objects.get(matter_id=matter.id)
    assert not posting.order(shipment.id, now=NOW)
    httpx.post(f"{by_post}/admin", json={"down": False}, trust_env=False)
    posting.follow_up(NOW + HOUR)
    shipment.refresh_from_db()
    assert (shipment.state, shipment.tries) == ("ordered", 1)


def test_pushes_come_twice_and_in_any_order_and_count_once(by_post):
    shipment = posted()
    late = {"waybill": shipment.waybill, "events": [event(shipment, 3, "delivered")]}
    early = {"waybill": shipment.waybill, "events": [event(shipment, 1, "picked_up"), event(shipment, 2, "moving")]}
    for said in (late, early, late, early):
        assert push(said).status_code == 200
    assert (Scan.objects.count(), stands(shipment)) == (3, "handed_over")


def test_a_push_that_is_forged_old_or_of_another_parcel_is_refused_and_on_record(by_post):
    shipment = posted()
    said = {"waybill": shipment.waybill, "events": [event(shipment, 1, "delivered")]}
    assert push(said, key="another").status_code == 403
    assert push(said, at=time.time() - 3600).status_code == 403
    assert push({"waybill": shipment.waybill, "events": [{"id": 1}]}).status_code == 403
    assert push({**said, "waybill": "PX000000000CN"}).status_code == 404
    assert stands(shipment) == "on_the_way"
    assert Outbox.objects.filter(kind=events.FORGED).count() == 3
    odd = {"X-Carrier-Time": "²", "X-Carrier-Nonce": "n", "X-Carrier-Signature": "é"}
    for stamp in ("²", str(int(time.time()))):
        answer = Client(HTTP_HOST="localhost").post(
            "/exit-entry/carrier/", b"{}", content_type="application/json", headers={**odd, "X-Carrier-Time": stamp}
        )
        assert answer.status_code == 403


def test_forged_pushes_without_end_do_not_fill_the_ledger(by_post):
    said = {"waybill": "PX000000000CN", "events": []}
    assert {push(said, key="another").status_code for _ in range(70)} == {403}
    assert Outbox.objects.filter(kind=events.FORGED).count() == 60


def test_what_comes_back_waits_at_the_hall(by_post):
    shipment = posted(post_address="深圳市退回路1号")
    assert push({"waybill": shipment.waybill, "events": [event(shipment, 1, "returned")]}).status_code == 200
    assert stands(shipment) == "ready"


def test_the_address_is_sealed_and_the_way_is_the_applicants(by_post):
    matter = made(granted(apply("EX0003", LIN, reason="expiring")))
    with pytest.raises(plugs.EffectRefused):
        act(matter, "to_cabinet", MAKER)
    act(matter, "to_post", MAKER)
    assert "民安路".encode() not in bytes(Shipment.objects.get().address_sealed)


def in_cabinet() -> PickUp:
    matter = made(granted(apply("EX0003", LIN, reason="expiring", delivery_mode="cabinet")))
    return PickUp.objects.get(matter_id=act(matter, "to_cabinet", MAKER).id)


def test_a_code_opens_its_box_once_and_closes_the_matter(office):
    put = in_cabinet()
    ((box),) = queries.boxes_of(LIN.actor, NOW + HOUR)
    assert queries.boxes_of(SU.actor, NOW + HOUR) == []
    assert box.code.encode() not in bytes(put.code_sealed)
    spoken = f"{box.code[:4]} {box.code[4:]}"
    assert fetching.take(spoken, now=NOW + 2 * HOUR).box == put.box
    assert fetching.take(spoken, now=NOW + 2 * HOUR) is None
    assert fetching.take("00000000", now=NOW + 2 * HOUR) is None
    assert Matter.objects.get(id=put.matter_id).state == "handed_over"
    assert Outbox.objects.filter(kind=events.CODE_REFUSED).count() == 2


def test_the_code_is_shown_to_who_has_proved_who_they_are(office):
    put = in_cabinet()
    (box,) = queries.boxes_of(replace(LIN.actor, level=2), NOW + HOUR)
    assert (box.box, box.code) == (put.box, "")


def with_phone(someone) -> None:
    key, account = new_id(), someone.actor.account_id
    PersonKey.objects.get_or_create(pk=account, defaults={"wrapped": new_key(account), "created_at": NOW})
    Account.objects.filter(pk=account).update(phone_index=key.bytes, phone_sealed=seal(account, PHONE, "19900000001"))


def test_the_code_is_texted_to_the_holders_own_phone_sealed_and_stands_in_no_notice(office):
    with_phone(LIN)
    put = in_cabinet()
    (box,) = queries.boxes_of(LIN.actor, NOW + HOUR)
    (text,) = Message.objects.filter(template="to_phone")
    phone, words = open_envelope(text.pk, bytes(text.envelope_sealed))
    assert (phone, box.code in words, put.box in words) == ("19900000001", True, True)
    for one in Message.objects.all():
        assert box.code not in f"{one.text_zh}{one.text_en}{one.params}"
        assert box.code.encode() not in bytes(one.envelope_sealed or b"")


def test_who_wants_no_text_messages_reads_the_code_after_signing_in(office):
    with_phone(LIN)
    Wishes.objects.create(account_id=LIN.actor.account_id, channels={"matters": ["email"]}, updated_at=NOW)
    in_cabinet()
    assert not Message.objects.filter(template="to_phone").exists()


def test_a_code_that_has_run_out_moves_the_document_to_the_counter(office):
    put = in_cabinet()
    (box,) = queries.boxes_of(LIN.actor, NOW + HOUR)
    late = put.until_at + timedelta(seconds=1)
    assert fetching.take(box.code, now=late) is None
    assert fetching.move_run_out(late) == 1
    assert fetching.move_run_out(late) == 0
    assert Matter.objects.get(id=put.matter_id).state == "ready"
    assert in_cabinet_again(put)


def in_cabinet_again(put: PickUp) -> bool:
    """Say whether the box is free for the next document."""
    put.refresh_from_db()
    return put.emptied_at is not None


def test_the_screen_of_the_cabinet_shows_the_box_and_nobodys_name(office):
    put = in_cabinet()
    (box,) = queries.boxes_of(LIN.actor, put.put_at)
    PickUp.objects.filter(id=put.id).update(until_at=put.until_at + timedelta(days=9000))
    screen = Client(HTTP_HOST="localhost")
    assert screen.post("/hall/cabinet/", {"code": "12"}).status_code == 422
    shown = screen.post("/hall/cabinet/", {"code": box.code}).content.decode()
    assert put.box in shown
    assert "林晓夫" not in shown


def test_guessing_codes_at_the_screen_ends(office):
    screen = Client(HTTP_HOST="localhost")
    told = [screen.post("/hall/cabinet/", {"code": f"{n:08d}"}).status_code for n in range(12)]
    assert told[-1] == 429


def test_what_is_handed_over_at_the_counter_is_on_record(office):
    matter = made(granted(apply("EX0003", LIN, reason="expiring", delivery_mode="hall")))
    matter = act(act(matter, "to_hall", MAKER), "hand_over", CLERK, now=NOW + 2 * HOUR)
    assert matter.outcome == "approved"
    assert DocumentChange.objects.filter(reason="handed_over").count() == 1
