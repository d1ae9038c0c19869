"""Class A: vehicles and plates."""

from __future__ import annotations

from datetime import date

from minjing.modules.traffic.models import (
    PlateNumber,
    Vehicle,
)
from minjing.modules.traffic.tests.items.given import change, entry, kept_number, mine
from minjing.modules.traffic.tests.items.spec import (
    Spec,
    car,
    filed,
    new_frame,
    new_owner,
    on_file,
    permit,
    registered,
)
from minjing.modules.traffic.tests.items_world import LIN, OTHER_PLATE, PLATE, SU

S = Spec

SPECS: dict[str, Spec] = {
    "A01": S({"vehicle_kind": "small"}, by=SU, fee=12000, after=registered("02", colour="white")),
    "A02": S({"energy": "battery"}, by=SU, fee=12000, after=registered("52", energy="battery")),
    "A03": S(
        {"special_use": "ambulance", "vehicle_kind": "large"}, by=SU, fee=12000, after=registered("01", use="rescue")
    ),
    "A04": S({"new_colour": "red"}, fee=1000, after=car(colour="red")),
    "A05": S({"new_engine_no": "E777"}, fee=1000, after=car(engine_number="E777")),
    "A06": S({"replaced_part": "frame"}, fee=1000, after=new_frame),
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
    "A25": S(fee=1000, after=on_file("certificate", "vehicle_licence", "owner_particulars")),
    "A28": S(fee=1000),
    "A29": S(fee=1000),
    "A30": S({"wrong_item": "colour", "right_value": "grey"}, after=car(colour="grey")),
    "A31": S({"loss_kind": "lost"}, fee=10000, after=on_file("plates_lost", "reissue_plates")),
    "A32": S(fee=1000, after=on_file("vehicle_licence", "reissue_vehicle_licence")),
    "A33": S(fee=1000, after=on_file("vehicle_licence", "exchange_vehicle_licence")),
    "A34": S(fee=1000, after=on_file("certificate", "issue_certificate")),
    "A35": S(fee=1000, after=on_file("certificate", "exchange_certificate")),
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
}
