"""Identity checks through the API: one's own from the card to the camera, and the officer's desk side by side."""

from base64 import b64decode
from datetime import timedelta

import pytest

from minjing.base.clock import local_day, now
from minjing.base.ids import new_id
from minjing.kernel.identity.models import Account, Appointment, Check, CheckPicture, Evidence, Post
from minjing.kernel.identity.plugs import Registered, plugs
from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.rules import faces
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import NUMBERS, city, signed_in  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, MONDAY, STRANGER, ZHOU
from minjing.portals.api.tests.photos import jpeg, photo
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
LONG_AGO = MONDAY.replace(year=2020)
CHECK, DESK = "/api/me/check", "/api/work/checks"


def unread(front, back, *, today):
    raise reading.Unread("broke")


@pytest.fixture(autouse=True)
def machine(monkeypatch, settings):
    """A reading process that reads no card, and holds any two faces for the same."""
    settings.FACE_DECIDES = True
    monkeypatch.setattr(reading, "read_card", unread)
    monkeypatch.setattr(reading, "check_pose", lambda straight, turned, asked: faces.Posed(True, "dlib-5pt", 0.1))
    same = faces.FaceResult(0.31, 0.45, "dlib-resnet", "1", 0.4)
    monkeypatch.setattr(reading, "compare_faces", lambda kept, shown: same)
    monkeypatch.setattr(reading, "available", lambda: True)
    monkeypatch.setattr(plugs, "clean_picture", lambda content: content)
    monkeypatch.setattr(plugs, "check_register", lambda *, name, id_number, now: Registered(True, True))
    monkeypatch.setattr(plugs, "register_photo", None)


@pytest.fixture
def lin(as_):  # noqa: F811 - the fixture
    return as_(LIN)


@pytest.fixture
def clerk(as_):  # noqa: F811 - the fixture
    """Chen, at a desk that compares."""
    Post.objects.create(
        code="id_clerk", name={"zh": "窗口民警", "en": "Clerk"}, level="station", acts=["confirm_identity", "look"]
    )
    Appointment.objects.create(account_id=CHEN.account_id, unit_id=27, post_id="id_clerk", since=LONG_AGO)
    return as_(CHEN)


def fields(**more):
    day = local_day(now()).replace(month=5, day=1)
    return {
        "name": "林晓夫", "id_number": NUMBERS[LIN.person_id], "issuer": "深圳市公安局福田分局",
        "valid_from": day.replace(year=day.year - 6).isoformat(),
        "valid_to": day.replace(year=day.year + 14).isoformat(), **more,
    }  # fmt: skip


def to_camera(client, way="machine") -> dict:
    assert post(client, CHECK).status_code == 201
    assert client.post(f"{CHECK}/card", {"front": photo(), "back": photo(90)}).json()["state"] == "fields"
    assert post(client, f"{CHECK}/fields", **fields()).json()["state"] == "way"
    return post(client, f"{CHECK}/way", way=way).json()


def selfie(client):
    return client.post(f"{CHECK}/selfie", {"straight": photo(), "turned": photo(150)})


def test_from_the_card_to_the_camera(lin):
    assert lin.get(CHECK).json()["state"] == "none"
    stands = to_camera(lin)
    assert (stands["state"], stands["machine"]) == ("selfie", True)
    assert {"zh", "en"} == stands["step"].keys()
    done = selfie(lin).json()
    assert (done["outcome"], done["check"]["state"]) == ("same", "done")
    evidence = Evidence.objects.get()
    assert (evidence.account_id, evidence.method, evidence.device_index) == (LIN.account_id, "machine", None)
    assert not CheckPicture.objects.exists()
    (stands,) = lin.get(f"{CHECK}/evidence").json()
    assert (stands["id"], stands["method"]) == (str(evidence.pk), "machine")
    assert lin.get("/api/me").json()["level"] == 3, "a token sits nowhere, so the check is fresh nowhere"


def test_in_a_browser_the_check_is_fresh_there(city):  # noqa: F811 - the fixture
    browser = signed_in(LIN)
    to_camera(browser)
    assert selfie(browser).json()["outcome"] == "same"
    assert browser.get("/api/me").json()["level"] == 4
    evidence = Evidence.objects.get()
    assert evidence.session_ref is not None
    assert evidence.device_index is not None


def test_begun_twice_it_is_one_check(lin):
    assert post(lin, CHECK).json()["id"] == post(lin, CHECK).json()["id"]
    assert Check.objects.count() == 1


def test_a_step_out_of_order_is_stale_and_what_is_not_open_is_not_there(lin):
    for answer in (post(lin, f"{CHECK}/way", way="officer"), selfie(lin), lin.delete(CHECK)):
        assert answer.status_code == 404
    post(lin, CHECK)
    early = post(lin, f"{CHECK}/way", way="officer")
    assert (early.status_code, early.json()["key"]) == (409, "moved_on")
    assert lin.delete(CHECK).json()["state"] == "refused"
    assert Check.objects.get().outcome == "given_up"


def test_anothers_card_ends_the_check(lin):
    post(lin, CHECK)
    lin.post(f"{CHECK}/card", {"front": photo(), "back": photo()})
    refused = post(lin, f"{CHECK}/fields", **fields(id_number=NUMBERS[STRANGER.person_id]))
    assert (refused.status_code, refused.json()["key"]) == (403, "other_card")
    assert lin.get(CHECK).json()["outcome"]["zh"]
    assert not CheckPicture.objects.exists()


def test_what_is_missing_or_wrong_comes_per_field(lin):
    post(lin, CHECK)
    assert list(lin.post(f"{CHECK}/card", {"front": photo()}).json()["errors"]) == ["back"]
    lin.post(f"{CHECK}/card", {"front": photo(), "back": photo()})
    for field in ("name", "issuer", "valid_to"):
        wrong = post(lin, f"{CHECK}/fields", **fields(**{field: ""}))
        assert (wrong.status_code, list(wrong.json()["errors"])) == (422, [field])
    assert post(lin, f"{CHECK}/way", way="x").status_code == 422


@pytest.mark.parametrize("odd", ["\x00", "９" * 300, "9999-99-99", None, 5, ["x"], "<script>"])
def test_nonsense_is_answered_without_a_fault(lin, clerk, odd):
    post(lin, CHECK)
    lin.post(f"{CHECK}/card", {"front": photo(), "back": photo()})
    for field in fields():
        assert 400 <= post(lin, f"{CHECK}/fields", **fields(**{field: odd})).status_code < 500
    assert 400 <= post(lin, f"{CHECK}/way", way=odd).status_code < 500
    assert 400 <= lin.post(f"{CHECK}/selfie", {"straight": "x", "turned": "y"}).status_code < 500
    assert post(clerk, f"{DESK}/by-code", code=odd).status_code == 422


def test_a_step_that_is_over_is_drawn_anew(lin):
    to_camera(lin)
    Check.objects.update(challenge_until=now() - timedelta(minutes=1))
    assert selfie(lin).status_code == 422
    Check.objects.update(challenge_until=None)
    drawn = post(lin, f"{CHECK}/step").json()
    assert drawn["step_until"] is not None
    assert selfie(lin).json()["outcome"] == "same"


def test_officers_and_those_without_a_name_have_no_check(as_):  # noqa: F811 - the fixture
    assert as_(CHEN).get(CHECK).status_code == 403
    assert post(as_(CHEN), CHECK).json()["key"] == "not_resident"


def test_a_name_and_a_number_are_said_once(lin):
    again = post(lin, f"{CHECK}/who", name="林晓夫", id_number=NUMBERS[LIN.person_id])
    assert (again.status_code, again.json()["key"]) == (403, "known_already")
    Account.objects.filter(pk=LIN.account_id).update(person_id=None, level=1)
    assert post(lin, CHECK).json()["key"] == "number_first"
    wrong = post(lin, f"{CHECK}/who", name="林晓夫", id_number="1")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["id_number"])
    said = post(lin, f"{CHECK}/who", name="林晓夫", id_number=NUMBERS[LIN.person_id])
    assert said.json() == {"level": 2}
    assert Account.objects.get(pk=LIN.account_id).person_id == LIN.person_id


# ---- the desk -------------------------------------------------------------------------------------------


def laid_before(lin) -> str:
    to_camera(lin, "officer")
    assert selfie(lin).json()["outcome"] == "officer"
    return lin.get(CHECK).json()["id"]


def test_an_officer_takes_opens_and_decides(lin, clerk):
    check = laid_before(lin)
    (waits,) = clerk.get(DESK).json()
    assert (waits["id"], waits["claimed"]) == (check, False)
    assert clerk.post(f"{DESK}/{check}/open").status_code == 404, "first one takes it"
    assert post(clerk, f"{DESK}/next").json() == {"id": check}
    assert post(clerk, f"{DESK}/next").json() == {"id": check}
    looked = Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id)
    assert not looked.exists()
    opened = clerk.post(f"{DESK}/{check}/open").json()
    assert looked.count() == 1
    assert opened["fields"]["issuer"] == "深圳市公安局福田分局"
    assert b64decode(opened["pictures"]["straight"]) == jpeg()
    assert post(clerk, f"{DESK}/{check}/verdict", verdict="same").json() == {"state": "done"}
    assert Evidence.objects.get().confirmed_by_id == CHEN.account_id
    assert not CheckPicture.objects.exists()
    late = post(clerk, f"{DESK}/{check}/verdict", verdict="same")
    assert (late.status_code, late.json()["key"]) == (404, "check_gone")


def test_what_a_colleague_has_taken_is_not_there_until_it_is_laid_back(lin, clerk, as_):  # noqa: F811
    check = laid_before(lin)
    post(clerk, f"{DESK}/next")
    Appointment.objects.create(account_id=ZHOU.account_id, unit_id=27, post_id="id_clerk", since=LONG_AGO)
    zhou = as_(ZHOU)
    assert zhou.get(DESK).json() == []
    assert post(zhou, f"{DESK}/next").json() == {"id": None}
    for path in (f"{DESK}/{check}/open", f"{DESK}/{check}/release"):
        assert zhou.post(path).status_code == 404
    assert post(zhou, f"{DESK}/{check}/verdict", verdict="different").status_code == 404
    assert clerk.post(f"{DESK}/{check}/release").json() == {"released": True}
    assert post(zhou, f"{DESK}/next").json() == {"id": check}
    assert post(zhou, f"{DESK}/{check}/verdict", verdict="guess").status_code == 422
    assert clerk.post(f"{DESK}/{new_id()}/open").status_code == 404


def test_a_code_shown_at_the_counter(lin, clerk):
    code = post(lin, f"{CHECK}/counter").json()["code"]
    assert len(code) == 8
    wrong = post(clerk, f"{DESK}/by-code", code=f"{(int(code) + 1) % 10**8:08d}")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["code"])
    taken = post(clerk, f"{DESK}/by-code", code=f"{code[:4]} {code[4:]}").json()["id"]
    assert clerk.post(f"{DESK}/{taken}/open").json()["at_counter"]
    assert post(clerk, f"{DESK}/{taken}/verdict", verdict="same").status_code == 200
    assert Evidence.objects.get().method == "counter"


def test_without_the_post_the_desk_is_shut(lin, as_):  # noqa: F811 - the fixture
    check = laid_before(lin)
    for client in (as_(ZHOU), as_(STRANGER)):
        for answer in (
            client.get(DESK),
            post(client, f"{DESK}/next"),
            post(client, f"{DESK}/by-code", code="12345678"),
            client.post(f"{DESK}/{check}/open"),
            post(client, f"{DESK}/{check}/verdict", verdict="same"),
        ):
            assert (answer.status_code, answer.json()["key"]) == (403, "no_post")
    assert Check.objects.get().officer_id is None
