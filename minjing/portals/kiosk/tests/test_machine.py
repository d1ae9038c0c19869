"""The machine in the hall: who gets in, what is wiped, what the next person sees, which is nothing."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Session
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import LIN, PUBLISHER, STRANGER
from minjing.portals.kiosk import actions, plugs, queries
from minjing.portals.kiosk.errors import Unknown, Wrong
from minjing.portals.kiosk.models import Machine, PrintJob, Visit
from minjing.portals.kiosk.tests.conftest import PHONES, let_in

pytestmark = pytest.mark.django_db
LIN_ID, STRANGER_ID = "440304199001010011", "440304199001010038"


def applied(by=LIN) -> Snapshot:
    sheet = {"marriage_certificate": [scan(by)]}
    return matters.submit_whole("HZ9901", ANSWERS, by=by, now=clock.now(), request_id=new_id(), materials=sheet)


def kinds(machine: Machine) -> list[str]:
    """Return the kinds of the entries that name this machine."""
    rows = Outbox.objects.filter(kind__startswith="kiosk:")
    return [row.kind for row in rows if str(machine.id).encode() in bytes(row.payload)]


# ---- the machine itself ----------------------------------------------------------------------------------


def test_a_browser_that_is_no_registered_machine_opens_nothing():
    stranger = Client(HTTP_HOST="localhost")
    for path in ("/kiosk/", "/kiosk/identify/", "/kiosk/home/", "/kiosk/help/", "/kiosk/end/"):
        assert stranger.get(path)["Location"] == "/kiosk/pair/"


def test_a_pairing_code_is_good_once_and_for_fifteen_minutes(machine: Machine):
    now = clock.now()
    code = actions.pair_anew(machine.id, by=PUBLISHER, now=now)
    with pytest.raises(Unknown):
        actions.pair(code, address="a", now=now + timedelta(minutes=16))
    actions.pair(code, address="a", now=now)
    with pytest.raises(Unknown):
        actions.pair(code, address="a", now=now)


def test_pairing_anew_or_retiring_shuts_the_browser_out(machine: Machine, browser: Client):
    assert browser.get("/kiosk/").status_code == 200
    actions.pair_anew(machine.id, by=PUBLISHER, now=clock.now())
    assert browser.get("/kiosk/").status_code == 302
    actions.retire(machine.id, by=PUBLISHER, now=clock.now())
    with pytest.raises(Unknown):
        actions.retire(machine.id, by=PUBLISHER, now=clock.now())


@pytest.mark.parametrize(("code", "spot"), [("x", {"zh": "厅", "en": "Hall"}), ("FT-02", {"zh": "厅", "en": " "})])
def test_a_machine_needs_a_code_and_a_place_in_both_languages(machine: Machine, code: str, spot: dict[str, str]):
    with pytest.raises(Wrong):
        actions.register(code, 27, spot, by=PUBLISHER, now=clock.now())
    with pytest.raises(Wrong):
        actions.register("FT-01", 27, {"zh": "厅", "en": "Hall"}, by=PUBLISHER, now=clock.now())


# ---- getting in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [LIN_ID, "19900000001"])
def test_a_number_and_the_code_from_the_phone_let_one_in(browser: Client, codes: dict[str, str], typed: str):
    assert (
        browser.post("/kiosk/identify/", {"who": typed, "goal": "matters"})["Location"] == "/kiosk/code/?goal=matters"
    )
    done = browser.post("/kiosk/code/", {"code": codes[PHONES[LIN.account_id]], "goal": "matters"})
    assert done["Location"] == "/kiosk/matters/"
    assert browser.get("/kiosk/home/").status_code == 200


def test_a_number_that_nobody_has_looks_the_same_and_lets_nobody_in(browser: Client, codes: dict[str, str]):
    known = browser.post("/kiosk/identify/", {"who": LIN_ID})
    page = browser.get(known["Location"]).content
    other = Client(HTTP_HOST="localhost", HTTP_SEC_FETCH_SITE="same-origin", REMOTE_ADDR="10.0.0.9")
    other.cookies = browser.cookies.copy()
    other.cookies.pop("session")
    unknown = other.post("/kiosk/identify/", {"who": "110101199003070134"})
    assert unknown["Location"] == known["Location"]
    again = other.get(unknown["Location"]).content
    assert again.split(b"csrfmiddlewaretoken")[0] == page.split(b"csrfmiddlewaretoken")[0]
    assert set(codes) == {"19900000001"}
    for guess in ("000000", codes["19900000001"]):
        assert other.post("/kiosk/code/", {"code": guess}).status_code == 422
    assert Visit.objects.count() == 0


def test_what_is_no_number_is_said_at_the_field(browser: Client, codes: dict[str, str]):
    for typed in ("", "12345", "440304199001010012"):
        answer = browser.post("/kiosk/identify/", {"who": typed})
        assert answer.status_code == 422
        assert b'id="e-who"' in answer.content


# ---- a machine left open ---------------------------------------------------------------------------------


def test_a_machine_left_open_shows_the_next_person_nothing(machine: Machine, browser: Client):
    mine = applied()
    let_in(browser, machine)
    assert mine.number in browser.get("/kiosk/matters/").content.decode()
    Visit.objects.update(seen_at=clock.now() - queries.IDLE - queries.GRACE - timedelta(seconds=1))
    left = browser.get(f"/kiosk/matters/{mine.number}/")
    assert mine.number not in left.content.decode()
    assert left["Clear-Site-Data"] == '"cache", "storage"'
    assert Session.objects.filter(account_id=LIN.account_id).count() == 0
    assert browser.cookies["csrf"].value == ""
    assert Visit.objects.get().why == "timeout"
    for path in ("/kiosk/matters/", f"/kiosk/matters/{mine.number}/", "/kiosk/papers/", "/kiosk/home/"):
        assert browser.get(path)["Location"] == "/kiosk/"
    for path in ("/me/", "/matters/", f"/matters/{mine.number}/"):
        assert browser.get(path)["Location"].startswith("/sign-in/")


def test_leaving_wipes_session_queue_and_cookies_and_keeps_the_machines_own(machine: Machine, browser: Client):
    mine = applied()
    let_in(browser, machine)
    browser.cookies["django_language"] = "en"
    browser.post("/kiosk/print/", {"receipt": mine.number})
    left = browser.post("/kiosk/end/")
    assert left.status_code == 200
    assert PrintJob.objects.get().state == PrintJob.CANCELLED
    assert browser.cookies["django_language"].value == ""
    assert browser.cookies["session"].value == ""
    assert browser.get("/kiosk/").status_code == 200, "the machine is still itself"
    assert kinds(machine)[-1] == "kiosk:visit:ended"


def test_whoever_is_let_in_next_ends_the_visit_before(machine: Machine, browser: Client):
    let_in(browser, machine, LIN)
    lins = browser.cookies["session"].value
    let_in(browser, machine, STRANGER)
    assert Visit.objects.filter(ended_at__isnull=True).count() == 1
    browser.cookies["session"] = lins
    assert b"kiosk:end" not in browser.get("/kiosk/matters/").content
    assert Visit.objects.get(account_id=LIN.account_id).why == "next"


def test_coming_back_to_the_first_page_wipes_too(machine: Machine, browser: Client):
    let_in(browser, machine)
    assert browser.get("/kiosk/")["Clear-Site-Data"]
    assert Session.objects.filter(account_id=LIN.account_id).count() == 0


def test_the_session_of_a_machine_opens_no_other_page_of_the_house(machine: Machine, browser: Client):
    let_in(browser, machine)
    for path in ("/", "/me/", "/matters/", "/me/looks/", "/sessions/", "/api/me", "/messages/"):
        assert browser.get(path)["Location"] == "/kiosk/home/"


def test_nothing_of_a_visit_may_be_kept_by_the_browser(machine: Machine, browser: Client):
    mine = applied()
    let_in(browser, machine)
    for path in ("/kiosk/home/", "/kiosk/matters/", f"/kiosk/matters/{mine.number}/", "/kiosk/papers/"):
        assert "no-store" in browser.get(path)["Cache-Control"]


def test_touching_the_screen_keeps_the_visit_alive_but_not_one_that_is_over(machine: Machine, browser: Client):
    let_in(browser, machine)
    Visit.objects.update(seen_at=clock.now() - timedelta(seconds=50))
    assert browser.post("/kiosk/alive/").status_code == 204
    assert clock.now() - Visit.objects.get().seen_at < timedelta(seconds=5)
    Visit.objects.update(seen_at=clock.now() - timedelta(seconds=90))
    assert browser.post("/kiosk/alive/").status_code == 410


# ---- what one does there -----------------------------------------------------------------------------------


def test_nobody_prints_what_is_not_theirs(machine: Machine, browser: Client):
    mine = applied()
    let_in(browser, machine, STRANGER)
    assert browser.get(f"/kiosk/matters/{mine.number}/").status_code == 404
    assert browser.post("/kiosk/print/", {"receipt": mine.number}).status_code == 404
    assert PrintJob.objects.count() == 0


def test_a_print_belongs_to_its_visit_also_on_the_same_machine(machine: Machine, browser: Client):
    mine = applied()
    let_in(browser, machine)
    page = browser.post("/kiosk/print/", {"receipt": mine.number})["Location"]
    assert mine.number in browser.get(page).content.decode()
    let_in(browser, machine)
    assert browser.get(page).status_code == 404


def test_without_paper_the_print_waits_and_somebody_is_called(machine: Machine, browser: Client, monkeypatch):
    called: list[str] = []
    monkeypatch.setattr(plugs, "_help", [lambda machine, words, **_: called.append(machine) or "BZ00260000001"])
    mine = applied()
    let_in(browser, machine)
    page = browser.post("/kiosk/print/", {"receipt": mine.number})["Location"]
    browser.post(page, {"none": "1"})
    assert called == ["FT-01"]
    assert "打印纸用完了" in browser.get(page).content.decode()
    assert PrintJob.objects.get().state == PrintJob.WAITING
    actions.set_paper(machine.id, out=False, by=PUBLISHER, now=clock.now())
    assert "正在打印" in browser.get(page).content.decode()
    browser.post(page, {"came": "1"})
    assert PrintJob.objects.get().state == PrintJob.PRINTED
    assert kinds(machine)[-4:] == [
        "kiosk:machine:paper", "kiosk:help:called", "kiosk:machine:paper", "kiosk:paper:printed",
    ]  # fmt: skip


def test_the_help_button_calls_without_a_name_and_three_times_at_most(machine: Machine, browser: Client, monkeypatch):
    called: list[tuple[str, str]] = []
    monkeypatch.setattr(
        plugs, "_help", [lambda machine, words, **_: called.append((machine, words)) or f"BZ{len(called)}"]
    )
    for _ in range(5):
        page = browser.post("/kiosk/help/", {"trouble": "card", "request_id": str(new_id())}).content.decode()
        assert "工作人员马上过来" in page
    assert called == [("FT-01", "福田派出所大厅：身份证读不出来")] * 3


def test_without_a_help_desk_the_button_sends_to_the_counter(machine: Machine, browser: Client, monkeypatch):
    monkeypatch.setattr(plugs, "_help", [])
    page = browser.post("/kiosk/help/", {"trouble": "card", "request_id": str(UUID(int=5))}).content.decode()
    assert "请到窗口" in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_the_walk_speaks_the_chosen_language(machine: Machine, browser: Client, language: str):
    mine = applied()
    browser.cookies["django_language"] = language
    paths = ["/kiosk/", "/kiosk/identify/", "/kiosk/help/"]
    for path in paths:
        assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in browser.get(path).content.decode()
    let_in(browser, machine)
    for path in ("/kiosk/home/", "/kiosk/matters/", f"/kiosk/matters/{mine.number}/", "/kiosk/papers/"):
        page = browser.get(path)
        assert page.status_code == 200
        assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in page.content.decode()
