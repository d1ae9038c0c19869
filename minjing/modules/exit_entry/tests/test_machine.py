"""An endorsement at the machine: permit in the slot, register asked, paid, written, on record; or given back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import sealing, sessions
from minjing.kernel.identity.actions import card_readers
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.models import Account, Evidence
from minjing.kernel.identity.providers.card_reader import tickets
from minjing.kernel.identity.rules.permit_slot import TAKEN, WRITTEN, SlotSaid
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Matter
from minjing.kernel.matters.tests.issuing import issue_what_is_paid
from minjing.kernel.pay.models import Order
from minjing.kernel.pay.providers import Begun
from minjing.kernel.pay.tests.simulated import Simulated
from minjing.modules.exit_entry import events, queries
from minjing.modules.exit_entry.actions import at_machine
from minjing.modules.exit_entry.actions.at_machine import Wish
from minjing.modules.exit_entry.models import Endorsement
from minjing.modules.exit_entry.tests.test_delivery import with_phone
from minjing.modules.exit_entry.tests.world import LIN, NOW, OLD, SU, WANG, Someone, document, only_paid, paid
from minjing.portals.kiosk import actions as kiosk
from minjing.portals.kiosk.access import VISIT
from minjing.portals.kiosk.models import Visit

pytestmark = pytest.mark.django_db
SESSION = "the machine's"


class Slot:
    """The bridge's slot beside the machine: signs what it took and what it wrote."""

    def __init__(self, folder: Any) -> None:
        tickets.make("hall-1", folder / "bridge.json", folder / "known.json")
        self.own, self.known = tickets.own(folder / "bridge.json"), folder / "known.json"

    def says(self, what: str, text: str) -> str:
        ticket = card_readers.card_ticket(device="hall-1", session=SESSION, now=NOW)
        return tickets.sign(self.own.private_key, SlotSaid("hall-1", ticket, NOW, what, text))


@pytest.fixture
def slot(tmp_path, settings, office) -> Slot:
    made = Slot(tmp_path)
    with_phone(LIN)
    settings.CARD_READERS = made.known
    return made


def number_of(someone: Someone) -> str:
    permit = document(someone, "hk_macao")
    return sealing.unseal(someone.person_id, queries.NUMBER, bytes(permit.number_sealed)).decode()


@pytest.fixture
def visit(office) -> Visit:
    machine, _ = kiosk.register("FT-01", 1, {"zh": "大厅", "en": "Hall"}, by=SYSTEM, now=NOW)
    return kiosk.begin_visit(machine, LIN.actor, NOW)


Apply = Callable[..., Any]


@pytest.fixture
def apply(slot: Slot, visit: Visit) -> Apply:
    def run(code: str = "HK-G-1Y2", place: str = "hongkong"):
        number = take(slot, number_of(LIN))
        return at_machine.apply(Wish(number, code, place), visit=visit, by=LIN.actor, now=NOW, request_id=new_id())

    return run


def take(slot: Slot, number: str, who: Someone = LIN) -> str:
    return at_machine.permit_in_slot(slot.says(TAKEN, number), session=SESSION, by=who.actor, now=NOW)


def test_paid_and_written_within_minutes_it_is_on_record_and_the_slip_is_there(apply, slot):
    before = Endorsement.objects.get(document=document(LIN, "hk_macao"))
    matter = apply(place="both")
    order = Order.objects.get(subject_id=matter.id)
    assert (matter.state, order.due_fen) == ("paying", 6000)
    matter = paid(matter, LIN.actor)
    assert matter.state == "making"
    words = at_machine.words_of(matter.id)
    assert words.startswith("HK-G-1Y2 hongkong 2026-11-27")
    at_machine.written(matter, slot.says(WRITTEN, words), session=SESSION, by=LIN.actor, now=NOW)
    assert Matter.objects.get(id=matter.id).state == "handed_over"
    made = Endorsement.objects.filter(matter_id=matter.id)
    assert {(one.destination, one.state) for one in made} == {("hongkong", "valid"), ("macao", "valid")}
    before.refresh_from_db()
    assert before.state == "cancelled"
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {"identity:permit:taken", "identity:permit:written", "kiosk:matter:submitted", events.WRITTEN} <= kinds
    assert words not in str([bytes(row.payload or b"") for row in Outbox.objects.all()])


def test_anothers_permit_or_one_that_is_no_longer_valid_comes_out_and_that_is_on_record(slot):
    for who, number in ((LIN, number_of(WANG)), (SU, number_of(LIN)), (LIN, "C99999999")):
        with pytest.raises(NotAllowed, match="not_your_permit"):
            take(slot, number, who)
    assert Outbox.objects.filter(kind=events.SLOT_REFUSED).count() == 3


def test_only_what_the_records_bear_out_is_offered(office):
    offered, against = at_machine.kinds_for(LIN.person_id, NOW)
    assert {one.letter for one in offered} == {"G"}
    assert against == []
    for someone, key in ((WANG, "not_registered_here"), (OLD, "not_electronic"), (SU, "no_permit")):
        offered, against = at_machine.kinds_for(someone.person_id, NOW)
        assert (offered, bool(against)) == ([], True), key


def test_the_machine_asks_the_register_again_when_it_submits(apply):
    with pytest.raises(Wrong):
        apply("HK-L-1Y1")
    assert not Order.objects.exists()


def test_other_words_than_were_issued_are_not_on_record_as_written(apply, slot):
    matter = paid(apply(), LIN.actor)
    words = at_machine.words_of(matter.id)
    for carried in (slot.says(WRITTEN, words.replace("1Y2", "1YM")), slot.says(TAKEN, words)):
        with pytest.raises(NotAllowed):
            at_machine.written(matter, carried, session=SESSION, by=LIN.actor, now=NOW)
    assert Matter.objects.get(id=matter.id).state == "making"
    assert Endorsement.objects.get(matter_id=matter.id).state == "being_made"
    carried = slot.says(WRITTEN, words)
    at_machine.written(matter, carried, session=SESSION, by=LIN.actor, now=NOW)
    with pytest.raises(NotAllowed, match="replayed"):
        at_machine.written(matter, carried, session=SESSION, by=LIN.actor, now=NOW)


# ---- the pages --------------------------------------------------------------------------------------------


@pytest.fixture
def browser(slot: Slot, office, monkeypatch) -> Client:
    """Lin at a paired machine."""
    monkeypatch.setattr("minjing.modules.exit_entry.views.machine.now", lambda: NOW)
    monkeypatch.setattr("minjing.modules.exit_entry.views.machine.session_of", lambda request: SESSION)
    monkeypatch.setattr("minjing.modules.exit_entry.views.machine.WAY", "wechat_h5")
    at = clock.now()
    machine, code = kiosk.register("FT-01", 1, {"zh": "大厅", "en": "Hall"}, by=SYSTEM, now=at)
    made = Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin")
    made.post("/kiosk/pair/", {"code": code})
    visit, store = kiosk.begin_visit(machine, LIN.actor, at), sessions.SessionStore()
    store[sessions.ACCOUNT], store[sessions.KIND] = str(LIN.actor.account_id), Account.RESIDENT
    store[sessions.STARTED], store[sessions.REF], store[VISIT] = at.isoformat(), str(new_id()), str(visit.id)
    store.create()
    store.save()
    made.cookies["session"] = store.session_key
    return made


def proved() -> None:
    at = clock.now()
    Evidence.objects.create(
        account_id=LIN.actor.account_id, person_id=LIN.person_id, level=3, method="machine", taken_at=at,
        until=at + timedelta(days=1),
    )  # fmt: skip


def test_who_has_not_been_checked_is_checked_first(browser):
    assert browser.get("/kiosk/endorse/").headers["Location"] == "/kiosk/face/?next=/kiosk/endorse/"


def test_from_the_slot_to_the_slip_page_by_page(browser, slot, monkeypatch):
    proved()
    taken = browser.post("/kiosk/endorse/", {"permit_reading": slot.says(TAKEN, number_of(LIN))})
    assert taken.headers["Location"] == "/kiosk/endorse/kind/"
    assert "¥30.00" in browser.get("/kiosk/endorse/kind/").content.decode()
    said = {"kind": "HK-G-1Y2", "place": "hongkong", "listed": "no"}
    check = browser.get("/kiosk/endorse/kind/", said).content.decode()
    assert "可信度 A" in check
    assert "可信度 C" in check
    answer = browser.post("/kiosk/endorse/kind/", {**said, "request_id": str(new_id())})
    matter = Matter.objects.get(code="EX0008")
    assert answer.headers["Location"] == f"/kiosk/endorse/{matter.number}/pay/"
    begin = Simulated.begin
    monkeypatch.setattr(
        Simulated, "begin", lambda way, wire: begin(way, wire) and Begun("qr", text="weixin://wxpay/x")
    )
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "data:image/svg+xml" in page
    assert browser.get(f"/kiosk/endorse/{matter.number}/paid/").json() == {"paid": False}
    address = f"/kiosk/endorse/{matter.number}/write/"
    only_paid(at_machine.matter_queries.matter(matter.id, LIN.actor, NOW), LIN.actor)
    assert browser.get(f"/kiosk/endorse/{matter.number}/paid/").json() == {"paid": False}, "there is nothing to write"
    assert "正在签发" in browser.get(address).content.decode()
    issue_what_is_paid(NOW)
    assert browser.get(f"/kiosk/endorse/{matter.number}/paid/").json() == {"paid": True}
    snapshot = at_machine.matter_queries.matter(matter.id, LIN.actor, NOW)
    assert "正在写卡" in browser.get(address).content.decode()
    words = at_machine.words_of(snapshot.id)
    assert browser.post(address, {"written_reading": slot.says(WRITTEN, words)}).status_code == 302
    done = browser.get(address).content.decode()
    assert "请取走通行证" in done
    assert "打印签注凭证" in done


def test_who_is_on_the_list_goes_to_the_counter_and_nothing_is_submitted(browser, slot):
    proved()
    browser.post("/kiosk/endorse/", {"permit_reading": slot.says(TAKEN, number_of(LIN))})
    said = {"kind": "HK-G-1Y2", "place": "hongkong", "listed": "yes"}
    assert "窗口" in browser.get("/kiosk/endorse/kind/", said).content.decode()
    assert not Matter.objects.exists()
    assert "取回通行证" in browser.get("/kiosk/endorse/leave/").content.decode()
    assert browser.get("/kiosk/endorse/kind/").status_code == 302, "its number is forgotten"
