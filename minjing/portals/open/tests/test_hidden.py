"""The public count of hidden looks: every unit, noughts included, whole months only."""

import pytest
from django.test import Client

from minjing.base import clock
from minjing.base.clock import local_day
from minjing.kernel.identity import queries
from minjing.kernel.identity.models import HiddenTally, Unit
from minjing.kernel.identity.rules import months_before

pytestmark = pytest.mark.django_db


@pytest.fixture
def units():
    made = [
        Unit.objects.create(
            code=code, org_id=org, level="station", path=f"{n}.", name={"zh": f"单位{n}", "en": f"Unit {n}"}
        )
        for n, (code, org) in enumerate((("A", 1), ("B", 2)), 901)
    ]
    last = months_before(local_day(clock.now()), 1)[0]
    HiddenTally.objects.create(org_id=1, unit=made[0], month=last, looks=7)
    HiddenTally.objects.create(org_id=2, unit=made[1], month=local_day(clock.now()).replace(day=1), looks=99)
    return made


def test_every_unit_stands_on_the_page_with_its_noughts(units):
    page = Client().get("/open/hidden-looks/").content.decode()
    assert "单位901" in page
    assert "单位902" in page
    assert ">7<" in page
    assert ">0<" in page
    assert ">99<" not in page  # the month that runs is not told


def test_the_json_says_the_same_as_the_page(units):
    said = Client().get("/open/hidden-looks.json").json()
    last = said["months"][0]
    assert len(said["months"]) == 12
    by_code = {unit["code"]: unit["hidden"][last] for unit in said["units"]}
    assert (by_code["A"], by_code["B"], said["total"][last]) == (7, 0, 7)


def test_a_city_that_has_hidden_none_says_nought(db):
    assert not any(queries.hidden_counts(clock.now()).totals)
    english = Client(headers={"Accept-Language": "en"}).get("/open/hidden-looks/?lang=en").content.decode()
    assert "Hidden looks" in english or "暂不告知" in english
