"""The pages of violations: the driver's list and explanation, accepting and paying, objecting, and the desk."""

from datetime import timedelta
from uuid import uuid4

import pytest

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Unit
from minjing.kernel.matters.plugs import ACCEPTS, EFFECTS, EXCLUDES, STEP_ACTS
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.kernel.pay.tests.conftest import officer as appointed
from minjing.modules.traffic.actions import penalties
from minjing.modules.traffic.models import Charge, Violation
from minjing.modules.traffic.tests.test_penalties import (
    NOW,
    ZHOU,
    car,  # noqa: F401 - fixtures
    driver,  # noqa: F401
    house,  # noqa: F401
    lin,  # noqa: F401
    recorded,
    red_lights,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("minjing.modules.traffic.views.violations.now", lambda: NOW)


@pytest.fixture
def reviewer():
    unit = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path="1.", name={"zh": "市局", "en": "Bureau"}
    )
    made = appointed(unit, "traffic_reviewer", "review_violations")
    return people.actor_of(made.account_id, NOW)


def test_what_the_objection_names_is_hung_in():
    assert "traffic.object" in EFFECTS
    assert "traffic.objects" in STEP_ACTS
    assert "traffic.reviewed_it" in EXCLUDES
    assert "traffic.may_object" in ACCEPTS


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "如果这只是第 2 次"), ("en", "Were it only the 2nd")])
def test_the_driver_reads_why_and_what_would_have_changed_it(language, words, lin, car, driver):  # noqa: F811
    third = red_lights(car)[2]
    browser = signed_in(lin, language)
    listed = browser.get("/me/violations/").content.decode()
    assert f"/me/violations/{third.pk}/" in listed
    assert "<svg" in listed  # the ring
    page = browser.get(f"/me/violations/{third.pk}/").content.decode()
    assert words in page
    assert "SZP01-3" in page
    assert third.number in page


def test_accepted_it_is_decided_and_paid_on_one_way(lin, car, driver):  # noqa: F811
    third = red_lights(car)[2]
    browser = signed_in(lin)
    browser.post(f"/me/violations/{third.pk}/accept/", {"parts": "2"})
    first = Charge.objects.order_by("seq").first()
    assert [c.fen for c in Charge.objects.order_by("seq")] == [50000, 50000]
    assert "/pay/" in browser.post(f"/me/violations/pay/{first.pk}/")["Location"]
    assert browser.get(f"/me/violations/{third.pk}/").status_code == 200


def test_struck_it_says_so_and_why(lin, car):  # noqa: F811
    first, second = red_lights(car, 2)
    penalties.strike(first.pk, "made_way", {}, by=ZHOU, now=NOW)
    browser = signed_in(lin)
    assert "为救护车让行" in browser.get(f"/me/violations/{first.pk}/").content.decode()
    assert "重新计算" in browser.get(f"/me/violations/{second.pk}/").content.decode()


def test_nobody_elses_violation_is_there(lin, car):  # noqa: F811
    browser = signed_in(lin)
    assert browser.get(f"/me/violations/{uuid4()}/").status_code == 404


def test_one_key_a_decision_and_the_next_is_there(reviewer, car):  # noqa: F811
    for n in range(3):
        recorded(car, NOW - (10 + n) * timedelta(days=1))
    browser = signed_in(reviewer)
    page = browser.get("/officer/violations/").content.decode()
    first, second, third = Violation.objects.order_by("recorded_at", "id")
    assert first.number in page
    assert 'data-key="p"' in page
    for row, what in ((first, "publish"), (second, "cloned"), (third, "skip")):
        assert browser.post(f"/officer/violations/{row.pk}/", {"what": what}).status_code == 302
    assert [Violation.objects.get(pk=v.pk).state for v in (first, second, third)] == [
        "published",
        "struck",
        "recorded",
    ]
    left = browser.get("/officer/violations/").content.decode()
    assert third.number not in left
    assert "留给了别人" in left
    assert "没有待审核" not in left


def test_a_resident_does_not_come_to_the_desk(lin):  # noqa: F811
    assert signed_in(lin).get("/officer/violations/").status_code == 403
