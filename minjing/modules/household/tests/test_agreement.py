"""What a form names must be what stands in the register, and the household must be the deciding station's own."""

from typing import Any

import pytest

from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household import rules
from minjing.modules.household.models import Member
from minjing.modules.household.tests.test_effects import BIRTHS, CANCELLED, JOINING, NEWBORN, queries_service
from minjing.modules.household.tests.world import (
    COLLECTIVE_GIRL,
    HE,
    HE_DAUGHTER_IN_LAW,
    HE_SON,
    HE_WIFE,
    LIN,
    LIN_CHILD,
    NAMES,
    SU,
    decide,
    home,
    matter,
    membership,
    person,
    relations,
    row,
)

pytestmark = pytest.mark.usefixtures("town")
ELSEWHERE = 41  # a station that has none of the town's households
MERGE = {"household_no_from": home("he"), "household_no_to": home("lin"), "head_id": LIN, "relation": "other"}
HEADS = {"household_no": home("he"), "new_head_id": HE_SON, "old_head_id": HE}
OWN_HOME = {"landing_kind": "own", "to_addr": "深圳市福田区福田街道海棠路1号1栋1A", "family_along": False}


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        ("HZ0201", {**CANCELLED["HZ0201"][0], "deceased_name": "李某某"}),
        ("HZ0202", {**CANCELLED["HZ0202"][0], "person_name": "李某某"}),
        ("HZ0204", {**CANCELLED["HZ0204"][0], "cancelled_name": "李某某"}),
        ("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"], "mother_name": "李某某"}),
        ("HZ0301", {**JOINING, "applying_as": "local", "spouse_id": LIN, "spouse_name": "李某某",
                    "landing_household_no": home("lin"), "relation": "other"}),
        ("HZ0601", {"person_id": LIN, "members_along": True, "accompanying": [{**row(SU), "name": "李某某"}]}),
        ("HZ0701", {"person_id": LIN, **OWN_HOME, "person_name": "李某某"}),
        ("HZ0803", {**MERGE, "other_head_name": "李某某"}),
        ("HZ0804", {**HEADS, "new_head_name": "李某某"}),
        ("HZ0903", {"person_id": LIN, "person_name": "李某某", "new_ethnicity": "08"}),
    ],
)  # fmt: skip
def test_nothing_is_decided_under_another_name_than_the_registers(code, answers):
    before = Member.objects.count()
    with pytest.raises(EffectRefused) as refused:
        decide(code, answers)
    assert refused.value.key == "name_differs"
    assert not any(name in refused.value.text.zh + refused.value.text.en for name in NAMES.values())
    assert Member.objects.count() == before


def test_a_form_is_read_for_everybody_it_names():
    said = {"person_id": LIN, "person_name": "林晓夫", "child_id": SU, "joined_name": "苏婉", "travel_doc_no": "E1",
            "along": [row(LIN_CHILD)], "owner_id": HE, "delivery": "post"}  # fmt: skip
    assert list(rules.named(said)) == [
        ("person_id", "林晓夫", LIN), ("child_id", "苏婉", SU), ("along", "林小树", LIN_CHILD),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "heads",
    [
        {"other_head_id": HE_WIFE},  # no head of either
        {"head_id": HE, "other_head_id": HE},  # the other household's is missing
        {"head_id": SU},
    ],
)
def test_households_are_merged_by_their_two_heads_only(heads):
    with pytest.raises(EffectRefused, match="not the head"):
        decide("HZ0803", {**MERGE, "other_head_id": HE, **heads})
    assert len(relations(home("he"))) == 4


def test_the_head_of_the_household_that_ends_may_head_the_one_that_stays():
    decide("HZ0803", {**MERGE, "head_id": HE, "other_head_id": LIN, "relation": "parent"})
    assert relations(home("lin"))[person(HE)] == "02"


def test_a_head_is_changed_from_the_one_there_is():
    with pytest.raises(EffectRefused, match="not the head"):
        decide("HZ0804", {**HEADS, "old_head_id": HE_WIFE}, applicant=HE)
    assert membership(HE).relation == "02"


CHANGES: dict[str, dict[str, Any]] = {
    **{code: {**NEWBORN, **more} for code, more in BIRTHS.items()},
    **{code: answers for code, (answers, _) in CANCELLED.items()},
    "HZ0301": {**JOINING, "applying_as": "local", "spouse_id": LIN, "landing_household_no": home("lin"),
               "relation": "other"},
    "HZ0601": {"person_id": HE_SON},
    "HZ0702": {"person_id": HE_SON, "to_household_no": home("collective")},
    "HZ0802": {"household_no": home("he"), "new_head_id": HE_SON, "others_leave": False},
    "HZ0803": {**MERGE, "other_head_id": HE},
    "HZ0804": HEADS,
    "HZ0903": {"person_id": LIN, "new_ethnicity": "08"},
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CHANGES))
def test_a_household_is_changed_by_its_own_station_only(code):
    answers = {
        name: value for name, value in CHANGES[code].items() if name in queries_service(code)[1].service.fields
    }
    before = Member.objects.count()
    with pytest.raises(EffectRefused) as refused:
        decide(code, answers, of=matter(code, LIN).but(station_id=ELSEWHERE))
    assert refused.value.key == "other_station"
    assert Member.objects.filter(until__isnull=True).count() == Member.objects.count() == before
    decide(code, answers, applicant=LIN)


@pytest.mark.parametrize(
    ("code", "answers", "mover"),
    [
        ("HZ0701", {"person_id": COLLECTIVE_GIRL, **OWN_HOME}, COLLECTIVE_GIRL),
        ("HZ0801", {"head_id": HE_SON, "addr": "深圳市福田区福田街道凤凰路9号1栋9F", "members_along": True,
                    "members": [row(HE_DAUGHTER_IN_LAW, "妻")]}, HE_SON),
    ],
)  # fmt: skip
def test_who_moves_in_the_city_is_taken_in_by_the_station_they_move_to(code, answers, mover):
    decide(code, answers, applicant=mover, of=matter(code, mover).but(station_id=ELSEWHERE))
    assert membership(mover).household.station_id == ELSEWHERE
