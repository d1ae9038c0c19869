"""Each of the services from application to its effect on the register, through the real engine.

One table: what is given before, what is answered, what it costs, what stands on the registers afterwards. What is
not said of a service follows from it: an entry of its effect's kind on the applicant's file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from minjing.kernel.booking.models import Visit
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.pay.models import Order
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.modules.traffic import courses
from minjing.modules.traffic.actions import plate_numbers, registers, studies
from minjing.modules.traffic.actions.case import case_of
from minjing.modules.traffic.actions.effects.reports import password_of
from minjing.modules.traffic.models import (
    Accident,
    AccidentParty,
    Binding,
    Charge,
    Decision,
    FileEntry,
    Licence,
    Permit,
    PlateNumber,
    PointsEntry,
    TestBooking,
    Vehicle,
    Violation,
)
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import HOUR, LIN, NOW, OTHER_PLATE, PLATE, SU, TODAY, VIN

FACTS = Path(__file__).resolve().parents[5] / "shared" / "facts" / "traffic.csv"
pytestmark = pytest.mark.django_db
Check = Callable[[Any], bool]


def mine(plate: str = PLATE) -> Vehicle:
    return Vehicle.objects.get(plate=plate)


def of_lin() -> Licence:
    return Licence.objects.get(person_id=LIN.person_id)


# ---- given before ---------------------------------------------------------------------------------------


def change(**facts: Any) -> Callable[[], dict[str, Any]]:
    """Say that the first car has other facts before."""

    def given() -> dict[str, Any]:
        registers.change_vehicle(mine().pk, facts, "before", by=SYSTEM, now=world.BEFORE + HOUR)
        return {}

    return given


def licence_is(**facts: Any) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        registers.change_licence(of_lin().pk, facts, "before", by=SYSTEM, now=NOW - timedelta(days=30))
        return {}

    return given


def learning() -> dict[str, Any]:
    """SU has a learner's certificate, for long enough to be tested."""
    matter = world.apply("JT0201", SU, now=NOW - timedelta(days=60), class_wanted="C1")
    world.paid(matter, SU, NOW - timedelta(days=60))
    world.decided(matter, NOW - timedelta(days=60) + HOUR)
    return {}


def with_booking() -> dict[str, Any]:
    learning()
    booked = world.apply("JT0207", SU)
    assert booked.outcome == "approved"
    return {"booking_code": Visit.objects.get(person_id=SU.person_id).code}


def violation_booked(code: str) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        world.apply(code, LIN, plate=PLATE)
        return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}

    return given


def coast() -> dict[str, Any]:
    world.apply("JT0511", LIN, outside_plate="粤A88888")
    return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}


def kept_number() -> dict[str, Any]:
    offer = plate_numbers.draw(LIN.person_id, "02", by=LIN.actor, now=NOW)
    plate_numbers.pick(offer.pk, offer.plates[0], "02", LIN.person_id, by=LIN.actor, now=NOW)
    return {"chosen_plate": offer.plates[0], "plate_way": "chosen"}


def entry(kind: str, subject: str = "", person: Any = LIN, **said: Any) -> Callable[[], dict[str, Any]]:
    """Say that an entry stands on a file before."""

    def given() -> dict[str, Any]:
        matter = world.apply("JT0601", person)
        case = case_of(matter, {}, SYSTEM, NOW - timedelta(days=40))
        case.enter(
            kind,
            subject=subject,
            until=TODAY + timedelta(days=300),
            said=said,
            vehicle=mine() if person is LIN else None,
        )
        return {}

    return given


def violated() -> dict[str, Any]:
    """A camera has caught LIN's first car."""
    Violation.objects.create(
        org_id=0, number="WF1", violated_at=NOW - timedelta(days=3), recorded_at=NOW - timedelta(days=2),
        conduct="SZP01", place="深南大道", plate=PLATE, vehicle_id=mine().pk, state="published", fine_fen=50_000,
        points=6, evidence=[{"kind": "front"}, {"kind": "back"}],
    )  # fmt: skip
    return {}


def settled() -> dict[str, Any]:
    """LIN has accepted the violation: a decision of 500 yuan."""
    violated()
    world.apply("JT0305", LIN, violation_no="WF1")
    return {"decision_no": Decision.objects.get().number}


def late() -> dict[str, Any]:
    said = settled()
    Charge.objects.update(due_date=TODAY - timedelta(days=10))
    return said


def settled_and_paid() -> dict[str, Any]:
    said = settled()
    Charge.objects.update(state="paid", paid_at=NOW)
    return said


def order_of_charge(fen: int) -> Check:
    return lambda m: Order.objects.get(subject_id=Charge.objects.get().pk).total_fen == fen


def objected() -> dict[str, Any]:
    violated()
    if "JT0313" not in CODES:
        pytest.skip("the objection itself is not in this catalogue")
    return {"objection_no": world.apply("JT0313", LIN, violation_no="WF1", ground="other").number}


def handling() -> dict[str, Any]:
    violated()
    world.apply("JT0310", LIN, violation_no="WF1")
    return {"booking_code": Visit.objects.get(person_id=LIN.person_id).code}


def waived() -> dict[str, Any]:
    world.decided(world.apply("JT0316", LIN, left_at="2026-11-26T10:09"))
    return {}


def studied(kind: str) -> Callable[[], dict[str, Any]]:
    """Say that LIN has studied long enough, on days that passed, and knows the answers."""

    def given() -> dict[str, Any]:
        days = 7 if kind == "full_points" else 1
        row = studies.begin(kind, by=LIN.actor, now=NOW - timedelta(days=days))
        for day in range(days, 0, -1):
            for step in range(40 if kind == "verification" else 14):
                at = NOW - timedelta(days=day) + timedelta(minutes=5 * step)
                studies.turn(row.pk, step, by=LIN.actor, now=at)
        answers = {i: q["right"] for i, q in enumerate(courses.questions())}
        assert studies.test(row.pk, answers, by=LIN.actor, now=NOW).marks == 100
        return {}

    return given


def accident(state: str) -> Callable[[], dict[str, Any]]:
    def given() -> dict[str, Any]:
        row = Accident.objects.create(
            org_id=0, number="SG0001", kind="quick" if state != "determined" else "simple", state=state,
            happened_at=NOW - HOUR, place="深南大道", opened_at=NOW - HOUR, since_at=NOW - HOUR,
        )  # fmt: skip
        AccidentParty.objects.create(
            org_id=0, accident=row, side="a", person_id=LIN.person_id, plate=PLATE, joined_at=NOW, liability="equal"
        )
        return {"accident_no": "SG0001"}

    return given


def permit_for_works() -> dict[str, Any]:
    Permit.objects.create(
        org_id=0, number="SG-1", kind="construction", plate="", holder_person_id=LIN.person_id, since_at=NOW - HOUR,
        valid_from_date=TODAY, valid_until_date=TODAY + timedelta(days=60),
    )  # fmt: skip
    return {"permit_ref": "SG-1", "until_date": "2027-05-31"}


def snapped() -> dict[str, Any]:
    matter = world.apply("JT0615", SU)
    return {"record_no": matter.number, "query_password": password_of(matter.id)}


def reviewed() -> dict[str, Any]:
    accident("determined")()
    return {"review_no": world.apply("JT0408", LIN, accident_no="SG0001").number}


# ---- what stands afterwards -----------------------------------------------------------------------------


def car(**facts: Any) -> Check:
    """Say what the first car is afterwards."""
    return lambda m: all(getattr(Vehicle.objects.get(vin="LDEM00000B1234500"), k) == v for k, v in facts.items())


def holds(**facts: Any) -> Check:
    return lambda m: all(getattr(of_lin(), k) == v for k, v in facts.items())


def permit(kind: str, plate: str | None = None) -> Check:
    def check(m: Any) -> bool:
        row = Permit.objects.get(matter_id=m.id)
        return row.kind == kind and row.status == "valid" and (plate is None or row.plate == plate)

    return check


def filed(kind: str) -> Check:
    """Say what entry stands on a file from this matter."""
    return lambda m: FileEntry.objects.get(matter_id=m.id).kind == kind


def subject_is(subject: str) -> Check:
    return lambda m: TestBooking.objects.get(matter_id=m.id).subject == subject


def says(*words: str) -> Check:
    """Say what the paper of the matter prints."""

    def check(m: Any) -> bool:
        printed = json.dumps([value for _, value in printed_on(m)], ensure_ascii=False)
        return all(word in printed for word in words)

    return check


def printed_on(m: Any) -> Any:
    return PRINTED[m.id]


PRINTED: dict[Any, Any] = {}


def new_owner(m: Any) -> bool:
    v = Vehicle.objects.get(vin="LDEM00000B1234500")
    return v.owner_person_id == SU.person_id and v.matter_id == m.id


def registered(kind: str, **facts: Any) -> Check:
    def check(m: Any) -> bool:
        v = Vehicle.objects.get(vin=VIN)
        number = PlateNumber.objects.get(plate=v.plate, plate_kind=v.plate_kind)
        return v.plate_kind == kind and v.matter_id == m.id and number.state == "taken" and all(
            getattr(v, k) == w for k, w in facts.items()
        )  # fmt: skip

    return check


def licensed(classes: str) -> Check:
    return lambda m: Licence.objects.get(person_id=SU.person_id, matter_id=m.id).classes == classes


def given_up(m: Any) -> bool:
    return TestBooking.objects.get().status == Visit.objects.get().state == "cancelled"


@dataclass
class Spec:
    """One service: given before, answered, who applies, its fee in fen, what stands afterwards."""

    said: dict[str, Any] = field(default_factory=dict)
    given: Callable[[], dict[str, Any]] | None = None
    by: Any = LIN
    fee: int = 0
    after: Check | None = None


S = Spec
LEARNER = {"given": learning, "by": SU}
SPECS: dict[str, Spec] = {
    # A: vehicles and plates
    "A01": S({"vehicle_kind": "small"}, by=SU, fee=12000, after=registered("02", colour="white")),
    "A02": S({"energy": "battery"}, by=SU, fee=12000, after=registered("52", energy="battery")),
    "A03": S(
        {"special_use": "ambulance", "vehicle_kind": "large"}, by=SU, fee=12000, after=registered("01", use="rescue")
    ),
    "A04": S({"new_colour": "red"}, fee=1000, after=car(colour="red")),
    "A05": S({"new_engine_no": "E777"}, fee=1000, after=car(engine_number="E777")),
    "A06": S({"replaced_part": "frame"}, fee=1000),
    "A07": S({"new_colour": "blue", "new_engine_no": "E9"}, fee=1000, after=car(colour="blue", engine_number="E9")),
    "A08": S({"new_use": "goods"}, fee=1000, after=car(use="freight")),
    "A09": S({"hailing": "enter"}, fee=1000, after=car(use="ride_hail")),
    "A10": S({"relation": "spouse"}, fee=11000, after=new_owner),
    "A11": S(after=car(status="transferred", plate="")),
    "A12": S(by=SU, fee=11000, after=registered("02")),
    "A13": S(fee=22000, after=lambda m: mine(OTHER_PLATE).vin == "LDEM00000B1234500" != mine().vin),
    "A14": S(fee=11000, after=lambda m: Vehicle.objects.get(vin="LDEM00000B1234500").plate.startswith("粤B8")),
    "A15": S(fee=11000, after=new_owner),
    "A16": S(fee=500, after=car(status="transferred", plate="")),
    "A17": S({"vin": "LDEM00000B1234500", "outside_plate": PLATE}, by=SU, fee=12000, after=new_owner),
    "A18": S(after=car(mortgaged=True)),
    "A19": S(given=change(mortgaged=True), after=car(mortgaged=False)),
    "A20": S({"pledge_step": "pledge"}),
    "A21": S(after=car(status="scrapped", plate="")),
    "A22": S(after=car(status="deregistered", plate="")),
    "A23": S(
        {"outside_plate": PLATE},
        given=change(status="deregistered", plate=""),
        after=car(status="valid", plate=PLATE),
    ),
    "A25": S(fee=1000),
    "A28": S(fee=1000),
    "A29": S(fee=1000),
    "A30": S({"wrong_item": "colour", "right_value": "grey"}, after=car(colour="grey")),
    "A31": S({"loss_kind": "lost"}, fee=10000),
    "A32": S(fee=1000),
    "A33": S(fee=1000),
    "A34": S(fee=1000),
    "A35": S(fee=1000),
    "A36": S(after=lambda m: mine().inspected_until_date >= date(2028, 11, 27)),
    "A37": S(after=lambda m: mine().inspected_until_date >= date(2028, 11, 27)),
    "A41": S(fee=500, after=permit("temporary")),
    "A42": S(given=kept_number, after=filed("plate_choice")),
    "A43": S(
        {"old_plate": "粤B99999"},
        given=entry("old_number", "粤B99999"),
        after=lambda m: PlateNumber.objects.get(plate="粤B99999").holder_person_id == LIN.person_id,
    ),
    "A44": S(after=permit("school_bus", PLATE)),
    "A45": S(fee=1000, after=permit("visitor", "AB1234")),
    # B: licences and tests
    "B01": S({"class_wanted": "C1"}, by=SU, fee=1000, after=filed("learner")),
    "B02": S({"class_wanted": "D"}, fee=1000, after=filed("learner")),
    "B03": S({"military_class": "B2"}, by=SU, fee=1000, after=licensed("B2")),
    "B04": S({"class_wanted": "C1"}, by=SU, fee=1000, after=licensed("C1")),
    "B05": S({"hk_class": "3"}, by=SU, fee=1000, after=licensed("D")),
    "B06": S(by=SU, fee=1000),
    "B07": S(**LEARNER, after=subject_is("1")),
    "B08": S(**LEARNER, after=subject_is("2")),
    "B09": S(**LEARNER, after=subject_is("3")),
    "B10": S(**LEARNER, after=subject_is("4")),
    "B11": S(given=with_booking, by=SU, after=given_up),
    "B12": S({"subject": "one"}, given=with_booking, by=SU, after=says("已预约")),
    "B13": S({"subject": "two"}, fee=15000, **LEARNER),
    "B14": S(**LEARNER),
    "B15": S(**LEARNER),
    "B16": S({"class_wanted": "C2"}, **LEARNER, after=filed("learner")),
    "B17": S(**LEARNER, fee=1000),
    "B18": S({"photo_on_file": True}, fee=1000, after=holds(valid_until_date=date(2036, 12, 20))),
    "B19": S(by=SU, fee=1000, after=licensed("C1")),
    "B20": S(fee=1000),
    "B21": S(fee=1000),
    "B22": S(fee=1000),
    "B23": S(fee=1000, after=holds(classes="C2")),
    "B24": S(fee=1000, after=holds(classes="C2")),
    "B25": S(fee=1000, after=holds(classes="C2")),
    "B26": S(after=holds(valid_until_date=date(2027, 6, 30))),
    "B27": S(after=holds(checkup_due_date=date(2027, 6, 30))),
    "B28": S(after=holds(checkup_due_date=date(2027, 6, 30))),
    "B29": S(after=holds(checkup_due_date=date(2027, 11, 27))),
    "B30": S(after=holds(checkup_due_date=date(2027, 11, 27))),
    "B31": S({"district": "futian"}, after=says("福田区第二人民医院")),
    "B32": S(after=holds(status="cancelled")),
    "B33": S(given=licence_is(status="cancelled"), fee=1000, after=holds(status="valid")),
    "B34": S(given=licence_is(status="cancelled"), fee=1000, after=holds(status="valid")),
    "B35": S(fee=1000),
    # C: violations
    "C01": S({"plate": PLATE, "vin_tail": "4500"}, given=violated, after=says("WF1", "¥500.00")),
    "C02": S(given=settled, after=says("WF1", "深南大道")),
    "C03": S({"violation_no": "WF1"}, given=violated, after=says("front、back")),
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
    "C21": S(after=subject_is("points")),
    "C25": S({"merit": "service"}, after=lambda m: PointsEntry.objects.get(matter_id=m.id).points == 1),
    "C26": S(given=entry("towed", PLATE, yard="福田停车场"), after=says("福田停车场")),
    "C28": S(
        {"violation_no": "WF1"}, given=violated, after=lambda m: Violation.objects.get().person_id == SU.person_id
    ),
    # D: accidents
    "D01": S({"other_plate": "粤B66666"}, after=lambda m: Accident.objects.get(matter_id=m.id).state == "open"),
    "D02": S(given=accident("joined"), after=lambda m: Accident.objects.get().state == "with_officer"),
    "D04": S({"injured": True}, after=lambda m: Accident.objects.get(matter_id=m.id).injured),
    **{c: S(given=accident("determined")) for c in ("D03", "D05", "D08", "D11", "D12", "D13", "D15", "D16", "D17")},
    "D06": S(given=accident("settled"), after=says("双方已签协议", "同等责任")),
    "D07": S(given=accident("determined"), after=says("已出认定", "同等责任")),
    "D09": S(given=reviewed, after=says("复核中")),
    "D10": S(given=accident("with_officer"), after=says("民警处理中")),
    "D14": S(given=accident("with_officer")),
    # E: passes and permits
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
    # F: information and users
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
    "F07": S(after=says("LDEM00000B1234500")),
    "F08": S(after=says("LDEM00000B1234500")),
    "F09": S(after=says("C1", "正常")),
    "F10": S(by=SU, after=says("没有登记的机动车")),
    "F12": S(
        given=lambda: {"matter_no": world.apply("JT0125", LIN).number}, after=says("住址证号变更备案", "待缴费")
    ),
    "F13": S(
        {"charge_no": "JK1"},
        given=entry("charge", "JK1", zh="停车费", en="Parking", fen=3000),
        fee=3000,
        after=lambda m: FileEntry.objects.get(kind="charge").ended_at is not None,
    ),
    "F16": S(given=snapped, by=SU, after=says("查证中")),
    "F17": S({"road": "深南大道", "subscribe": True}, after=filed("road_subscription")),
    "F19": S({"ebike_step": "record", "ebike_no": "SZ0001"}, after=filed("ebike")),
    "F20": S({"what_site": "camera", "district": "futian"}, after=says("彩田路口")),
}


def ref_of(code: str) -> str:
    """Return JT0115 as A15."""
    return f"{'ABCDEF'[int(code[2:4]) - 1]}{code[4:]}"


CODES = sorted(body.service.code for body in world.bodies())


@pytest.fixture(scope="module")
def city(django_db_setup, django_db_blocker):
    """The world of these tests, made once: every test undoes what it does."""
    before, stars = plugs.PREFILLS["register"], list(plugs.STARS)
    plugs.STARS[:] = [lambda by, now: 5]  # what stars are counted from has tests of its own
    with django_db_blocker.unblock(), transaction.atomic():
        world.settle()
        yield
        transaction.set_rollback(True)
    plugs.PREFILLS["register"], plugs.STARS[:] = before, stars
    queries.forget_kept()


@pytest.fixture
def house(city, db, settings):
    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.simulated"]
    HOUSE.reset()
    HOUSE.at(NOW)
    return HOUSE


@pytest.fixture
def printed(monkeypatch):
    """Papers without their typesetting, which has tests of its own: what they say is kept here."""
    from minjing.kernel.papers import actions as issuing

    def keep(**paper: Any) -> None:
        PRINTED[paper["matter_id"]] = paper["facts"]

    monkeypatch.setattr(issuing, "issue", keep)


@pytest.mark.parametrize("code", CODES, ids=ref_of)
def test_a_service_works_from_application_to_the_register(code, house, printed):
    spec = SPECS.get(ref_of(code), Spec())
    service = queries.service(code)[1].service
    said = {**spec.said, **(spec.given() if spec.given else {})}
    matter = world.apply(code, spec.by, **said)
    assert world.paid(matter, spec.by) == spec.fee
    if service.booking is not None:
        visit = Visit.objects.get(subject_id=matter.id)
        assert (visit.state, visit.services) == ("booked", [service.booking.service])
    matter = world.decided(matter)
    assert (matter.state, matter.outcome) == ("approved", "approved")
    assert matter.id in PRINTED
    assert printed_on(matter)
    kind = service.effect.removeprefix("traffic.")
    check = spec.after or (
        lambda m: FileEntry.objects.filter(matter_id=m.id, kind=kind, person_id=spec.by.person_id).exists()
    )
    assert check(matter)
    if not Order.objects.filter(subject_id=matter.id).exists():
        assert spec.fee == 0
    assert Outbox.objects.filter(object_id=matter.id).count() >= 1


def test_every_row_of_the_list_is_a_service_of_its_own():
    if not FACTS.exists():
        pytest.skip("the facts do not lie beside the repository")
    rows = list(csv.DictReader(FACTS.open(encoding="utf-8")))
    known = {body.service.code: body.service for body in world.bodies()}
    for row in rows:
        klass, number = row["code"][3], row["code"][4:]
        code = f"JT{'ABCDEF'.index(klass) + 1:02d}{number}"
        if klass == "C" and code not in known:
            continue
        service = known[code]
        assert row["code"] in service.aliases
        assert service.confidence == row["confidence"]
        assert (service.limit.value, service.limit.unit) == (int(row["limit_value"]), row["limit_unit"])
        if row["fee_cny"].isdigit():
            fen = sum(i.fen for i in service.fee.items if not i.name.startswith("plates_")) if service.fee else 0
            assert fen == int(row["fee_cny"]) * 100, code


def test_a_service_says_how_many_stars_it_takes_and_refuses_fewer(house, monkeypatch):
    monkeypatch.setattr(plugs, "STARS", [lambda by, now: 2])
    with pytest.raises(NotAllowed, match="3 stars"):
        world.apply("JT0104", LIN)
    assert world.apply("JT0141", LIN).state == "paying"
