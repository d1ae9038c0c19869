"""The registers of vehicles and licences: one row now, and what held on any day."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import registers as acts
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import Vehicle, VehiclePast
from minjing.modules.traffic.queries import registers

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_what_held_on_any_day_is_one_row(person, vehicle, now):
    first, second = person(1), person(2)
    car = vehicle(first, at=now - 100 * DAY)
    acts.change_vehicle(car.pk, {"colour": "red"}, "recoloured", by=SYSTEM, now=now - 50 * DAY)
    acts.change_vehicle(car.pk, {"owner_person_id": second}, "transferred", by=SYSTEM, now=now - 10 * DAY)

    def on(days):
        held = registers.vehicle_on(car.pk, now - days * DAY)
        return held and (held.colour, held.owner_person_id)

    assert [on(d) for d in (101, 100, 60, 50, 20, 10, 0)] == [
        None,
        ("white", first),
        ("white", first),
        ("red", first),
        ("red", first),
        ("red", second),
        ("red", second),
    ]


def test_a_plate_leads_to_the_vehicle_that_carried_it_then(person, vehicle, now):
    old = vehicle(person(1), at=now - 300 * DAY)
    acts.change_vehicle(old.pk, {"plate": "", "status": Vehicle.SCRAPPED}, "scrapped", by=SYSTEM, now=now - 200 * DAY)
    new = vehicle(person(2), at=now - 100 * DAY, vin="LDEM0000000000002")
    found = [registers.vehicle_of_plate_on("粤B12345", "02", now - d * DAY) for d in (250, 150, 50)]
    assert found == [old.pk, None, new.pk]


def test_no_plate_is_on_two_vehicles(person, vehicle):
    vehicle(person(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        vehicle(person(2), vin="LDEM0000000000002")


def test_two_changes_of_one_act_are_both_kept(person, vehicle, now):
    car = vehicle(person(1), at=now)
    acts.change_vehicle(car.pk, {"colour": "red"}, "recoloured", by=SYSTEM, now=now)
    acts.change_vehicle(car.pk, {"mortgaged": True}, "mortgaged", by=SYSTEM, now=now)
    assert VehiclePast.objects.filter(vehicle=car).count() == 2
    assert Vehicle.objects.get(pk=car.pk).colour == "red"


def test_a_state_is_never_rewritten(person, vehicle):
    car = vehicle(person(1))
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE traffic_vehicle SET colour = 'blue' WHERE id = %s", [car.pk])


def test_a_licence_keeps_what_it_was(person, licence, now):
    held = licence(person(1), at=now - 100 * DAY)
    until = date(2027, 2, 1)
    acts.change_licence(
        held.pk, {"status": "suspended", "suspended_until_date": until}, "suspended", by=SYSTEM, now=now - 10 * DAY
    )
    assert registers.licence_on(held.pk, now - 20 * DAY).status == "valid"
    assert registers.licence_on(held.pk, now).suspended_until_date == until
    assert not registers.may_drive(registers.licence_on(held.pk, now), now.date())


def test_every_entry_and_change_is_in_the_ledger(person, vehicle, licence, now):
    car, held = vehicle(person(1)), licence(person(2))
    acts.change_vehicle(car.pk, {"colour": "red"}, "recoloured", by=SYSTEM, now=now)
    acts.change_licence(held.pk, {"classes": "C1,D"}, "class_added", by=SYSTEM, now=now)
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {
        events.VEHICLE_REGISTERED, events.VEHICLE_CHANGED, events.LICENCE_ISSUED, events.LICENCE_CHANGED
    } <= kinds  # fmt: skip


def test_what_is_no_fact_is_not_written(person, vehicle, now):
    car = vehicle(person(1))
    with pytest.raises(ValueError, match="vin"):
        acts.change_vehicle(car.pk, {"vin": "X"}, "corrected", by=SYSTEM, now=now)
    with pytest.raises(Unknown):
        acts.change_vehicle(person(2), {"colour": "red"}, "recoloured", by=SYSTEM, now=now)
