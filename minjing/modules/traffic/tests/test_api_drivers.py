"""The drivers' side of the JSON API: bindings, the electronic licence, numbers, studies, consents, links."""

from datetime import timedelta

import pytest
from django.test import Client

from minjing.base.clock import now as clock_now
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic import courses, signing
from minjing.modules.traffic.models import Binding, JointConsent, MoveCall, ParkingNotice, PlateNumber, Study
from minjing.modules.traffic.rules.licence_codes import checked
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import CLERK, LIN, SU
from minjing.modules.traffic.tests.signed_in import browser
from minjing.modules.traffic.tests.test_api import get, post
from minjing.modules.traffic.tests.test_items import city, house, printed  # noqa: F401 - the world
from minjing.modules.traffic.tests.test_move_calls import PHONES, called, link_of, phones  # noqa: F401
from minjing.modules.traffic.tests.test_parking_waiver import link_in, parked
from minjing.modules.traffic.tests.test_penalties import BEFORE, NOW, lin  # noqa: F401 - the people
from minjing.modules.traffic.tests.test_yielding_taking import AT, dispatch, take, violation  # noqa: F401
from minjing.portals.citizen.tests.conftest import signed_in

pytestmark = pytest.mark.django_db
API = "minjing.modules.traffic.views.api"
NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_vehicle_is_asked_for_lent_for_a_week_and_taken_back(person, vehicle):
    owner, user, stranger = (browser(person(n)) for n in (1, 2, 3))
    vin = vehicle(person(1)).vin
    said = {"plate": "粤B12345", "vin": vin[-6:]}
    status, own = post(owner, "/cars/bindings", said)
    assert (status, own["kind"], own["state"]) == (201, "own", "bound")
    status, asked = post(user, "/cars/bindings", said)
    assert (status, asked["kind"], asked["state"]) == (201, "other", "asked")
    assert post(user, "/cars/bindings", said)[1]["id"] == asked["id"]
    assert [one["id"] for one in get(owner, "/cars/uses")[1]] == [asked["id"]]
    assert get(user, "/cars/uses")[1] == []
    answer = f"/bindings/{asked['id']}/answer"
    for other in (user, stranger):  # nobody agrees for the owner
        assert post(other, answer, {"agrees": True})[0] == 404
    assert post(owner, answer, {"agrees": True, "days": 8})[0] == 422
    status, lent = post(owner, answer, {"agrees": True, "days": 7})
    assert (status, lent["state"], lent["until_at"] is not None) == (200, "bound", True)
    status, again = post(owner, answer, {"agrees": False})
    assert (status, again["key"], set(again["message"])) == (409, "answered", {"zh", "en"})
    assert post(stranger, f"/bindings/{asked['id']}/end", {})[0] == 404
    assert post(owner, f"/bindings/{asked['id']}/end", {}) == (200, {"ended": True})
    assert post(user, f"/bindings/{asked['id']}/end", {}) == (200, {"ended": False})
    assert Binding.objects.get(pk=asked["id"]).ended_by == "owner"
    assert Outbox.objects.filter(kind="traffic:binding:ended").count() == 2  # of the owner and of the user
    assert get(owner, "/stars")[1]["count"] == 3


def test_a_wrong_vin_is_said_at_its_field_and_guessing_ends(person, vehicle, monkeypatch):
    monkeypatch.setattr(f"{API}.bindings.now", lambda: NOW)  # twenty a day: no midnight between
    guesser = browser(person(2))
    vehicle(person(1))
    status, said = post(guesser, "/cars/bindings", {"plate": "粤B12345", "vin": "000009"})
    assert (status, said["key"], list(said["errors"])) == (422, "not_together", ["vin"])
    assert post(guesser, "/cars/bindings", {"plate": "\x00", "vin": "000009"})[0] == 422
    for _ in range(18):
        assert post(guesser, "/cars/bindings", {"plate": "粤B12345", "vin": "000009"})[0] == 422
    assert post(guesser, "/cars/bindings", {"plate": "粤B12345", "vin": "000009"})[0] == 429
    assert post(browser(None), "/cars/bindings", {"plate": "粤B12345", "vin": "000009"})[0] == 403
    assert not Binding.objects.exists()


def test_the_licence_is_bound_and_its_code_is_checked_by_the_published_key(person, licence):
    mine, other = browser(person(1)), browser(person(2))
    number = licence(person(1)).file_number
    assert post(other, "/licence/binding", {"file_number": number})[0] == 422
    status, bound = post(mine, "/licence/binding", {"file_number": number})
    assert (status, bound["kind"], bound["state"]) == (201, "licence", "bound")
    assert get(mine, "/licence")[1]["binding"] == bound["id"]
    said = get(mine, "/licence/code")[1]
    shown = checked(said["code"], signing.verify, clock_now())
    assert (shown.name, shown.classes) == ("林*夫", "C1")
    assert (said["address"].endswith(f"#{said['code']}"), 0 < said["left_s"] <= 60) == (True, True)
    assert get(other, "/licence/code") == (200, None)
    assert Client().get("/api/traffic/licence/code").status_code == 401


def test_a_number_is_drawn_kept_once_and_given_back(house):  # noqa: F811
    mine, other = signed_in(LIN.actor), signed_in(SU.actor)
    status, offer = post(mine, "/plates/draw", {"kind": "02"})
    assert (status, len(offer["plates"])) == (201, 50)
    plate = offer["plates"][0]
    assert post(other, "/plates/keep", {"plate": plate})[1]["key"] == "number_gone"  # drawn for somebody else
    status, kept = post(mine, "/plates/keep", {"plate": plate})
    assert (status, kept["plate"]) == (200, plate)
    assert post(mine, "/plates/keep", {"plate": plate}) == (200, kept)
    assert Outbox.objects.filter(kind="traffic:plate:kept").count() == 1
    listed = get(mine, "/plates")[1]
    assert (listed["kept"], listed["offer"]["id"], listed["draws_left"]) == (kept, offer["id"], 5)
    for nonsense in ("粤B00000", "\x00", "x" * 9):
        assert post(mine, "/plates/keep", {"plate": nonsense})[0] in (409, 422)
    assert post(mine, "/plates/draw", {"kind": "99"})[0] == 422
    assert [post(mine, "/plates/draw", {})[0] for _ in range(6)] == [201] * 5 + [429]
    assert post(mine, "/plates/let-go", {}) == (200, {"count": 1})
    assert post(mine, "/plates/let-go", {}) == (200, {"count": 0})
    assert not PlateNumber.objects.filter(state="held").exists()
    assert post(browser(None), "/plates/draw", {})[0] == 403
    assert get(signed_in(CLERK), "/plates")[0] == 403


def test_a_study_is_turned_as_time_passes_and_its_test_passed_once(house):  # noqa: F811
    mine, other = signed_in(LIN.actor), signed_in(SU.actor)
    status, begun = post(mine, "/studies", {"kind": "pedestrian"})
    assert (status, begun["wanted_min"], begun["enough"], begun["questions"]) == (201, 15, False, [])
    assert post(mine, "/studies", {"kind": "pedestrian"})[1]["id"] == begun["id"]
    assert [one["id"] for one in get(mine, "/studies")[1]] == [begun["id"]]
    address = f"/studies/{begun['id']}"
    assert post(mine, f"{address}/turn", {"lesson": 1})[1]["open_lesson"]["title"]["zh"] == courses.lessons()[0]["zh"]
    assert post(mine, f"{address}/turn", {"lesson": 2})[1]["spent_min"] == 0
    right = [question["right"] for question in courses.questions()]
    status, early = post(mine, f"{address}/test", {"answers": right})
    assert (status, early["key"]) == (409, "study_first")
    Study.objects.update(seconds_by_day={clock_now().date().isoformat(): 900})
    whole = get(mine, address)[1]
    assert (whole["enough"], len(whole["questions"]), "right" in str(whole["questions"])) == (True, 10, False)
    for path, said in (("", None), ("/turn", {"lesson": 1}), ("/test", {"answers": right})):  # another's is not there
        assert (get(other, address) if said is None else post(other, f"{address}{path}", said))[0] == 404
    status, passed = post(mine, f"{address}/test", {"answers": right})
    assert (status, passed["marks"], passed["passed_at"] is not None) == (200, 100, True)
    assert post(mine, f"{address}/test", {"answers": []})[1]["marks"] == 100
    assert post(mine, f"{address}/turn", {"lesson": 1})[1]["lesson"] == 2
    assert Outbox.objects.filter(kind="traffic:study:tested").count() == 1
    assert post(mine, "/studies", {"kind": "flying"})[0] == 422
    assert post(mine, f"{address}/turn", {"lesson": -1})[0] == 422


def test_a_consent_is_given_by_the_one_who_is_asked_and_the_first_answer_stays(house, printed, monkeypatch):  # noqa: F811
    monkeypatch.setattr(f"{API}.consents.now", lambda: world.NOW)
    matter = world.apply("JT0115", LIN)
    asked, asker = signed_in(SU.actor), signed_in(LIN.actor)
    listed = get(asked, "/consents")[1]
    assert [(one["matter_id"], one["asker"]) for one in listed] == [(str(matter.id), "林*夫")]
    assert get(asker, "/consents")[1] == []
    assert post(asker, f"/consents/{matter.id}", {"agrees": True})[0] == 404
    assert post(asked, f"/consents/{NOBODY}", {"agrees": True})[0] == 404
    assert post(asked, f"/consents/{matter.id}", {})[0] == 422
    assert post(asked, f"/consents/{matter.id}", {"agrees": False})[1]["state"] == "refused"
    assert post(asked, f"/consents/{matter.id}", {"agrees": False})[1]["state"] == "refused", "said twice"
    status, wrong = post(asked, f"/consents/{matter.id}", {"agrees": True})
    assert (status, wrong["key"]) == (409, "answered")
    assert JointConsent.objects.get().state == "refused"
    assert world.again(matter).state == "declined"
    assert Outbox.objects.filter(kind="traffic:consent:refused").count() == 1


def test_an_owner_answers_by_the_link_alone_and_the_caller_ends_it(phones):  # noqa: F811
    row = called()
    MoveCall.objects.filter(pk=row.pk).update(
        relay_state="bound", relay_number="17000000001", relay_until_at=clock_now() + timedelta(minutes=10)
    )
    owner, caller = Client(), signed_in(SU.actor)
    status, asked = get(owner, f"/move/{link_of()}")
    assert (status, asked["plate"], asked["number"], "matter_id" in asked) == (200, "粤B·12345", "17000000001", False)
    assert post(owner, f"/move/{link_of()}", {"answer": "coming"})[1]["answer"] == "coming"
    mine = get(caller, "/moves")[1][0]
    assert (mine["matter_id"], mine["answer"], mine["relay"]) == (str(row.pk), "coming", "bound")
    assert not [phone for phone in PHONES.values() if phone in f"{mine}{asked}"]
    assert get(signed_in(LIN.actor), "/moves")[1] == []
    assert post(signed_in(LIN.actor), f"/moves/{row.pk}/finish", {})[0] == 404
    assert post(caller, f"/moves/{row.pk}/finish", {}) == (200, {"finished": True})
    assert get(caller, "/moves")[1][0]["number"] == ""
    assert post(owner, f"/move/{link_of()}", {"answer": "later"})[0] == 422
    assert post(owner, f"/move/{link_of()}", {"answer": "misuse"})[1]["answer"] == "misuse"
    assert post(owner, f"/move/{link_of()}", {"answer": "coming"})[1]["answer"] == "misuse"
    assert Outbox.objects.filter(kind="traffic:move:misused").count() == 1
    assert Client().post("/api/traffic/moves/x/finish").status_code == 404
    assert Client().get("/api/traffic/moves").status_code == 401


def test_links_are_guessed_in_vain_and_not_for_long(phones, monkeypatch):  # noqa: F811
    at = clock_now()
    monkeypatch.setattr(f"{API}.links.now", lambda: at)  # thirty an hour: no full hour between
    guesser = Client()
    said = [post(guesser, f"/move/AAAA{n:012d}", {"answer": "coming"})[0] for n in range(31)]
    assert said == [404] * 30 + [429]
    called(at=at)
    assert get(guesser, f"/move/{link_of()}")[0] == 200  # a true link opens all the same


def test_a_driver_says_by_the_link_that_the_car_is_gone_once_and_in_time(lin, vehicle, monkeypatch):  # noqa: F811
    row = parked(vehicle(lin.person_id, "粤B77777", at=BEFORE))
    link, driver = link_in(lin.account_id), Client()
    at = NOW + timedelta(minutes=9)
    monkeypatch.setattr(f"{API}.links.now", lambda: at)
    status, told = get(driver, f"/parking/{link}")
    assert (status, told["plate"], told["left_at"], told["late"]) == (200, "粤B·77777", None, False)
    first = post(driver, f"/parking/{link}/left", {})
    assert (first[0], first[1]["left_at"] is not None) == (200, True)
    at = NOW + timedelta(hours=1)
    assert post(driver, f"/parking/{link}/left", {})[1]["left_at"] == first[1]["left_at"]
    assert Outbox.objects.filter(kind="traffic:parking:left").count() == 1
    for forged in (f"{row.pk.hex}:AAAA", "x", "号"):
        assert get(driver, f"/parking/{forged}")[0] == post(driver, f"/parking/{forged}/left", {})[0] == 404
    ParkingNotice.objects.update(left_at=None)
    status, late = post(driver, f"/parking/{link}/left", {})
    assert (status, late["key"]) == (409, "waiver_late")
    assert get(driver, f"/parking/{link}")[1]["late"] is True


def test_what_one_may_ask_about_making_way_is_listed(dispatch, person, monkeypatch):  # noqa: F811
    monkeypatch.setattr(f"{API}.made_way.now", lambda: AT + timedelta(hours=1))
    take(dispatch)
    row = violation(person_id=person(1))
    mine = browser(person(1))
    listed = get(mine, "/made-way")[1]
    assert [(one["violation"], one["stands"]) for one in listed] == [(str(row.pk), "open")]
    assert get(mine, f"/violations/{row.pk}/made-way")[1]["stands"] == "open"
    assert get(browser(person(9)), f"/violations/{row.pk}/made-way")[0] == 404
    assert post(browser(person(9)), f"/violations/{row.pk}/made-way", {"at": row.violated_at.isoformat()})[0] == 404
    status, asked = post(mine, f"/violations/{row.pk}/made-way", {"at": row.violated_at.isoformat()})
    assert (status, asked["found"], asked["state"]) == (201, True, "waiting")
    assert get(mine, f"/violations/{row.pk}/made-way")[1]["stands"] == "waiting"
