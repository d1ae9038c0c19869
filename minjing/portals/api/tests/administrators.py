"""The three administrators, each with a token."""

import pytest

from minjing.kernel.identity.models import Account, Appointment, Post
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.world import MONDAY
from minjing.portals.api.tests.test_api import as_  # noqa: F401 - the fixture

ACTS = {
    "system_admin": ["manage_catalogue", "manage_units", "manage_calendars"],
    "security_admin": ["manage_accounts", "manage_appointments", "ask_erasure"],
    "audit_admin": ["audit", "confirm_erasure"],
}
SYSTEM, SECURITY, AUDIT = (world.officer(number, post, "1.") for number, post in enumerate(ACTS, 42))


@pytest.fixture
def administrators(as_):  # noqa: F811 - the fixture
    """Return the clients of the system, the security and the audit administrator."""
    for actor in (SYSTEM, SECURITY, AUDIT):
        code = actor.holdings[0].post
        Post.objects.create(code=code, name={"zh": code, "en": code}, level="bureau", acts=ACTS[code])
        Account.objects.create(
            id=actor.account_id,
            kind="officer",
            login=code,
            display_name=code,
            police_number=str(actor.account_id)[-6:],
            created_at=MONDAY,
        )
        Appointment.objects.create(
            account_id=actor.account_id, unit_id=1, post_id=code, since=MONDAY.replace(year=2020)
        )
    return as_(SYSTEM), as_(SECURITY), as_(AUDIT)
