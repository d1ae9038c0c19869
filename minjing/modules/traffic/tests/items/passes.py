"""Class E: passes and permits."""

from __future__ import annotations

from datetime import date

from minjing.kernel.booking.models import Visit
from minjing.modules.traffic.models import (
    Permit,
)
from minjing.modules.traffic.tests.items.given import coast, permit_for_works
from minjing.modules.traffic.tests.items.spec import Spec, permit, says
from minjing.modules.traffic.tests.items_world import PLATE

S = Spec

SPECS: dict[str, Spec] = {
    "E01": S({"roads": ["caitian", "shennan"]}, after=permit("truck", PLATE)),
    "E02": S(after=permit("truck_short", PLATE)),
    "E03": S(after=permit("dump_truck")),
    "E04": S(after=permit("dangerous")),
    "E05": S(after=permit("toxic")),
    "E06": S(after=permit("oversize")),
    "E07": S(after=permit("construction")),
    "E09": S(after=permit("event")),
    "E14": S(after=permit("siren")),
    "E08": S(
        given=permit_for_works,
        after=lambda m: Permit.objects.get(number="SG-1").valid_until_date == date(2027, 5, 31),
    ),
    "E10": S(after=permit("visitor_day", "粤A88888")),
    "E12": S(given=coast, after=lambda m: Visit.objects.get().state == "cancelled"),
    "E13": S(after=says("3 天")),
    "E15": S(after=permit("cross_border")),
    "E16": S(after=permit("project")),
}
