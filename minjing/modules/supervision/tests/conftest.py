"""The engine's small world with the inspectorate in it, and looks at Lin to ask about."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from minjing.base import clock
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.matters import catalog, publishing, queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import city as _city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import CHEN, LIN, PUBLISHER, officer

CATALOG = Path(__file__).parents[1] / "catalog"
QIN = officer(31, "inspector", "1.")
SHU = officer(32, "inspector", "1.")
GAO = officer(33, "supervisor", "1.", ("supervise",))
BAI = officer(34, "bureau_approver", "1.")


@pytest.fixture
def inspectorate(_city: None) -> Iterator[None]:  # noqa: F811 - the fixture
    """Publish the service and appoint two inspectors, a supervisor and a colleague of the bureau."""
    for code in ("inspector", "supervisor"):
        Post.objects.create(code=code, name={"zh": code, "en": code}, level="bureau", acts=["look"])
    for actor in (QIN, SHU, GAO, BAI):
        Account.objects.create(
            id=actor.account_id, kind="officer", login=actor.name, display_name=actor.name, created_at=timezone.now()
        )
        for held in actor.holdings:
            Appointment.objects.create(
                account_id=actor.account_id, unit_id=held.unit_id, post_id=held.post, since=world.MONDAY
            )
    publishing.publish(catalog.load([CATALOG]), by=PUBLISHER, now=world.MONDAY - timedelta(days=1))
    queries.forget_kept()
    yield
    queries.forget_kept()


def looked(by: Actor = CHEN, at: Actor = LIN) -> UUID:
    """Let an officer look at a resident for a reason; return the look's entry."""
    assert at.person_id is not None
    identity.look(by, [at.person_id], ["name", "phone"], reason="phone_enquiry", now=clock.now())
    return people.looks_at(at.person_id, clock.now())[0].entry_id
