"""The guardian plug: the register shows father and mother, of a minor, and tells nothing else."""

import pytest

from minjing.base import clock
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.plugs import plugs
from minjing.modules.household import queries
from minjing.modules.household.tests.world import HE, HE_SON, LIN, LIN_CHILD, SU

pytestmark = pytest.mark.django_db


def test_the_register_is_asked_whether_an_adult_is_the_parent(town) -> None:
    assert plugs.guardian is queries.is_guardian
    known = people.people_by_id_numbers([LIN, SU, LIN_CHILD, HE, HE_SON])
    now = clock.now()
    for parent in (LIN, SU):
        assert plugs.guardian(known[LIN_CHILD], known[parent], now)
    for adult in (HE, LIN_CHILD):
        assert not plugs.guardian(known[LIN_CHILD], known[adult], now)
    assert not plugs.guardian(known[LIN], known[LIN_CHILD], now), "a child is nobody's guardian"
    assert plugs.guardian(known[HE_SON], known[HE], now), "a father is one; the age is the mandate's own rule"
