"""An ID number that was replaced is nobody's again, and what was written under it still means its person."""

import pytest

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Wrong
from minjing.kernel.identity.models import Person
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household import queries
from minjing.modules.household.actions.register import Act, items_of, set_items
from minjing.modules.household.models import Member
from minjing.modules.household.tests.world import (
    CLERK,
    HE,
    LIN,
    LIN_CHILD,
    NAMES,
    NOW,
    ORG,
    SU,
    WANG,
    decide,
    home,
    person,
    relations,
    row,
)

pytestmark = pytest.mark.usefixtures("town")
STRANGER = "赵无关"


def renumber(id_number: str) -> str:
    """Give somebody a new ID number, as two people with the same one get it; return the new one."""
    who = person(id_number)
    decide("HZ0905", {"person_id": id_number}, applicant=id_number)
    return items_of([who])[who]["id_number"]


@pytest.fixture
def resident() -> Actor:
    """Somebody with a new phone who has not said who they are."""
    account = identity.open_account(phone="13800138000", now=NOW)
    return people.actor_of(account.pk, NOW)


def test_a_stranger_does_not_sign_in_with_a_number_that_somebody_gave_up(resident):
    renumber(LIN)
    many = Person.objects.count()
    with pytest.raises(Wrong, match="not_vouched"):
        identity.say_who(by=resident, name=STRANGER, id_number=LIN, now=NOW)
    assert Person.objects.count() == many


def test_who_gives_their_own_number_of_before_is_told_to_give_the_present_one_and_not_which(resident):
    new = renumber(LIN)
    with pytest.raises(Wrong, match="number_replaced") as refused:
        identity.say_who(by=resident, name="林晓夫", id_number=LIN, now=NOW)
    assert new not in str(refused.value.text)
    assert identity.say_who(by=resident, name="林晓夫", id_number=new, now=NOW) == people.person_by_id_number(new)


def test_nobody_is_made_known_under_a_number_that_was_replaced():
    renumber(LIN)
    with pytest.raises(NotAllowed, match="number_replaced"):
        identity.ensure_people_bulk([(NAMES[WANG], WANG), (STRANGER, LIN)], NOW)
    for name in (STRANGER, "林晓夫"):
        with pytest.raises(Wrong):
            identity.received_at_counter(name=name, id_number=LIN, by_card=True, by=CLERK, now=NOW)


def test_a_stranger_does_not_move_in_under_it():
    renumber(LIN)
    answers = {"applying_as": "local", "person_id": LIN, "person_name": STRANGER, "spouse_id": SU,
               "landing_household_no": home("he"), "relation": "other"}  # fmt: skip
    with pytest.raises(EffectRefused, match="is not what stands in the register"):
        decide("HZ0301", answers, applicant=SU)
    with pytest.raises(EffectRefused, match="already"):  # it leads to Lin, who is registered
        decide("HZ0301", {**answers, "person_name": "林晓夫"}, applicant=SU)


def test_who_moved_away_and_gives_the_old_number_comes_back_as_the_same_person_under_the_new_one():
    who, new = person(LIN), renumber(LIN)
    decide("HZ0601", {"person_id": new, "person_name": NAMES[LIN], "destination_addr": "广州市天河区"}, applicant=SU)
    along = {**row(LIN), "relation": "夫"}
    answers = {"applying_as": "local", "person_id": WANG, "person_name": NAMES[WANG], "spouse_id": SU,
               "landing_household_no": home("lin"), "relation": "other", "minor_children_along": True,
               "along": [along]}  # fmt: skip
    decide("HZ0301", answers, applicant=SU)
    assert who in relations(home("lin"))
    assert items_of([who])[who]["id_number"] == new
    assert Member.objects.filter(person_id=who, until__isnull=True).count() == 1


def test_the_register_vouches_for_nobody_under_it():
    new = renumber(LIN)
    stranger, own = (queries.check(name=name, id_number=LIN, now=NOW) for name in (STRANGER, "林晓夫"))
    assert (stranger.name_agrees, stranger.replaced) == (False, False)
    assert (own.name_agrees, own.replaced) == (False, True)
    assert queries.check(name="林晓夫", id_number=new, now=NOW).name_agrees


def test_a_mother_stays_the_mother_after_her_birth_was_corrected():
    child, mother = person(LIN_CHILD), person(SU)
    decide("HZ0904", {"person_id": SU, "new_birth_date": "1991-04-10"}, applicant=SU)
    new = items_of([mother])[mother]["id_number"]
    assert new != SU
    assert queries.is_guardian(child, mother, NOW)
    assert items_of([child])[child]["mother_id"] == new
    assert queries.prefill(person(LIN), "spouse_id", NOW) == new
    seen = identity.record_look(CLERK, [child], [queries.RECORD], reason="counter", now=NOW)
    assert new in [value.zh for _, name, value in queries.register_record(child, seen) if name == "mother_id"]


@pytest.mark.parametrize("given", ["old", "new"])
def test_papers_that_name_the_wife_are_held_under_either_number(given):
    decide("HZ0906", {"for_whom": "self", "item": "marital", "new_marital": "22"})
    number = {"new": renumber(SU), "old": SU}[given]
    for paper, answers in (
        ("kinship_proof", {"person_id": number}),
        ("spouse_household_book", {"spouse_id": number}),
    ):
        assert queries.held(person(LIN), [paper], answers, NOW)[paper], paper
    married = queries.held_by_civil_affairs(person(LIN), ["marriage_certificate"], {"spouse_id": number}, NOW)
    assert married["marriage_certificate"]


def test_an_old_number_that_a_form_gives_is_read_as_the_new_one():
    who = person(SU)
    renumber(SU)
    set_items(Act(CLERK, NOW, None), person(LIN), ORG, {"spouse_id": SU})  # as a form of before gives it
    assert items_of([person(LIN)])[person(LIN)]["spouse_id"] == items_of([who])[who]["id_number"]


def test_an_officer_finds_the_person_and_what_is_about_them_by_either_number():
    who, new = person(LIN), renumber(LIN)
    assert people.find_people(LIN) == people.find_people(new) == [who]
    assert people.person_by_id_number(LIN) is None
    assert len(people.number_indexes(who)) == 2
    assert people.people_by_id_numbers([LIN, HE]) == {LIN: who, HE: person(HE)}
