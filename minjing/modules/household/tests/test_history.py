"""The register keeps every day: who was where, what was written, and that no effect leaves it half done."""

import re
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import actions
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.identity.seen import Unrecorded
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import catalog, plugs
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household import codes, queries
from minjing.modules.household.actions.register import Act, set_items
from minjing.modules.household.models import Household, Item, Member
from minjing.modules.household.tests import world
from minjing.modules.household.tests.world import (
    HE,
    HE_SON,
    LIN,
    NOW,
    SU,
    TODAY,
    WANG,
    decide,
    home,
    household,
    person,
    row,
)

pytestmark = pytest.mark.usefixtures("town")


def held(who, paper, answers):
    return queries.held(person(who), [paper], answers, NOW)[paper]


def on_record(who, paper, answers):
    return queries.held_by_civil_affairs(person(who), [paper], answers, NOW).get(paper, "")


def test_who_was_where_on_any_day():
    decide("HZ0702", {"person_id": SU, "to_household_no": home("collective")}, applicant=SU)
    later = NOW + timedelta(days=30)
    answers = {"person_id": SU, "from_household_no": home("collective"), "landing_kind": "household",
               "to_household_no": home("lin"), "relation": "spouse"}  # fmt: skip
    decide("HZ0701", answers, applicant=SU, now=later)
    where = {day: queries.household_on(person(SU), day) for day in (
        date(2019, 12, 31), date(2020, 1, 1), TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=29),
        TODAY + timedelta(days=30),
    )}  # fmt: skip
    lin, collective = household(home("lin")).pk, household(home("collective")).pk
    assert list(where.values()) == [None, lin, lin, collective, collective, lin]
    periods = queries.history(person(SU), world.CLERK, NOW, reason="counter").periods
    assert [(p.household, p.relation.zh) for p in periods] == [
        (home("lin"), "妻"), (home("collective"), "非亲属"), (home("lin"), "妻"),
    ]  # fmt: skip


def test_a_refused_effect_leaves_nothing_behind():
    answers = {"person_id": WANG, "person_name": "王雨桐", "landing_kind": "own", "landing_addr": "深圳市福田区某处",
               "family_along": True, "along": [row(HE, "父亲")]}  # fmt: skip
    person(WANG)
    before = (Member.objects.count(), Household.objects.count(), Item.objects.count(), Outbox.objects.count())
    with pytest.raises(EffectRefused), transaction.atomic():
        decide("HZ0402", answers, applicant=WANG)
    after = (Member.objects.count(), Household.objects.count(), Item.objects.count(), Outbox.objects.count())
    assert after == before


def test_every_change_has_its_entry_in_the_ledger():
    decide("HZ0804", {"household_no": home("he"), "new_head_id": HE_SON, "new_head_name": "何志远"}, applicant=HE)
    kinds = list(Outbox.objects.filter(subject_id=person(HE_SON)).values_list("kind", flat=True))
    assert "household:member:related" in kinds
    payloads = b"".join(bytes(p) for p in Outbox.objects.values_list("payload", flat=True))
    assert "何志远".encode() not in payloads
    assert HE_SON.encode() not in payloads


def test_periods_of_one_person_never_overlap():
    gone = Member(org_id=2, household=household(home("he")), person_id=person(LIN), relation="97", cause_in="initial",
                  since=date(2021, 1, 1), until=date(2022, 1, 1), cause_out="moved", address_sealed=b"x")  # fmt: skip
    with pytest.raises(IntegrityError, match="overlap"), transaction.atomic():
        gone.save(force_insert=True)


def test_a_person_is_in_one_household_only():
    second = Member(org_id=2, household=household(home("he")), person_id=person(LIN), relation="97",
                    cause_in="initial", since=TODAY, address_sealed=b"x")  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save(force_insert=True)


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM household_member", "UPDATE household_item SET since = '2001-01-01'", "DELETE FROM household_item"],
)
def test_history_cannot_be_rewritten(sql):
    with pytest.raises(IntegrityError, match="history"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_an_officer_reads_a_household_only_with_a_reason_and_on_record():
    with pytest.raises(NotAllowed):
        queries.household(home("lin"), world.CLERK, NOW, day=TODAY)
    view = queries.household(home("lin"), world.CLERK, NOW, day=TODAY, reason="counter")
    assert view is not None
    assert [m.name for m in view.members] == ["林晓夫", "苏婉", "林小树"]
    assert view.address == "深圳市福田区福田街道民安路88号3栋12A"
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=person(LIN)).count() == 1


def test_a_stranger_reads_nothing():
    resident = Actor(world.UUID(int=5), "resident", person(HE))
    with pytest.raises(NotAllowed):
        queries.history(person(LIN), resident, NOW, reason="counter")


def test_what_the_register_fills_in():
    assert queries.prefill(person(LIN), "household_no", NOW) == home("lin")
    assert queries.prefill(person(LIN), "office", NOW) == "440304004"
    assert queries.prefill(person(LIN), "spouse_id", NOW) == SU
    assert queries.prefill(person(LIN), "address", NOW) == "深圳市福田区福田街道民安路88号3栋12A"
    assert queries.prefill(person(WANG), "household_no", NOW) is None
    assert queries.prefill(person(WANG), "name", NOW) == "王雨桐"  # said and proved when signing in
    assert queries.prefill(person(WANG), "sex", NOW) == "2"


def test_what_is_held_already():
    assert held(LIN, "household_book", {}) == "户籍登记"
    assert held(WANG, "household_book", {}) == ""
    assert held(WANG, "spouse_household_book", {"spouse_id": HE}) == "户籍登记"
    assert held(LIN, "parents_id_card", {"father_id": LIN, "mother_id": WANG}) == ""
    assert held(LIN, "kinship_proof", {"person_id": SU}) == "户籍登记"
    assert held(LIN, "kinship_proof", {"person_id": HE}) == ""
    assert on_record(LIN, "marriage_certificate", {"spouse_id": SU})
    assert not on_record(LIN, "marriage_certificate", {"spouse_id": HE})
    assert on_record(HE, "marriage_certificate", {"father_id": LIN, "mother_id": SU})
    assert not on_record(LIN, "birth_certificate", {"spouse_id": SU})


def test_a_marriage_with_somebody_from_elsewhere_is_known_through_the_one_registered_here():
    decide("HZ0906", {"for_whom": "self", "item": "marital", "new_marital": "22"})
    item = {"person_id": WANG, "spouse_id": LIN}
    assert not on_record(WANG, "marriage_certificate", item)
    act = Act(world.CLERK, NOW, None)
    set_items(act, person(LIN), world.ORG, {"spouse_id": WANG})
    assert on_record(WANG, "marriage_certificate", item)
    assert on_record(LIN, "marriage_certificate", item)


def test_who_somebody_says_they_are_is_checked_against_the_register():
    assert queries.check(name="林晓夫", id_number=LIN, now=NOW).name_agrees
    assert not queries.check(name="林小夫", id_number=LIN, now=NOW).name_agrees
    assert not queries.check(name="林晓夫", id_number="440304199003120012", now=NOW).found
    decide("HZ0201", {"deceased_id": HE, "deceased_name": "何国栋", "death_date": "2026-09-01"}, applicant=HE_SON)
    assert not queries.check(name="何国栋", id_number=HE, now=NOW).alive


def looked_at(person_id):
    """The clerk has looked at the register, on record."""
    return actions.record_look(world.CLERK, [person_id], [queries.RECORD], reason="register_upkeep", now=NOW)


def test_the_register_opens_to_nobody_whose_look_is_not_on_record():
    seen = looked_at(person(WANG))
    with pytest.raises(Unrecorded):
        queries.register_record(person(LIN), seen)


def test_the_officers_view_of_the_register_is_a_look():
    rows = queries.register_record(person(LIN), looked_at(person(LIN)))
    said = {field: value for _, field, value in rows}
    assert said["name"].zh == said["name"].en == "林晓夫"
    assert said["household_no"].zh == home("lin")
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=person(LIN)).exists()


def test_the_register_speaks_english_but_for_the_names_of_people_and_places():
    more = {"education": "大学本科", "blood": "AB 型", "ethnicity": "05", "birth_place": "新疆喀什"}
    set_items(Act(by=world.CLERK, now=NOW, matter_id=new_id()), person(LIN), world.ORG, more)
    said = {field: value.en for _, field, value in queries.register_record(person(LIN), looked_at(person(LIN)))}
    assert (said["education"], said["blood"], said["ethnicity"]) == ("University degree", "AB", "Uygur")
    assert (said["marital"], said["status"], said["relation"]) == ("Married", "Registered", "Head")
    chinese = {field for field, words in said.items() if re.search(r"[\u4e00-\u9fff]", words)}
    assert chinese <= {"name", "birth_place", "address"}
    assert said["birth_place"] == "新疆喀什"


def test_every_code_and_every_word_that_the_register_takes_has_its_english():
    for service in catalog.load(plugs.CATALOGUES):
        for field in service.service.fields.values():
            for option in field.options if field.sets in ("education", "blood_type") else ():
                assert codes.said({"blood_type": "blood"}.get(field.sets, field.sets), option.zh)[1] != option.zh


def test_who_is_in_no_register_is_told_so_in_both_languages():
    ((_, field, said),) = queries.register_record(person(WANG), looked_at(person(WANG)))
    assert (field, said.zh, said.en) == ("status", "本市无户籍登记", "Not registered in this city")


def test_a_look_at_the_register_has_a_name_that_the_resident_understands():
    looked_at(person(LIN))
    (look,) = identity.looks_at(person(LIN), NOW)
    assert [field["zh"] for field in look.fields] == ["户籍登记"]


def test_naming_a_stranger_in_a_form_does_not_tell_where_they_live():
    told = held(LIN, "spouse_household_book", {"spouse_id": HE})
    assert told
    assert not any(character.isdigit() for character in told)
