"""What a correction does after the decision: the register and the paper say the same again."""

from datetime import timedelta

import pytest

from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household.actions.register import known
from minjing.modules.household.models import Item, Member
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


def lins_entry():
    return items_of([person_of_lin()])[person_of_lin()]


def test_a_misspelt_new_name_leaves_the_true_former_name():
    of = matter("HZ0901", LIN)
    decide("HZ0901", {"person_id": LIN, "new_name": "林小夫"}, of=of)
    outcome = correct(of, {"person_id": LIN, "new_name": "林筱夫"}, now=LATER)
    assert (lins_entry()["name"], lins_entry()["former_name"]) == ("林筱夫", "林晓夫")
    assert known(person_of_lin())[0] == "林筱夫"
    assert fact(outcome, "变更前") == "林晓夫"
    with pytest.raises(EffectRefused, match="already"):
        correct(of, {"person_id": LIN, "new_name": "林筱夫"}, now=LATER)


def test_a_name_that_was_not_to_be_changed_is_put_back_without_a_former_name():
    of = matter("HZ0901", LIN)
    decide("HZ0901", {"person_id": LIN, "new_name": "林小夫"}, of=of)
    correct(of, {"person_id": LIN, "person_name": "林小夫", "new_name": "林晓夫"}, now=LATER)
    assert lins_entry()["name"] == known(person_of_lin())[0] == "林晓夫"
    assert "former_name" not in lins_entry()
    kept = Item.objects.filter(person_id=person_of_lin(), name="former_name").order_by("since", "id")
    assert [row.until for row in kept] == [LATER.date(), None], "it stood there for three days, and that is kept"


def test_a_wrongly_chosen_heading_is_put_back_as_it_was():
    decide("HZ0906", {"for_whom": "self", "item": "employer", "new_value": "深圳市第一中学"})
    of = matter("HZ0906", LIN)
    decide("HZ0906", {"for_whom": "self", "item": "employer", "new_value": "教师"}, of=of)
    occupation = {"for_whom": "self", "item": "occupation", "new_value": "教师"}
    correct(of, occupation, now=LATER)
    assert (lins_entry()["employer"], lins_entry()["occupation"]) == ("深圳市第一中学", "教师")
    correct(of, {**occupation, "item": "native_place", "new_value": "广东省梅州市梅县区"}, now=LATER)
    assert lins_entry()["employer"] == "深圳市第一中学"
    assert lins_entry()["native_place"] == "广东省梅州市梅县区"
    assert "occupation" not in lins_entry()


def test_a_change_that_was_meant_for_another_person_is_taken_back():
    of = matter("HZ0903", LIN)
    decide("HZ0903", {"person_id": LIN, "new_ethnicity": "08"}, of=of)
    correct(of, {"person_id": HE_SON, "new_ethnicity": "08"}, now=LATER)
    assert lins_entry()["ethnicity"] == "01"
    assert items_of([person(HE_SON)])[person(HE_SON)]["ethnicity"] == "08"


def test_a_birth_put_right_twice_names_the_number_before_the_matter():
    of = matter("HZ0904", LIN)
    decide("HZ0904", {"person_id": LIN, "new_birth_date": "1990-03-21"}, of=of)
    outcome = correct(of, {"person_id": LIN, "new_birth_date": "1990-03-22"}, now=LATER)
    assert lins_entry()["id_number"][6:14] == "19900322"
    assert (fact(outcome, "变更前"), fact(outcome, "原公民身份号码")) == ("1990-03-12", LIN)


def test_what_another_matter_has_changed_since_is_not_taken_back():
    of = matter("HZ0901", LIN)
    decide("HZ0901", {"person_id": LIN, "new_name": "林小夫"}, of=of)
    decide("HZ0901", {"person_id": LIN, "person_name": "林小夫", "new_name": "林大夫"}, now=LATER)
    with pytest.raises(EffectRefused, match="since"):
        correct(of, {"person_id": LIN, "new_name": "林筱夫"}, now=LATER)
    assert lins_entry()["name"] == "林大夫"
