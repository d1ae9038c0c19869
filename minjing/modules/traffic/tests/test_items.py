"""Each of the services from application to its effect on the register, through the real engine.

One table: what is given before, what is answered, what it costs, what stands on the registers afterwards. What is
not said of a service follows from it: an entry of its effect's kind on the applicant's file.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from minjing.kernel.booking.models import Visit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.errors import NotAllowed
from minjing.kernel.pay.models import Order
from minjing.kernel.pay.tests.simulated import HOUSE
from minjing.modules.traffic.models import FileEntry
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items import accidents, licences, passes, users, vehicles, violations
from minjing.modules.traffic.tests.items.spec import PRINTED, Spec, printed_on
from minjing.modules.traffic.tests.items_world import LIN, NOW

FACTS = Path(__file__).resolve().parents[5] / "shared" / "facts" / "traffic.csv"
SPECS = {
    **vehicles.SPECS, **licences.SPECS, **violations.SPECS, **accidents.SPECS, **passes.SPECS, **users.SPECS,
}  # fmt: skip
pytestmark = pytest.mark.django_db


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


# These answer with a paper alone: decisions and sheets printed, and whether a first offence is let off.
PAPER_ALONE = {"C06", "C09", "C15", "F07", "F08"}


def traces() -> int:
    """Return how much stands in the ledger about the registers, and how many orders there are."""
    return Outbox.objects.filter(kind__startswith="traffic:").count() + Order.objects.count()


def left_by(matter: Any, service: Any, before: int) -> bool:
    """Say that a matter has left what its kind promises: no service is a page that only says "submitted".

    A query leaves its answer, a booking its visit, a payment its order; whatever else is decided leaves its trace in
    the registers, each of which writes an entry of the ledger in its transaction.
    """
    answered = any(value.strip() for _, value in printed_on(matter))
    if service.flow == "traffic_query" or ref_of(service.code) in PAPER_ALONE:
        return answered
    if service.booking is not None and not Visit.objects.filter(subject_id=matter.id).exists():
        return False
    if service.fee is not None and not Order.objects.filter(subject_id=matter.id).exists():
        return False
    return answered and traces() > before


@pytest.mark.parametrize("code", CODES, ids=ref_of)
def test_a_service_works_from_application_to_the_register(code, house, printed):
    spec = SPECS.get(ref_of(code), Spec())
    service = queries.service(code)[1].service
    said = {**spec.said, **(spec.given() if spec.given else {})}
    before = traces()
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
    assert left_by(matter, service, before)
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


def test_plates_are_handed_in_only_where_the_vehicle_leaves():
    """登记规定 §18, §27, §37; elsewhere the list's 号牌 is the number, which the form asks."""
    handed_in = [b.service.code for b in world.bodies() if "plates" in {m.name for m in b.service.materials}]
    assert sorted(map(ref_of, handed_in)) == ["A11", "A16", "A21"]
