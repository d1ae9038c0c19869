"""The small world in a real database: the bureau's exit-entry office, its officers, and residents with documents."""

from collections.abc import Iterator

import pytest

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Account, Appointment, Post, Unit
from minjing.kernel.matters import catalog, plugs, publishing, queries
from minjing.kernel.pay.tests.simulated import HOUSE, House
from minjing.modules.exit_entry.actions import take_over
from minjing.modules.exit_entry.tests import world


@pytest.fixture(scope="session")
def bodies():
    """The services of exit and entry, as the city has them."""
    return [body for body in catalog.load(city={}) if body.service.code.startswith("EX")]


@pytest.fixture
def house(settings) -> Iterator[House]:
    """A house that takes money, in memory."""
    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.simulated"]
    HOUSE.reset()
    HOUSE.at(world.NOW)
    return HOUSE


@pytest.fixture
def office(db, bodies, house) -> Iterator[None]:
    """The office, open: services published, officers appointed, documents on record."""
    yield from make_office(bodies)


@pytest.fixture
def lasting_office(transactional_db, bodies, house) -> Iterator[None]:
    """The same, committed, for tests with several connections."""
    yield from make_office(bodies)


def make_office(bodies) -> Iterator[None]:
    for post in ("exit_entry_clerk", "exit_entry_approver", "exit_entry_maker"):
        Post.objects.get_or_create(
            code=post, defaults={"name": {"zh": post, "en": post}, "level": "bureau", "acts": ["look"]}
        )
    Unit.objects.create(
        id=1, code="440300", org_id=0, level="bureau", path="1.", name={"zh": "深圳市公安局", "en": "Bureau"}
    )
    for officer in world.OFFICERS:
        Account.objects.create(
            id=officer.account_id,
            kind="officer",
            login=officer.name,
            display_name=officer.name,
            created_at=world.BEFORE,
        )
        held = officer.holdings[0]
        Appointment.objects.create(account_id=officer.account_id, unit_id=1, post_id=held.post, since=world.BEFORE)
    before = plugs.PREFILLS["register"], dict(plugs.HELD)
    plugs.PREFILLS["register"] = world.register
    photo_check = plugs.PAPER_CHECKS["exit_entry.photo"]
    plugs.PAPER_CHECKS["exit_entry.photo"] = lambda content: []  # test_photos.py asks the real one
    plugs.HELD["household"] = lambda person_id, materials, answers, now: dict.fromkeys(materials, "户籍登记")
    publishing.publish_calendar(
        known_until=world.KNOWN_UNTIL, days_off=[], made_up=[], source="test", by=SYSTEM, now=world.BEFORE
    )
    publishing.publish(bodies, by=SYSTEM, now=world.BEFORE)
    queries.forget_kept()
    for someone in world.PEOPLE:
        someone.settle()
    take_over.take_over(world.stock(), world.crossed(), by=SYSTEM, now=world.BEFORE)
    yield
    plugs.PREFILLS["register"] = before[0]
    plugs.PAPER_CHECKS["exit_entry.photo"] = photo_check
    plugs.HELD.clear()
    plugs.HELD.update(before[1])
    queries.forget_kept()
