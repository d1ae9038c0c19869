"""The engine's small world with the help desk in it: two operators and a supervisor."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.matters import catalog, publishing
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import city as _city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import PUBLISHER, officer
from minjing.modules.help_desk import queries

CATALOG = Path(__file__).parents[1] / "catalog"
WEN = officer(51, "desk_operator", "1.", ("handle", "look", "desk"))
JIE = officer(52, "desk_operator", "1.", ("handle", "look", "desk"))
GAO = officer(53, "supervisor", "1.", ("supervise",))


@pytest.fixture
def desk(_city: None) -> Iterator[None]:  # noqa: F811 - the fixture
    """Publish the two services and appoint the people of the desk."""
    for code, acts in (("desk_operator", ["handle", "look", "desk"]), ("supervisor", ["supervise"])):
        Post.objects.create(code=code, name={"zh": code, "en": code}, level="bureau", acts=acts)
    for actor in (WEN, JIE, GAO):
        Account.objects.create(
            id=actor.account_id, kind="officer", login=actor.name, display_name=actor.name, created_at=timezone.now()
        )
        for held in actor.holdings:
            Appointment.objects.create(
                account_id=actor.account_id, unit_id=held.unit_id, post_id=held.post, since=world.MONDAY
            )
    publishing.publish(catalog.load([CATALOG]), by=PUBLISHER, now=world.MONDAY - timedelta(days=1))
    matters.forget_kept()
    queries.forget_kept()
    yield
    matters.forget_kept()
    queries.forget_kept()
