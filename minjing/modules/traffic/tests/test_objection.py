"""An objection walked whole through the real engine: made, upheld by others, cascaded, paid back, on record."""

import json

import pytest

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.notify.models import Message
from minjing.kernel.pay.actions import refunds
from minjing.kernel.pay.models import Refund
from minjing.modules.traffic.actions import deciding, violations
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import Objection, Violation
from minjing.modules.traffic.queries import objections
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import CLERK, HOUR, LIN, NOW, PLATE, SU
from minjing.modules.traffic.tests.test_items import city, house, printed  # noqa: F401 - fixtures
from minjing.modules.traffic.tests.test_penalties import DAY, ZHOU, paid, sums

pytestmark = pytest.mark.django_db


@pytest.fixture
def red_lights(house, printed):  # noqa: F811 - the fixtures
    """Return three red lights of one car, all published: a warning, 500 yuan, 1,000 yuan."""
    made = []
    for ago in (70, 40, 10):
        said = {"org_id": 1, "violated_at": NOW - ago * DAY, "conduct": "SZP01", "place": "深南大道", "plate": PLATE}
        one = violations.record(said, by=SYSTEM, now=NOW - 5 * DAY)
        made.append(violations.review(one.pk, by=ZHOU, now=NOW - 4 * DAY))
    assert [sums(one)[1] for one in made] == [0, 50000, 100000]
    return made


def test_an_upheld_objection_brings_back_what_was_paid_for_a_later_violation(red_lights, house):  # noqa: F811
    first, second, third = red_lights
    order = paid(second, LIN.actor, NOW)
    matter = world.apply("JT0313", LIN, now=NOW + HOUR, violation_no=first.number, ground="yielded")
    assert Objection.objects.get(matter_id=matter.id).violation_id == first.pk
    matter = world.decided(matter, NOW + 2 * HOUR)
    assert matter.outcome == "approved"
    assert [sums(one)[:2] for one in red_lights] == [("removed", 0), ("warned", 0), ("charged", 50000)]
    (refund,) = Refund.objects.filter(order_id=order.id)
    house.at(NOW + 2 * HOUR)
    assert (refund.fen, refunds.send(refund.id, now=NOW + 2 * HOUR)) == (50000, "done")
    told = Message.objects.filter(account_id=LIN.account, channel="in_app").values_list("template", flat=True)
    assert {"violation_struck", "violation_changed", "pay_returned"} <= set(told)
    (entry,) = Outbox.objects.filter(kind="traffic:violation:struck")
    said = {d["number"]: (d["before"], d["after"]) for d in json.loads(bytes(entry.payload))["differences"]}
    fines = {number: (before["fine_fen"], after["fine_fen"]) for number, (before, after) in said.items()}
    assert fines == {first.number: (0, 0), second.number: (50000, 0), third.number: (100000, 50000)}


def test_while_an_objection_is_open_nobody_decides_the_violation_online(red_lights):
    second = red_lights[1]
    world.apply("JT0313", LIN, violation_no=second.number, ground="other")
    with pytest.raises(Refused):
        deciding.decide(second.pk, by=LIN.actor, now=NOW + HOUR)
    with pytest.raises(Wrong):
        world.apply("JT0313", LIN, violation_no=second.number, ground="cloned")


def test_upheld_or_not_an_objection_is_answered_with_reasons_in_writing_that_the_driver_reads(red_lights, house):  # noqa: F811
    first = red_lights[0]
    matter = world.act(world.apply("JT0313", LIN, violation_no=first.number, ground="cloned"), "claim", CLERK)
    for action, more in (("uphold", {}), ("refuse", {"reason": "stands"})):
        with pytest.raises(Wrong) as wrong:
            world.act(matter, action, CLERK, **more)
        assert "note" in wrong.value.errors
    world.act(matter, "uphold", CLERK, note="门禁记录证明当时车在车库。")
    said = objections.answer_to(Violation.objects.get(pk=first.pk), by=LIN.actor, now=NOW + HOUR)
    assert (said.outcome, said.reason) == ("approved", "门禁记录证明当时车在车库。")


def test_nobody_objects_to_anothers_violation(red_lights):
    with pytest.raises(Wrong):
        world.apply("JT0313", SU, violation_no=red_lights[0].number, ground="other")


def test_who_reviewed_the_record_does_not_even_see_the_objection(red_lights):
    Violation.objects.filter(pk=red_lights[0].pk).update(reviewed_by=CLERK.account_id)
    matter = world.apply("JT0313", LIN, violation_no=red_lights[0].number, ground="other")
    with pytest.raises(Unknown):
        world.act(matter, "claim", CLERK)
