"""Class D: accidents."""

from __future__ import annotations

from minjing.modules.traffic.models import (
    Accident,
)
from minjing.modules.traffic.tests.items.given import accident, reviewed
from minjing.modules.traffic.tests.items.spec import Spec, says

S = Spec

SPECS: dict[str, Spec] = {
    "D01": S({"other_plate": "粤B66666"}, after=lambda m: Accident.objects.get(matter_id=m.id).state == "open"),
    "D02": S(given=accident("joined"), after=lambda m: Accident.objects.get().state == "with_officer"),
    "D04": S({"injured": True}, after=lambda m: Accident.objects.get(matter_id=m.id).injured),
    **{c: S(given=accident("determined")) for c in ("D03", "D05", "D08", "D11", "D12", "D13", "D15", "D16", "D17")},
    "D06": S(given=accident("settled"), after=says("双方已签协议", "同等责任")),
    "D07": S(given=accident("determined"), after=says("已出认定", "同等责任")),
    "D09": S(given=reviewed, after=says("复核中")),
    "D10": S(given=accident("with_officer"), after=says("民警处理中")),
    "D14": S(given=accident("with_officer")),
}
