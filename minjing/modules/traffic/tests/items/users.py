"""Class F: information and users."""

from __future__ import annotations

from minjing.modules.traffic.models import (
    Binding,
    FileEntry,
    Violation,
    ViolationPhoto,
)
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items.given import entry, settled, snapped
from minjing.modules.traffic.tests.items.spec import Spec, filed, says
from minjing.modules.traffic.tests.items_world import LIN, PLATE, SU

S = Spec

SPECS: dict[str, Spec] = {
    "F03": S({"outside_plate": PLATE}, after=lambda m: Binding.objects.get().state == "bound"),
    "F04": S(
        {"unbind_what": "vehicle"},
        given=lambda: world.apply("JT0603", LIN, outside_plate=PLATE) and {},
        after=lambda m: Binding.objects.get().state == "ended",
    ),
    "F05": S(
        {"file_no": f"4403{LIN.account.int:08d}"},
        after=lambda m: Binding.objects.get(kind="licence").state == "bound",
    ),
    "F06": S(
        {"until_date": "2027-05-31"},
        after=lambda m: Binding.objects.get(person_id=SU.person_id, state="bound").until_at.year == 2027,
    ),
    "F07": S(after=says("LDEM00000B1234500")),
    "F08": S(after=says("LDEM00000B1234500")),
    "F09": S(after=says("C1", "正常")),
    "F10": S(by=SU, after=says("没有登记的机动车")),
    "F11": S({"years_back": "3"}, given=settled, after=says("1 起，记 6 分", "粤B·12345", "C1")),
    "F12": S(
        given=lambda: {"matter_no": world.apply("JT0125", LIN).number}, after=says("住址证号变更备案", "待缴费")
    ),
    "F13": S(
        {"charge_no": "JK1"},
        given=entry("charge", "JK1", zh="停车费", en="Parking", fen=3000),
        fee=3000,
        after=lambda m: FileEntry.objects.get(kind="charge").ended_at is not None,
    ),
    "F15": S(
        {"snap_kind": "phone", "outside_plate": PLATE},
        after=lambda m: (
            Violation.objects.values_list("conduct", "source", "state").get() == ("JF31", "citizen", "recorded")
            and ViolationPhoto.objects.get().kind == "report"
        ),
    ),
    "F16": S(given=snapped, by=SU, after=says("查证中")),
    "F17": S({"road": "深南大道", "subscribe": True}, after=filed("road_subscription")),
    "F19": S({"ebike_step": "record", "ebike_no": "SZ0001"}, after=filed("ebike")),
    "F20": S({"what_site": "camera", "district": "futian"}, after=says("彩田路口")),
}
