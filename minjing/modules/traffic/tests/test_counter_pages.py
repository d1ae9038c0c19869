"""The counter decides what takes effect there; the examiner's desk enters results; the driver sees the clock."""

import pytest

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Unit
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.pay.tests.conftest import officer as appointed
from minjing.modules.traffic.models import FullPoints, Licence, PointsEntry, Suspension, TestBooking
from minjing.modules.traffic.tests.test_withholding import (
    DAY,
    HOUR,
    NOW,
    booked,
    car,  # noqa: F401 - fixtures
    driver,  # noqa: F401
    fifth,  # noqa: F401
    full_by_another_city,
    lin,  # noqa: F401
    suspended,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch):
    for where in ("minjing.base.clock.now", "minjing.modules.traffic.views.own.now"):
        monkeypatch.setattr(where, lambda: NOW + HOUR)


@pytest.fixture
def post():
    """Return a way to sign an officer in with one act."""
    unit = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path="1.", name={"zh": "市局", "en": "Bureau"}
    )

    def hold(act, language="zh-hans"):
        made = appointed(unit, f"traffic_{act}"[:30], act, "look")
        return signed_in(people.actor_of(made.account_id, NOW), language)

    return hold


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "当场生效"), ("en", "takes effect now")])
def test_an_officer_decides_at_the_counter_and_the_driver_sees_the_clock(language, words, post, lin, fifth, driver):  # noqa: F811
    officer = post("review_violations", language)
    form = {"number": fifth[-1].number, "file_number": driver.file_number}
    seen = officer.post("/officer/traffic/counter/", form).content.decode()
    assert "2027-02-26" in seen
    assert "林建夫" in seen
    assert not Suspension.objects.exists()
    assert words in officer.post("/officer/traffic/counter/", form | {"step": "decide"}).content.decode()
    assert Licence.objects.get(pk=driver.pk).status == "suspended"
    page = signed_in(lin, language).get("/me/licence/").content.decode()
    assert "92" in page
    assert fifth[-1].number in page
    code = signed_in(lin, language).get("/me/licence/code/").content.decode()
    assert {"zh-hans": "期间不得驾驶", "en": "does not allow driving"}[language] in code


def test_the_counter_says_what_is_wrong(post, fifth, driver):  # noqa: F811
    officer = post("review_violations")
    for form, words in (
        ({"number": "WF0", "file_number": driver.file_number}, "没有这个编号"),
        ({"number": fifth[0].number, "file_number": "123"}, "没有这个档案编号"),
    ):
        answer = officer.post("/officer/traffic/counter/", form)
        assert answer.status_code == 422
        assert words in answer.content.decode()


def test_points_of_another_city_are_entered_at_the_counter_once(post, lin, driver):  # noqa: F811
    officer = post("review_violations")
    form = {
        "file_number": driver.file_number, "city": "广州", "reference": "GZ-1", "day": "2026-11-20", "points": "13",
    }  # fmt: skip
    for _ in range(2):
        assert officer.post("/officer/traffic/counter/points/", form).status_code == 302
    assert (PointsEntry.objects.get().points, FullPoints.objects.get().points) == (13, 13)
    for wrong, words in (
        ({"points": "0"}, "1 到 36"),
        ({"day": "2027-01-01"}, "不能晚于今天"),
        ({"city": ""}, "城市"),
    ):
        answer = officer.post("/officer/traffic/counter/points/", form | wrong)
        assert (answer.status_code, words in answer.content.decode()) == (422, True)


def test_the_examiner_enters_marks_and_the_licence_comes_back(post, lin, driver):  # noqa: F811
    full_by_another_city(lin)
    page = signed_in(lin).get("/me/licence/").content.decode()
    assert "满分学习 7 天" in page
    one = booked(lin)
    officer = post("examine")
    assert "林建夫" in officer.get("/officer/traffic/tests/").content.decode()
    officer.post(f"/officer/traffic/tests/{one.pk}/", {"marks": "abc"})
    assert TestBooking.objects.get().status == "booked"
    said = officer.post(f"/officer/traffic/tests/{one.pk}/", {"marks": "92"}, follow=True).content.decode()
    assert "合格，已登记" in said
    assert Licence.objects.get(pk=driver.pk).status == "valid"


def test_the_pages_take_their_posts(post, lin):  # noqa: F811
    stranger = post("handle")
    for address in ("/officer/traffic/counter/", "/officer/traffic/tests/"):
        assert stranger.get(address).status_code == 403
        assert signed_in(lin).get(address).status_code == 403


def test_a_suspension_that_has_run_is_no_longer_shown(lin, fifth, driver):  # noqa: F811
    suspended(fifth, driver)
    Suspension.objects.update(returned_at=NOW + 92 * DAY)
    assert "暂扣中" not in signed_in(lin).get("/me/licence/").content.decode()
