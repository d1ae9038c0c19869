"""Class C: violations."""

from __future__ import annotations

from minjing.kernel.booking.models import Visit
from minjing.modules.traffic.models import (
    Decision,
    PointsEntry,
    Violation,
)
from minjing.modules.traffic.tests.items.given import (
    entry,
    full_points_studied,
    handling,
    late,
    objected,
    settled,
    settled_and_paid,
    studied,
    violated,
    waived,
)
from minjing.modules.traffic.tests.items.spec import Spec, filed, order_of_charge, says, subject_is
from minjing.modules.traffic.tests.items_world import PLATE, SU

S = Spec

SPECS: dict[str, Spec] = {
    "C01": S({"plate": PLATE, "vin_tail": "4500"}, given=violated, after=says("WF1", "¥500.00")),
    "C02": S(given=settled, after=says("WF1", "深南大道")),
    "C03": S({"violation_no": "WF1"}, given=violated, after=says("路口摄像机拍摄、救护车记录仪拍摄")),
    "C04": S(given=settled, after=says("6 分")),
    "C05": S({"violation_no": "WF1"}, given=violated, after=lambda m: Decision.objects.get().fine_fen == 50_000),
    "C06": S(given=settled, after=says("¥500.00", "6 分")),
    "C07": S(given=settled, after=order_of_charge(50_000)),
    "C08": S(given=late, after=order_of_charge(65_000)),
    "C09": S(given=settled_and_paid, after=says("¥500.00")),
    "C13": S(
        {"violation_no": "WF1", "ground": "cloned"},
        given=violated,
        after=lambda m: Violation.objects.get(number="WF1").state == "struck",
    ),
    "C14": S(given=objected, after=says("核实中")),
    "C15": S({"violation_no": "WF1"}, given=violated, after=says("不符合首违免罚")),
    "C10": S({"violation_no": "WF1"}, given=violated),
    "C11": S(given=handling, after=lambda m: Visit.objects.get().state == "cancelled"),
    "C12": S(given=handling, after=says("有效")),
    "C16": S({"noticed_at": "2026-11-26T10:00", "left_at": "2026-11-26T10:07"}, after=says("免予处罚", "7 分钟")),
    "C17": S(given=waived, after=says("免罚")),
    "C18": S({"violation_no": "WF1", "postpone_until": "2027-01-31"}, given=violated),
    "C19": S(given=studied("reduction"), after=lambda m: PointsEntry.objects.get(matter_id=m.id).points == 1),
    **{
        f"C{n}": S(given=studied(kind), after=filed("study"))
        for n, kind in (("20", "full_points"), ("22", "verification"), ("23", "ebike"), ("24", "pedestrian"))
    },
    "C21": S(given=full_points_studied, after=subject_is("points")),
    "C25": S({"merit": "service"}, after=lambda m: PointsEntry.objects.get(matter_id=m.id).points == 1),
    "C26": S(given=entry("towed", PLATE, yard="福田停车场"), after=says("福田停车场")),
    "C28": S(
        {"violation_no": "WF1"}, given=violated, after=lambda m: Violation.objects.get().person_id == SU.person_id
    ),
}
