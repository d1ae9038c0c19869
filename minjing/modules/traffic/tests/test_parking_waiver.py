"""Ten minutes to drive away: told at the time, said by the link, let off with one key, and what followed with it."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.modules.traffic.actions import parking, violations
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import ParkingNotice, Strike
from minjing.modules.traffic.rules.parking_waiver import refusal
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import LIN, PLATE
from minjing.modules.traffic.tests.test_items import city, house, printed  # noqa: F401 - the world
from minjing.modules.traffic.tests.test_penalties import NOW, ZHOU, car, lin, officer  # noqa: F401 - the people

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def parked(car, at=NOW, conduct="SZP19", **more):  # noqa: F811 - the fixture
    facts = {
        "org_id": 3, "source": "camera", "conduct": conduct, "violated_at": at, "place": "深南示范路",
        "plate": car.plate, "vehicle_id": car.pk, "city": "440300", "checked": False,
    } | more  # fmt: skip
    return violations.record(facts, by=ZHOU, now=at)


def link_in(account_id):
    text = Message.objects.filter(account_id=account_id, template="parking_noticed").latest("id").text_zh
    return re.search(r"/parking/(\S+?)/", text)[1]


def test_the_driver_says_by_the_link_that_the_car_is_gone_and_one_key_strikes_it(lin, car):  # noqa: F811
    row = parked(car)
    parking.left(link_in(lin.account_id), now=NOW + 9 * MINUTE)
    violations.review(row.pk, "parking_waiver", by=ZHOU, now=NOW + 30 * MINUTE)
    row.refresh_from_db()
    assert (row.state, row.ground, row.fine_fen) == ("struck", "parking_waiver", 0)
    evidence = Strike.objects.get(violation_id=row.pk).evidence
    assert evidence["window_s"] == 600
    assert evidence["left_at"].startswith("2026-11-26T02:09")
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {"traffic:parking:noticed", "traffic:parking:left", "traffic:violation:struck"} <= kinds


def test_too_late_is_too_late_and_without_a_word_nothing_is_let_off(lin, car):  # noqa: F811
    row = parked(car)
    with pytest.raises(Refused, match="waiver_late"):
        violations.review(row.pk, "parking_waiver", by=ZHOU, now=NOW + MINUTE)
    with pytest.raises(Refused, match="waiver_late"):
        parking.left(link_in(lin.account_id), now=NOW + 12 * MINUTE)
    assert ParkingNotice.objects.get().left_at is None


def test_a_vehicle_is_let_off_once_a_day(lin, car):  # noqa: F811
    first, second = parked(car), parked(car, NOW + 60 * MINUTE)
    ends = NOW + timedelta(hours=26)
    third = parked(car, ends)
    parking.waive(first, NOW, NOW + MINUTE, by=ZHOU, now=NOW + 2 * MINUTE)
    at = second.violated_at
    with pytest.raises(Refused, match="waiver_again"):
        parking.waive(second, at, at + MINUTE, by=ZHOU, now=at + 2 * MINUTE)
    assert parking.waive(third, ends, ends + MINUTE, by=ZHOU, now=ends + 2 * MINUTE).ground == "parking_waiver"


def test_what_blocked_the_road_is_not_let_off_and_an_old_record_is_not_told(lin, car):  # noqa: F811
    jam = parked(car, conduct="SZP21")
    with pytest.raises(Refused, match="waiver_kind"):
        parking.waive(jam, NOW, NOW + MINUTE, by=ZHOU, now=NOW)
    old = NOW - timedelta(days=2)
    violations.record(
        {"org_id": 3, "source": "camera", "conduct": "SZP18", "violated_at": old, "place": "x", "plate": car.plate,
         "vehicle_id": car.pk, "city": "440300", "checked": False}, by=ZHOU, now=NOW,
    )  # fmt: skip
    assert not ParkingNotice.objects.exists()


def test_an_officer_does_not_let_off_an_own_car(lin, car):  # noqa: F811
    row = parked(car)
    parking.left(link_in(lin.account_id), now=NOW + MINUTE)
    with pytest.raises(Refused, match="own_car"):
        violations.review(row.pk, "parking_waiver", by=officer(9, "林建夫"), now=NOW + MINUTE)


def test_the_page_of_the_link_needs_no_sign_in_and_a_forged_one_opens_nothing(lin, car):  # noqa: F811
    row = parked(car)
    page = Client().get(f"/parking/{link_in(lin.account_id)}/")
    assert "凭照片申请免罚" in page.content.decode()  # the clock of the test is long past
    assert Client().get(f"/parking/{row.pk.hex}:AAAA/").status_code == 404


def test_both_ends_of_the_window_count():
    ten, day = 10 * MINUTE, timedelta(days=1)
    said = {"noticed_at": NOW, "window": ten, "again_after": day}
    assert refusal(left_at=NOW + ten, earlier=[], **said) == ""
    assert refusal(left_at=NOW, earlier=[], **said) == ""
    assert refusal(left_at=NOW + ten + timedelta(seconds=1), earlier=[], **said) == "late"
    assert refusal(left_at=NOW - MINUTE, earlier=[], **said) == "late"
    assert refusal(left_at=NOW, earlier=[NOW - day + MINUTE], **said) == "again"
    assert refusal(left_at=NOW, earlier=[NOW - day], **said) == ""


def test_a_waiver_after_publishing_takes_the_later_steps_and_the_money_with_it(house, printed):  # noqa: F811
    from minjing.modules.traffic.models import Vehicle

    lins = Vehicle.objects.get(plate=PLATE)
    row = parked(lins, at=world.NOW - timedelta(hours=1))
    violations.review(row.pk, by=ZHOU, now=world.NOW - timedelta(minutes=20))
    later = parked(lins, at=world.NOW - timedelta(minutes=10), place="福华示范路")
    violations.review(later.pk, by=ZHOU, now=world.NOW - timedelta(minutes=5))
    noticed, left = "2026-11-27T09:01", "2026-11-27T09:09"
    world.decided(world.apply("JT0316", LIN, noticed_at=noticed, left_at=left))
    row.refresh_from_db()
    assert (row.state, row.ground) == ("struck", "parking_waiver")
    struck = Strike.objects.get()
    assert struck.matter_id is not None
    assert {change["number"] for change in struck.differences} >= {row.number}
