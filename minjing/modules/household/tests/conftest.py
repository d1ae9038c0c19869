"""The small world in a real database."""

from datetime import date

import pytest

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.matters import catalog, publishing, queries
from minjing.modules.household.actions import first_entry
from minjing.modules.household.actions.first_entry import Entry, Taken
from minjing.modules.household.tests import world


def entered(rows, address, unit_name=""):
    """Return a household to be entered, its members since 2020 or their birth."""
    members = []
    for relation, number, more in rows:
        birth = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        items = {
            "name": world.NAMES[number], "id_number": number, "birth": birth, "ethnicity": "01", "marital": "10",
            "sex": "1" if int(number[16]) % 2 else "2", **more,
        }  # fmt: skip
        members.append(Entry(relation, max(date(2020, 1, 1), date.fromisoformat(birth)), items))
    return Taken(world.ORG, world.STATION, date(2020, 1, 1), address, members, unit_name=unit_name)


@pytest.fixture(scope="session")
def bodies():
    """Every service of the register, as the city has it."""
    return [body for body in catalog.load(city={}) if body.service.code.startswith("HZ")]


@pytest.fixture
def town(db, bodies):
    """Futian station with the Lins, the Hes and a collective household; all of the register's services published."""
    yield from make_town(bodies)


@pytest.fixture
def lasting_town(transactional_db, bodies):
    """The same, committed, for tests with several connections."""
    yield from make_town(bodies)


def make_town(bodies):
    """Enter units, services and households."""
    units = (
        (1, 0, "440300", "bureau", None, "1."),
        (4, 2, "440304", "branch", 1, "1.4."),
        (40, 2, "440304004", "station", 4, "1.4.40."),
    )
    for pk, org, code, level, parent, path in units:
        Unit.objects.create(
            id=pk, org_id=org, code=code, level=level, parent_id=parent, path=path, name={"zh": code, "en": code}
        )
    # The lot may fall on a look of the clerk, whose note then names the account.
    Account.objects.create(
        id=world.CLERK.account_id,
        kind=Account.OFFICER,
        login="clerk",
        display_name="测试民警",
        created_at=world.BEFORE,
    )
    publishing.publish(bodies, by=SYSTEM, now=world.BEFORE)
    queries.forget_kept()
    first_entry.enter_all(
        [
            entered(world.LIN_HOME, "深圳市福田区福田街道民安路88号3栋12A"),
            entered(world.HE_HOME, "深圳市福田区福田街道春风路20号1栋5C"),
            entered([("99", world.COLLECTIVE_GIRL, {})], "深圳市福田区人才大厦", "福田人才中心"),
        ],
        by=SYSTEM,
        now=world.BEFORE,
    )
    yield
    queries.forget_kept()
