"""Whatever is decided in whatever order, the register stays whole."""

import itertools
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household.models import Household, Item, Member
from minjing.modules.household.tests import world
from minjing.modules.household.tests.world import (
    COLLECTIVE_GIRL,
    HE,
    HE_DAUGHTER_IN_LAW,
    HE_SON,
    HE_WIFE,
    LIN,
    NOW,
    SU,
    WANG,
    WANG_CHILD,
    decide,
    home,
    row,
)  # fmt: skip

PEOPLE = (LIN, SU, HE, HE_WIFE, HE_SON, HE_DAUGHTER_IN_LAW, COLLECTIVE_GIRL, WANG, WANG_CHILD)
HOMES = (home("lin"), home("he"), home("collective"))
WORDS = ("spouse", "child", "parent", "other")


def acts() -> st.SearchStrategy:
    """Any service with any of the people and households, sensible or not."""
    who, other, where, word = (st.sampled_from(values) for values in (PEOPLE, PEOPLE, HOMES, WORDS))
    return st.one_of(
        st.builds(lambda a, b, h, w: ("HZ0303", a, {"person_id": a, "person_name": world.NAMES[a], "parent_id": b,
                  "landing_household_no": h, "relation": "child"}), who, other, where, word),
        st.builds(lambda a: ("HZ0402", a, {"landing_kind": "own", "person_id": a, "person_name": world.NAMES[a],
                  "landing_addr": "深圳市某处1号"}), who),
        st.builds(lambda a, b: ("HZ0601", a, {"person_id": a, "destination_addr": "广州市", "members_along": True,
                  "accompanying": [row(b)]}), who, other),
        st.builds(lambda a, h, w: ("HZ0701", a, {"person_id": a, "landing_kind": "household", "to_household_no": h,
                  "from_household_no": "600000000", "relation": w}), who, where, word),
        st.builds(lambda a, h: ("HZ0702", a, {"person_id": a, "to_household_no": h,
                  "from_household_no": "600000000"}), who, where),
        st.builds(lambda a, b: ("HZ0801", a, {"head_id": a, "addr": "深圳市某处2号", "members_along": True,
                  "members": [row(b, "妻")]}), who, other),
        st.builds(lambda a, b, h: ("HZ0802", a, {"household_no": h, "new_head_id": a, "others_leave": True,
                  "split_member_ids": [row(b)]}), who, other, where),
        st.builds(lambda a, b, h, g, w: ("HZ0803", a, {"household_no_from": h, "household_no_to": g, "head_id": a,
                  "other_head_id": b, "relation": w}), who, other, where, where, word),
        st.builds(lambda a, b, h: ("HZ0804", a, {"household_no": h, "new_head_id": a, "old_head_id": b,
                  "new_head_name": world.NAMES[a]}), who, other, where),
        st.builds(lambda a: ("HZ0201", a, {"deceased_id": a, "death_date": "2026-09-01"}), who),
        st.builds(lambda h: ("HZ0101", LIN, {"child_name": "小苗", "child_sex": "1", "father_id": LIN,
                  "mother_id": SU, "birth_datetime": "2026-08-20T08:30", "household_no": h,
                  "relation": "child"}), where),
    )  # fmt: skip


def whole() -> None:
    """Check what must always hold of the register."""
    members = list(Member.objects.select_related("household").order_by("person_id", "since", "until"))
    now = [m for m in members if m.until is None]
    assert all(count == 1 for count in Counter(m.person_id for m in now).values())
    for earlier, later in itertools.pairwise(members):
        if earlier.person_id == later.person_id and earlier.until != earlier.since and later.until != later.since:
            assert earlier.until is not None
            assert earlier.until <= later.since
    heads = Counter(m.household_id for m in now if m.relation == "02")
    for found in Household.objects.all():
        lived_in = any(m.household_id == found.pk for m in now)
        if found.kind == Household.FAMILY:
            assert heads[found.pk] == (1 if lived_in else 0), found.number
            assert lived_in == (found.until is None), found.number
        else:
            assert heads[found.pk] == 0
    values = Counter(Item.objects.filter(until__isnull=True).values_list("person_id", "name"))
    assert all(count == 1 for count in values.values())


@pytest.mark.usefixtures("town")
@given(chosen=st.lists(acts(), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_register_stays_whole_whatever_is_decided(chosen):
    with transaction.atomic():
        for step, (code, applicant, answers) in enumerate(chosen):
            with suppress(EffectRefused, world.WrongForm), transaction.atomic():
                decide(code, answers, applicant=applicant, now=NOW + timedelta(days=step // 2))
            whole()
        transaction.set_rollback(True)
