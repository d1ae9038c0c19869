"""Card and face at the machine: level 3 there and then, an officer at every step, and nothing left behind."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from minjing.base import clock
from minjing.kernel.identity.actions import card_readers
from minjing.kernel.identity.models import Check, CheckPicture, Evidence
from minjing.kernel.identity.plugs import Registered
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.providers.card_reader import tickets
from minjing.kernel.identity.queries.checks import name_and_number
from minjing.kernel.identity.rules import faces
from minjing.kernel.identity.rules.camera_shot import Shot
from minjing.kernel.identity.rules.card_chip import Signed
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.world import LIN
from minjing.portals.kiosk import actions
from minjing.portals.kiosk.models import Machine, Visit
from minjing.portals.kiosk.tests.conftest import let_in

pytestmark = pytest.mark.django_db
JPEG = "/9j/4AAQSkZJRg=="
SESSION = "the machine's"


class Beside:
    """The bridge beside the machine: signs what it reads and sees, as the real one does."""

    def __init__(self, folder: Any) -> None:
        tickets.make("hall-1", folder / "bridge.json", folder / "known.json")
        self.own, self.known = tickets.own(folder / "bridge.json"), folder / "known.json"

    def _ticket(self) -> str:
        return card_readers.card_ticket(device="hall-1", session=SESSION, now=clock.now())

    def card(self, portrait: str = JPEG, **other: str) -> str:
        name, number = name_and_number(LIN.person_id)
        said = {
            "name": name, "sex": "男", "birth_date": f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
            "address": "深圳市福田区", "id_number": number, "issuer": "深圳市公安局福田分局",
            "valid_from": "2020-05-01", "valid_to": "2040-05-01", **other,
        }  # fmt: skip
        return tickets.sign(self.own.private_key, Signed("hall-1", self._ticket(), datetime.now(UTC), said, portrait))

    def shot(self) -> str:
        return tickets.sign(self.own.private_key, Shot("hall-1", self._ticket(), datetime.now(UTC), JPEG))


@pytest.fixture
def beside(tmp_path, settings, monkeypatch: pytest.MonkeyPatch) -> Beside:
    made = Beside(tmp_path)
    settings.CARD_READERS, settings.FACE_DECIDES = made.known, True
    monkeypatch.setattr("minjing.portals.kiosk.views.facing.session_of", lambda request: SESSION)
    monkeypatch.setattr(reading, "available", lambda: True)
    monkeypatch.setattr(reading, "check_pose", lambda a, b, asked: faces.Posed(True, "dlib-5pt", 0.1))
    found = faces.FaceResult(0.31, 0.45, "dlib-resnet", "1", 0.4)
    monkeypatch.setattr(reading, "compare_faces", lambda a, b: found)
    monkeypatch.setattr(identity_plugs, "clean_picture", lambda content: content)
    monkeypatch.setattr(identity_plugs, "check_register", lambda name, id_number, now: Registered(True, True))
    return made


Post = Callable[..., Any]


@pytest.fixture
def post(browser: Client, machine: Machine, beside: Beside) -> Post:
    let_in(browser, machine)

    def run(step: str, **fields: str) -> Any:
        return browser.post("/kiosk/face/", {"step": step, **fields})

    return run


def test_card_and_camera_make_level_3_here_and_leave_score_engine_and_time(post, beside, browser):
    assert "读卡器" in browser.get("/kiosk/face/").content.decode()
    assert post("card", card_reading=beside.card()).status_code == 302
    way = browser.get("/kiosk/face/").content.decode()
    assert "民警比对" in way
    assert "系统比对" in way
    assert "当面核验" in way
    assert post("way", way="machine").status_code == 302
    page = browser.get("/kiosk/face/").content.decode()
    assert "改由民警比对" in page
    assert "随机抽取" in page
    assert CheckPicture.objects.count() == 1
    done = post("shots", straight=beside.shot(), turned=beside.shot())
    assert (done.status_code, done.headers["Location"]) == (302, "/kiosk/home/")
    proof = Evidence.objects.get()
    assert (proof.level, proof.method, proof.distance, proof.engine) == (3, "machine", 0.31, "dlib-resnet 1")
    assert proof.device_index is None, "the next person at this browser inherits nothing"
    row = Check.objects.get()
    assert (CheckPicture.objects.count(), row.said_sealed, row.reader) == (0, None, "card reader hall-1")
    kinds = Outbox.objects.values_list("kind", flat=True)
    assert list(kinds).count("identity:camera:shot") == 2


def test_an_officer_compares_instead_and_has_the_pictures(post, beside, browser):
    post("card", card_reading=beside.card())
    post("way", way="officer")
    post("shots", straight=beside.shot(), turned=beside.shot())
    assert "已交民警比对" in browser.get("/kiosk/face/").content.decode()
    assert Check.objects.get().state == Check.WAITING
    browser.post("/kiosk/end/")
    assert CheckPicture.objects.count() == 3, "handed to an officer: theirs until decided"


def test_leaving_wipes_the_pictures_also_where_the_machine_falls_silent(post, beside, browser, monkeypatch):
    post("card", card_reading=beside.card())
    assert CheckPicture.objects.count() == 1
    browser.post("/kiosk/end/")
    assert (CheckPicture.objects.count(), Check.objects.get().state) == (0, Check.REFUSED)
    machine = Machine.objects.get()
    let_in(browser, machine)
    post("card", card_reading=beside.card())
    assert CheckPicture.objects.count() == 1
    left = Visit.objects.get(ended_at__isnull=True)
    late = left.seen_at + actions.queries.IDLE + actions.queries.GRACE
    assert actions.end_left(late) == 0
    assert actions.end_left(late + actions.queries.GRACE) == 1
    assert CheckPicture.objects.count() == 0


def test_a_code_for_the_counter_stays_and_the_pictures_do_not(post, beside, browser):
    post("card", card_reading=beside.card())
    page = post("counter")
    assert "报这个号" in page.content.decode()
    browser.post("/kiosk/end/")
    row = Check.objects.get()
    assert (CheckPicture.objects.count(), row.state, row.counter_index is None) == (0, Check.WAY, False)


@pytest.mark.parametrize(
    ("other", "outcome"),
    [({"id_number": "440304199912310017"}, "other_card"), ({"valid_to": "2021-05-01"}, "expired_card")],
)
def test_anothers_or_an_expired_card_ends_the_check_and_is_on_record(other, outcome, post, beside):
    answer = post("card", card_reading=beside.card(**other))
    assert answer.status_code == 422
    assert (Check.objects.get().outcome, CheckPicture.objects.count()) == (outcome, 0)
    assert Outbox.objects.filter(kind="identity:check:refused").exists()


def test_a_picture_that_this_machine_did_not_take_is_refused_and_on_record(post, beside):
    post("card", card_reading=beside.card())
    post("way", way="machine")
    forged = beside.shot().replace("hall-1", "hall-2")
    assert post("shots", straight=forged, turned=beside.shot()).status_code == 422
    assert Outbox.objects.filter(kind="identity:camera:refused").count() == 1
    assert not Evidence.objects.exists()


def test_without_a_portrait_an_officer_at_the_counter_is_named(post, beside):
    answer = post("card", card_reading=beside.card(portrait=""))
    assert "没有读出证件照片" in answer.content.decode()
    assert Check.objects.get().state == Check.CARD


def test_leave_for_the_device_is_given_at_the_machine_only(browser, machine, beside):
    assert browser.post("/kiosk/device-ticket/", {"device": "hall-1"}).status_code == 302
    let_in(browser, machine)
    assert "ticket" in browser.post("/kiosk/device-ticket/", {"device": "hall-1"}).json()
    assert browser.post("/kiosk/device-ticket/", {"device": "another"}).status_code == 404
