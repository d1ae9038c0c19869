"""The made-up city on wheels: well formed, the same for one seed, filled once, and in the ledger."""

from datetime import UTC, date, datetime

import pytest

from minjing.base import idnumber
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic.models import Licence, Vehicle, VehiclePast, Violation
from minjing.modules.traffic.queries import registers
from minjing.modules.traffic.rules import plates
from minjing.site.demo import names
from minjing.site.demo.fleet import drivers as who
from minjing.site.demo.fleet.drivers import Drivers
from minjing.site.demo.fleet.fill import fill
from minjing.site.demo.fleet.vehicles import Vehicles, vin_check
from minjing.site.demo.fleet.violations import Violations

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 26)
SEED = 5


def fleet(many=3_000, seed=SEED):
    drivers = Drivers(seed, round(many * 4 / 3.4), DAY)
    vehicles = Vehicles(seed, many, drivers, DAY)
    return drivers, vehicles, Violations(seed, many * 6, vehicles, DAY)


def test_people_have_valid_numbers_once_each_and_none_of_the_demos_own():
    drivers, _, _ = fleet()
    numbers = [number for _, _, number in drivers.people()]
    assert len(set(numbers)) == len(numbers)
    assert all(idnumber.parse(n).birth <= date(2007, 1, 1) for n in numbers)
    assert not set(who.AREAS) & set(names.ELSEWHERE)


def test_the_step_through_the_numbers_meets_each_once():
    import math

    assert math.gcd(who.STEP, who.NUMBERS) == 1
    for step, many in (
        (1_299_709, 3_400_000),
        (1_299_721, 3_604_000),
        (2_750_159, 4_000_000),
        (1_299_743, 3_400_000),
    ):
        assert math.gcd(step, many) == 1


def test_vehicles_have_plates_and_vins_once_each_with_their_check_digit():
    _, vehicles, _ = fleet()
    rows = [line.rstrip("\n").split("\t") for line, _ in vehicles.rows()]
    assert len({(row[2], row[3]) for row in rows}) == len({row[14] for row in rows}) == len(rows)
    for row in rows:
        assert plates.fits(plates.parse(row[2]), row[3])
        assert vin_check(row[14][:8], row[14][9:]) == row[14][8]


def test_the_same_seed_gives_the_same_city_and_another_seed_another():
    def lines(seed):
        drivers, vehicles, violations = fleet(200, seed)
        return [*drivers.people(), *drivers.licences(), *vehicles.rows(), *violations.lines()]

    assert lines(1) == lines(1)
    assert lines(1) != lines(2)


def test_violations_lie_within_two_years_in_order_and_name_the_plate_of_their_vehicle():
    _, vehicles, violations = fleet(400)
    plate_of = {vehicles.vehicle_hex(n): vehicles.plate(n) for n in range(400)}
    rows = [line.split("\t") for line in violations.lines()]
    at = [row[3] for row in rows]
    assert at == sorted(at)
    assert at[0].startswith("2024-11-2")
    assert all(plate_of[row[11]] == row[12] for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@pytest.mark.django_db
def test_a_fill_is_whole_in_the_ledger_and_done_once():
    said = []
    rows, _ = fill(340, NOW, said.append, seed=SEED)
    assert (Vehicle.objects.count(), Licence.objects.count(), Violation.objects.count()) == (340, 400, 2_000)
    assert rows == 340 + 2 * 400 + 2_000
    assert fill(340, NOW, said.append, seed=SEED)[0] == 0  # a second fill finds all of it
    assert Outbox.objects.filter(kind="traffic:register:taken_over").count() == 3
    assert Outbox.objects.filter(kind="identity:people:taken_over").count() == 1
    fill(680, NOW, said.append, seed=SEED)  # a larger one adds to it
    assert (Vehicle.objects.count(), Licence.objects.count()) == (680, 800)
    drivers = Drivers(SEED, 400, DAY)
    assert unseal(drivers.person_id(7), "identity_person.id_number", _sealed(drivers.person_id(7))).decode() == (
        drivers.id_number(7)
    )
    sold = VehiclePast.objects.select_related("vehicle").first()
    assert sold is not None
    before = registers.vehicle_on(sold.vehicle_id, sold.since_at)
    assert before is not None
    assert before.owner_person_id != sold.vehicle.owner_person_id
    for vehicle in Vehicle.objects.all()[:40]:
        vehicle.validate_constraints()


def _sealed(person_id):
    from minjing.kernel.identity.models import Person

    return bytes(Person.objects.values_list("id_number_sealed", flat=True).get(pk=person_id))
