"""What the tests of traffic share: an instant, people, a vehicle and a licence on record."""

from datetime import UTC, date, datetime

import pytest

from minjing.base.idnumber import compose
from minjing.kernel.identity.actions import ensure_person
from minjing.kernel.identity.actor import SYSTEM
from minjing.modules.traffic.actions import registers

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def person():
    """Return a way to make people known: person(1), person(2) …"""

    def make(number: int):
        return ensure_person(name="林建夫", id_number=compose("440304", date(1988, 1, 5), 101 + 2 * number), now=NOW)

    return make


@pytest.fixture
def vehicle():
    """Return a way to register vehicles."""

    def make(owner, plate="粤B12345", *, at=NOW, **facts):
        known = {
            "org_id": 1,
            "plate": plate,
            "plate_kind": "52" if len(plate) == 8 else "02",
            "colour": "white",
            "owner_person_id": owner,
            "inspected_until_date": date(2027, 6, 30),
            "vin": f"LDEM0{plate[2:]:0>12}"[:17],
            "brand": "示范",
            "model": "EV-1",
            "body": "car",
            "energy": "petrol",
            "made_date": date(2020, 1, 1),
            "registered_date": date(2020, 6, 1),
        }
        return registers.register_vehicle(known | facts, by=SYSTEM, now=at)

    return make


@pytest.fixture
def licence():
    """Return a way to issue licences."""

    def make(person_id, classes="C1", *, at=NOW, **facts):
        known = {
            "org_id": 1,
            "person_id": person_id,
            "file_number": f"4403{person_id.int % 10**8:08d}",
            "classes": classes,
            "first_issued_date": date(2016, 3, 10),
            "valid_from_date": date(2022, 3, 10),
            "valid_until_date": date(2032, 3, 10),
        }
        return registers.issue_licence(known | facts, by=SYSTEM, now=at)

    return make
