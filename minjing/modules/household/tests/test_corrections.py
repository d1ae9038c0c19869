"""What a correction does after the decision: the register and the paper say the same again."""

from datetime import timedelta

import pytest

from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household.models import Member
from minjing.modules.household.queries import items_of
from minjing.modules.household.tests.test_effects import BIRTHS, NEWBORN
from minjing.modules.household.tests.world import (
    HE,
    HE_DAUGHTER_IN_LAW,
    HE_SON,
    LIN,
    NOW,
    WANG,
    correct,
    decide,
    fact,
    home,
    matter,
    membership,
    person,
    relations,
    row,
)

pytestmark = pytest.mark.usefixtures("town")
LATER = NOW + timedelta(days=3)


def test_every_effect_can_be_corrected():
    named = {body.service.effect for body in queries.current()}
    assert set(plugs.CORRECTIONS) >= {effect for effect in named if effect.startswith("household.")}


def test_a_newborns_day_and_sex_bring_another_number():
    of = matter("HZ0101", LIN)
    answers = {**NEWBORN, **BIRTHS["HZ0101"]}
    child = decide("HZ0101", answers, of=of).holder_person
    wrong = items_of([child])[child]["id_number"]
    correct(of, {**answers, "child_sex": "1", "birth_datetime": "2026-08-21T08:30"}, now=LATER)
    now = items_of([child])[child]
    assert now["sex"] == "1"
    assert now["birth"] == "2026-08-21"
    assert now["id_number"] != wrong
    assert now["id_number"][6:14] == "20260821"


def test_a_relation_is_put_right_after_a_move_in():
    of = matter("HZ0301", LIN)
    answers = {"applying_as": "local", "person_id": WANG, "person_name": "王雨桐", "spouse_id": LIN,
               "landing_household_no": home("lin"), "relation": "parent"}  # fmt: skip
    decide("HZ0301", answers, of=of)
    outcome = correct(of, {**answers, "relation": "other", "person_name": "王雨彤"}, now=LATER)
    assert relations(home("lin"), LATER.date())[person(WANG)] == "97"
    assert fact(outcome, "姓名") == "王雨彤"
    with pytest.raises(EffectRefused, match="already"):
        correct(of, {**answers, "relation": "other", "person_name": "王雨彤"}, now=LATER)


def test_an_address_is_put_right_for_everybody_who_came_along():
    of = matter("HZ0801", HE_SON)
    answers = {"head_id": HE_SON, "addr": "深圳市福田区福田街道凤凰路9号1栋9F", "members_along": True,
               "members": [row(HE_DAUGHTER_IN_LAW, "妻")]}  # fmt: skip
    decide("HZ0801", answers, applicant=HE_SON, of=of)
    outcome = correct(of, {**answers, "addr": "深圳市福田区福田街道凤凰路9号1栋19F"}, now=LATER)
    assert fact(outcome, "住址") == "深圳市福田区福田街道凤凰路9号1栋19F"
    assert membership(HE_DAUGHTER_IN_LAW).cause_in == "corrected"
    assert relations(membership(HE_SON).household.number, LATER.date()) == {
        person(HE_SON): "02", person(HE_DAUGHTER_IN_LAW): "12",
    }  # fmt: skip


def test_a_day_of_death_is_put_right():
    of = matter("HZ0201", HE_SON)
    answers = {"deceased_id": HE, "deceased_name": "何国栋", "death_date": "2026-09-01"}
    decide("HZ0201", answers, applicant=HE_SON, of=of)
    outcome = correct(of, {**answers, "death_date": "2026-09-02"}, now=LATER)
    assert items_of([person(HE)])[person(HE)]["ended_on"] == "2026-09-02"
    assert fact(outcome, "事由") == "死亡"
    assert Member.objects.filter(person_id=person(HE), until__isnull=True).count() == 0


def test_a_wrongly_corrected_sex_is_put_back_under_the_old_persons_entry():
    of = matter("HZ0902", LIN)
    decide("HZ0902", {"person_id": LIN, "new_sex": "2"}, of=of)
    correct(of, {"person_id": LIN, "old_sex": "2", "new_sex": "1"}, now=LATER)
    who = person_of_lin()
    assert items_of([who])[who]["sex"] == "1"
    assert items_of([who])[who]["id_number"] != LIN  # a number that was given up is never given again


def person_of_lin():
    from minjing.modules.household.actions.register import person_of

    return person_of(LIN)
