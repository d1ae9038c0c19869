"""What each service does to the register: who is where the day before and after, and what the paper says."""

import pytest
from django.db import IntegrityError, transaction

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import forms
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household import queries
from minjing.modules.household.models import BirthCertificate, Household, Member
from minjing.modules.household.queries import items_of
from minjing.modules.household.tests import world
from minjing.modules.household.tests.world import (
    COLLECTIVE_GIRL,
    DAY_BEFORE,
    HE,
    HE_DAUGHTER_IN_LAW,
    HE_SON,
    HE_WIFE,
    LIN,
    LIN_CHILD,
    OLD_MOTHER,
    SU,
    TODAY,
    WANG,
    WANG_CHILD,
    decide,
    fact,
    home,
    household,
    membership,
    person,
    relations,
    row,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("town")

BIRTHS = {
    "HZ0101": {"father_id": LIN, "mother_id": SU, "follow_parent": "father", "household_no": home("lin")},
    "HZ0102": {"follow_parent": "mother", "declaring_parent_id": SU, "household_no": home("lin")},
    "HZ0103": {"father_id": LIN, "mother_id": SU, "follow_parent": "mother", "household_no": home("lin")},
    "HZ0104": {"father_id": LIN, "mother_id": SU, "follow_parent": "father", "household_no": home("lin")},
}
NEWBORN = {"child_name": "林小苗", "child_sex": "2", "birth_datetime": "2026-08-20T08:30", "relation": "child"}


@pytest.mark.parametrize("code", sorted(BIRTHS))
def test_a_newborn_enters_the_parents_household_with_a_number_of_her_own(code):
    outcome = decide(code, {**NEWBORN, **BIRTHS[code]})
    child = outcome.holder_person
    assert relations(home("lin"))[child] == "30"
    assert child not in relations(home("lin"), DAY_BEFORE)
    said = items_of([child])[child]
    assert said["name"] == "林小苗"
    assert said["birth"] == "2026-08-20"
    assert said["mother_id"] == SU
    assert said["id_number"].startswith("44030420260820")
    assert int(said["id_number"][16]) % 2 == 0
    assert fact(outcome, "公民身份号码") == said["id_number"]
    assert fact(outcome, "住址") == "深圳市福田区福田街道民安路88号3栋12A"


def test_two_children_born_on_one_day_have_different_numbers():
    first = decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"], "birth_cert_no": "R440000001"})
    second = decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"], "birth_cert_no": "R440000002", "child_name": "林小芽"})
    assert first.holder_person != second.holder_person
    assert fact(first, "公民身份号码") != fact(second, "公民身份号码")


LATE = {"person_name": "林小苗", "sex": "2", "birth_datetime": "2026-08-20T08:30", "birth_proof": "certificate",
        "father_id": LIN, "mother_id": SU, "follow_parent": "mother", "household_no": home("lin"),
        "relation": "child"}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "answers", "certificate"),
    [
        ("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"]}, "R440000001"),
        ("HZ0102", {**NEWBORN, **BIRTHS["HZ0102"]}, "r 440000001"),
        ("HZ0105", LATE, "R440000001"),
    ],
)
def test_a_certificate_of_birth_serves_for_one_entry_only(code, answers, certificate):
    decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"], "birth_cert_no": "R440000001"})
    with pytest.raises(EffectRefused, match="certificate"):
        decide(code, {**answers, "birth_cert_no": certificate}, applicant=SU)
    assert len(relations(home("lin"))) == 4


def test_offices_abroad_may_have_issued_the_same_number():
    answers = {**NEWBORN, **BIRTHS["HZ0103"], "foreign_birth_cert_no": "2026-000123"}
    decide("HZ0103", answers)
    with pytest.raises(EffectRefused, match="certificate"):
        decide("HZ0103", answers, applicant=SU)
    decide("HZ0103", {**answers, "birth_datetime": "2026-08-21T08:30"})
    assert len(relations(home("lin"))) == 5


def test_the_database_keeps_one_entry_to_a_certificate():
    first = decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"]}).holder_person
    index = bytes(BirthCertificate.objects.get(person_id=first).number_index)
    with pytest.raises(IntegrityError), transaction.atomic():
        BirthCertificate.objects.create(number_index=index, person_id=person(LIN))


def test_a_birth_is_refused_when_the_parent_followed_is_not_registered_here():
    person(WANG)
    with pytest.raises(EffectRefused, match="parent"):
        decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"], "mother_id": WANG, "follow_parent": "mother"})
    assert len(relations(home("lin"))) == 3


def test_someone_never_registered_is_entered_late():
    answers = {"person_name": "何小弟", "sex": "1", "birth_datetime": "2011-01-02T00:00", "father_id": HE_SON,
               "mother_id": HE_DAUGHTER_IN_LAW, "follow_parent": "father", "household_no": home("he"),
               "relation": "grandchild"}  # fmt: skip
    child = decide("HZ0105", answers, applicant=HE_SON).holder_person
    assert relations(home("he"))[child] == "41"
    assert Member.objects.get(person_id=child).cause_in == "late_registration"


def test_a_foundling_is_entered_in_the_collective_household_of_the_institution():
    answers = {
        "child_name": "福小宝",
        "child_sex": "1",
        "est_birth_date": "2026-01-05",
        "household_no": home("collective"),
    }
    child = decide("HZ0106", answers).holder_person
    assert relations(home("collective"))[child] == "99"


CANCELLED = {
    "HZ0201": ({"deceased_id": HE, "deceased_name": "何国栋", "death_date": "2026-09-01"}, "death"),
    "HZ0202": ({"person_id": HE, "enlist_date": "2026-09-20"}, "enlistment"),
    "HZ0203": ({"person_id": HE, "settle_date": "2026-06-01"}, "settled_abroad"),
    "HZ0204": ({"kept_id": LIN, "cancelled_id": HE}, "duplicate"),
}


@pytest.mark.parametrize("code", sorted(CANCELLED))
def test_a_cancelled_person_leaves_and_the_household_has_a_head_again(code):
    answers, cause = CANCELLED[code]
    outcome = decide(code, answers, applicant=HE_SON)
    assert relations(home("he"), DAY_BEFORE)[person(HE)] == "02"
    after = relations(home("he"))
    assert person(HE) not in after
    assert after == {person(HE_WIFE): "02", person(HE_SON): "20", person(HE_DAUGHTER_IN_LAW): "38"}
    assert Member.objects.filter(person_id=person(HE)).latest("until").cause_out == cause
    assert fact(outcome, "接任户主") == "吴秀英"
    with pytest.raises(EffectRefused, match="already"):
        decide(code, answers, applicant=HE_SON)


def test_the_next_head_is_the_one_the_family_names():
    answers = {**CANCELLED["HZ0201"][0], "is_head": True, "next_head_name": "何志远"}
    decide("HZ0201", answers, applicant=HE_SON)
    assert relations(home("he"))[person(HE_SON)] == "02"
    assert relations(home("he"))[person(HE_WIFE)] == "52"


def test_a_death_before_the_birth_is_refused():
    with pytest.raises(EffectRefused, match="1950"):
        decide("HZ0201", {**CANCELLED["HZ0201"][0], "death_date": "1950-01-01"}, applicant=HE_SON)


JOINING = {"person_id": WANG, "person_name": "王雨桐", "origin_addr": "湖南省长沙市芙蓉区"}
ALONG = {"along": [row(WANG_CHILD, "儿子")], "minor_children_along": True}


def test_a_spouse_moves_in_with_a_child():
    answers = {**JOINING, **ALONG, "applying_as": "local", "spouse_id": HE_SON, "landing_household_no": home("he"),
               "relation": "other"}  # fmt: skip
    outcome = decide("HZ0301", answers, applicant=HE_SON)
    assert outcome.holder_person == person(WANG)
    assert person(WANG) in relations(home("he"))
    assert person(WANG_CHILD) in relations(home("he"))
    assert person(WANG) not in relations(home("he"), DAY_BEFORE)
    assert fact(outcome, "原户口所在地") == "湖南省长沙市芙蓉区"


def test_somebody_registered_already_cannot_move_in_again():
    answers = {
        **JOINING,
        "person_id": SU,
        "person_name": "苏婉",
        "spouse_id": HE_SON,
        "landing_household_no": home("he"),
    }
    with pytest.raises(EffectRefused, match="602000001"):
        decide("HZ0301", answers)


def test_a_mother_moves_in_with_her_child():
    answers = {"applying_as": "child", "person_id": OLD_MOTHER, "person_name": "周桂兰", "child_id": LIN,
               "landing_household_no": home("lin"), "relation": "parent", "both_parents": False}  # fmt: skip
    decide("HZ0302", answers)
    assert relations(home("lin"))[person(OLD_MOTHER)] == "52"


@pytest.mark.parametrize(("code", "relation", "becomes"), [("HZ0303", "child", "20"), ("HZ0304", "27", "27")])
def test_a_child_moves_in_with_its_parents(code, relation, becomes):
    answers = {"person_id": WANG_CHILD, "person_name": "王一一", "parent_id": LIN, "adopter_id": LIN,
               "landing_household_no": home("lin"), "relation": relation}  # fmt: skip
    _, body = queries_service(code)
    decide(code, {k: v for k, v in answers.items() if k in body.service.fields})
    assert relations(home("lin"))[person(WANG_CHILD)] == becomes


def test_an_adopted_child_of_this_city_moves_within_it():
    answers = {"person_id": LIN_CHILD, "person_name": "林小树", "registered_here": True, "adopter_id": HE,
               "landing_household_no": home("he"), "relation": "27"}  # fmt: skip
    outcome = decide("HZ0304", answers)
    assert relations(home("he"))[person(LIN_CHILD)] == "27"
    assert person(LIN_CHILD) not in relations(home("lin"))
    assert fact(outcome, "原户号") == home("lin")
    with pytest.raises(EffectRefused, match="Nobody with this ID number"):
        decide("HZ0304", {**answers, "person_id": WANG_CHILD, "person_name": "王一一"})


@pytest.mark.parametrize(
    ("code", "answers", "kind", "valid"),
    [
        ("HZ0304", {"registered_here": False}, "move_in_permit", "40d"),
        ("HZ0304", {"registered_here": True}, "household_page", ""),
        ("HZ0405", {"hukou_status": "registered"}, "move_in_permit", "40d"),
        ("HZ0405", {"hukou_status": "cancelled"}, "household_page", ""),
        ("HZ1002", {"doc_type": "migration_certificate"}, "migration_certificate", "30d"),
        ("HZ1002", {"doc_type": "move_in_permit"}, "move_in_permit", "40d"),
    ],
)
def test_a_permit_is_issued_only_where_it_is_due_and_each_paper_under_its_own_name(code, answers, kind, valid):
    _, body = queries_service(code)
    due = forms.paper_due(body.service.grants, answers, TODAY)
    assert (due.certificate, due.valid) == (kind, valid)


def queries_service(code):
    from minjing.kernel.matters import queries as matters

    return matters.service(code)


OWN_HOME = ("HZ0305", "HZ0401", "HZ0402", "HZ0403", "HZ0404", "HZ0405", "HZ0406", "HZ0501", "HZ0502")  # fmt: skip


@pytest.mark.parametrize("code", OWN_HOME)
def test_a_newcomer_founds_a_household_at_the_landing_address(code):
    answers = {**JOINING, "landing_kind": "own", "landing_addr": "深圳市福田区福田街道木棉路5号2栋8B"}
    _, body = queries_service(code)
    outcome = decide(code, {k: v for k, v in answers.items() if k in body.service.fields}, applicant=WANG)
    member = Member.objects.select_related("household").get(person_id=outcome.holder_person, until__isnull=True)
    assert member.relation == "02"
    assert member.since == TODAY
    assert member.household.opened_by is not None
    assert fact(outcome, "住址") == "深圳市福田区福田街道木棉路5号2栋8B"


@pytest.mark.parametrize("code", ["HZ0503", "HZ0504", "HZ0505"])
def test_who_had_no_number_is_given_one(code):
    answers = {"person_name": "林海归", "sex": "1", "birth_date": "1985-02-03", "landing_kind": "household",
               "landing_household_no": home("lin"), "relation": "other"}  # fmt: skip
    newcomer = decide(code, answers, applicant=WANG).holder_person
    assert items_of([newcomer])[newcomer]["id_number"].startswith("44030419850203")
    assert relations(home("lin"))[newcomer] == "97"


def test_a_cancelled_registration_is_restored():
    decide("HZ0203", CANCELLED["HZ0203"][0], applicant=HE_SON)
    answers = {"person_id": HE, "person_name": "何国栋", "cancel_reason": "abroad", "landing_kind": "household",
               "landing_household_no": home("he"), "relation": "spouse"}  # fmt: skip
    decide("HZ0506", answers, applicant=HE_SON)
    assert relations(home("he"))[person(HE)] == "11"
    assert membership(HE).cause_in == "restored"


def test_who_was_never_registered_cannot_be_restored():
    answers = {
        "person_id": WANG,
        "person_name": "王雨桐",
        "landing_kind": "household",
        "landing_household_no": home("he"),
    }
    with pytest.raises(EffectRefused, match="never"):
        decide("HZ0506", answers, applicant=WANG)


def test_a_student_comes_home():
    decide("HZ0602", {"person_id": HE_SON}, applicant=HE_SON)
    assert person(HE_SON) not in relations(home("he"))
    answers = {"person_id": HE_SON, "person_name": "何志远", "landing_household_no": home("he"), "relation": "child"}
    decide("HZ0507", answers, applicant=HE_SON)
    assert relations(home("he"))[person(HE_SON)] == "20"
    assert len(queries.history(person(HE_SON), SYSTEM, world.NOW, reason="counter").periods) == 2


@pytest.mark.parametrize("code", ["HZ0601", "HZ0602", "HZ0603"])
def test_who_moves_out_leaves_the_register_on_that_day(code):
    outcome = decide(
        code, {"person_id": HE_SON, "person_name": "何志远", "destination_addr": "广州市天河区"}, applicant=HE_SON
    )
    assert relations(home("he"), DAY_BEFORE)[person(HE_SON)] == "20"
    assert person(HE_SON) not in relations(home("he"))
    assert fact(outcome, "迁往地址") == "广州市天河区"
    assert items_of([person(HE_SON)])[person(HE_SON)]["status"] == "moved_out"


def test_the_family_moves_out_with_the_head_and_the_household_is_closed():
    answers = {"person_id": LIN, "members_along": True, "accompanying": [row(SU, "妻"), row(LIN_CHILD, "子")]}
    outcome = decide("HZ0601", answers)
    assert household(home("lin")).until == TODAY
    assert household(home("lin")).closed_why == "moved_out"
    assert sum(title.zh == "随迁人员" for title, _ in outcome.facts) == 2
    with pytest.raises(EffectRefused, match="closed"):
        decide("HZ0507", {"person_id": LIN, "landing_household_no": home("lin")})


def test_nobody_takes_a_stranger_along():
    with pytest.raises(EffectRefused, match="not a member"):
        decide("HZ0601", {"person_id": LIN, "members_along": True, "accompanying": [row(HE, "其他")]})
    assert person(LIN) in relations(home("lin"))


def test_a_couple_moves_to_a_home_of_its_own():
    answers = {"person_id": HE_SON, "landing_kind": "own", "to_addr": "深圳市福田区福田街道海棠路1号1栋1A",
               "family_along": True, "accompanying": [row(HE_DAUGHTER_IN_LAW, "妻")]}  # fmt: skip
    decide("HZ0701", answers, applicant=HE_SON)
    new = membership(HE_SON).household
    assert relations(new.number) == {person(HE_SON): "02", person(HE_DAUGHTER_IN_LAW): "12"}
    assert relations(home("he")) == {person(HE): "02", person(HE_WIFE): "12"}
    assert queries.household_on(person(HE_SON), DAY_BEFORE) == household(home("he")).pk


def test_somebody_moves_to_another_family():
    answers = {
        "person_id": COLLECTIVE_GIRL,
        "from_household_no": home("collective"),
        "landing_kind": "household",
        "to_household_no": home("lin"),
        "relation": "other",
    }
    decide("HZ0701", answers, applicant=COLLECTIVE_GIRL)
    assert relations(home("lin"))[person(COLLECTIVE_GIRL)] == "97"
    assert household(home("collective")).until is None


def test_somebody_moves_to_a_collective_household():
    decide("HZ0702", {"person_id": HE_SON, "to_household_no": home("collective")}, applicant=HE_SON)
    assert relations(home("collective"))[person(HE_SON)] == "99"


def test_a_son_sets_up_a_household_of_his_own():
    answers = {"head_id": HE_SON, "addr": "深圳市福田区福田街道凤凰路9号1栋9F", "members_along": True,
               "members": [row(HE_DAUGHTER_IN_LAW, "妻")]}  # fmt: skip
    outcome = decide("HZ0801", answers, applicant=HE_SON)
    new = membership(HE_SON).household
    assert new.number == fact(outcome, "户号")
    assert new.number not in {home("lin"), home("he"), home("collective")}
    assert relations(new.number) == {person(HE_SON): "02", person(HE_DAUGHTER_IN_LAW): "12"}


def test_a_unit_sets_up_a_collective_household():
    answers = {
        "unit_name": "深圳示例科技有限公司",
        "addr": "深圳市福田区示例大厦",
        "warden_id": SU,
        "warden_name": "苏婉",
    }
    outcome = decide("HZ0805", answers, applicant=SU)
    new = household(fact(outcome, "户号"))
    assert new.kind == Household.COLLECTIVE
    assert new.warden_id == person(SU)
    assert relations(home("lin"))[person(SU)] == "12"


def test_a_household_is_split():
    answers = {"household_no": home("he"), "new_head_id": HE_SON, "new_head_name": "何志远", "others_leave": True,
               "split_member_ids": [row(HE_DAUGHTER_IN_LAW, "妻")]}  # fmt: skip
    decide("HZ0802", answers, applicant=HE_SON)
    assert relations(home("he")) == {person(HE): "02", person(HE_WIFE): "12"}
    assert relations(membership(HE_SON).household.number) == {person(HE_SON): "02", person(HE_DAUGHTER_IN_LAW): "12"}


def test_a_split_leaves_somebody_behind():
    answers = {"household_no": home("lin"), "new_head_id": LIN, "others_leave": True,
               "split_member_ids": [row(SU), row(LIN_CHILD)]}  # fmt: skip
    with pytest.raises(EffectRefused, match="stay behind"):
        decide("HZ0802", answers)


def test_two_households_are_merged_under_one_head():
    answers = {"household_no_from": home("he"), "household_no_to": home("lin"), "head_id": LIN, "relation": "parent"}
    decide("HZ0803", answers)
    after = relations(home("lin"))
    assert len(after) == 7
    assert after[person(LIN)] == "02"
    assert after[person(HE)] == "51"
    assert after[person(HE_WIFE)] == "52"
    assert household(home("he")).until == TODAY
    assert len(relations(home("he"), DAY_BEFORE)) == 4


def test_another_member_becomes_head():
    decide("HZ0804", {"household_no": home("he"), "new_head_id": HE_SON, "new_head_name": "何志远"}, applicant=HE)
    assert relations(home("he")) == {
        person(HE_SON): "02", person(HE): "51", person(HE_WIFE): "52", person(HE_DAUGHTER_IN_LAW): "12",
    }  # fmt: skip
    assert relations(home("he"), DAY_BEFORE)[person(HE)] == "02"


def test_the_household_book_is_issued_again():
    outcome = decide("HZ1001", {"household_no": home("lin")})
    assert fact(outcome, "户主") == "林晓夫"
    assert "苏婉（妻）" in fact(outcome, "成员")
    assert set(outcome.replaces) == set(relations(home("lin")))
    page = decide("HZ1001", {"household_no": home("lin"), "doc_type": "household_page"})
    assert not page.replaces


def test_nobody_is_issued_the_book_of_another_family():
    with pytest.raises(EffectRefused, match="not a member"):
        decide("HZ1001", {"household_no": home("he")}, applicant=LIN)


def test_a_permit_is_issued_again():
    decide("HZ0601", {"person_id": HE_SON, "destination_addr": "广州市天河区"}, applicant=HE_SON)
    outcome = decide("HZ1002", {"person_id": HE_SON}, applicant=HE_SON)
    assert fact(outcome, "姓名") == "何志远"


def test_an_entry_is_certified():
    outcome = decide("HZ1003", {"for_whom": "self", "certificate_kind": "entry"})
    assert fact(outcome, "户号") == home("lin")
    assert fact(outcome, "登记日期") == "2020-01-01"


def test_a_history_is_certified():
    decide("HZ0702", {"person_id": LIN, "to_household_no": home("collective")})
    outcome = decide("HZ1003", {"for_whom": "self", "certificate_kind": "history"})
    periods = [value for title, value in outcome.facts if title.zh == "户籍变动"]
    assert len(periods) == 2
    assert "2020-01-01 至 2026-09-14" in periods[0]


def test_what_held_on_no_day_is_in_no_history():
    decide("HZ0702", {"person_id": SU, "to_household_no": home("collective")}, applicant=SU)
    back = {"person_id": SU, "from_household_no": home("collective"), "landing_kind": "household",
            "to_household_no": home("lin"), "relation": "spouse"}  # fmt: skip
    decide("HZ0701", back, applicant=SU)
    outcome = decide("HZ1003", {"for_whom": "self", "certificate_kind": "history"}, applicant=SU)
    periods = [value for title, value in outcome.facts if title.zh == "户籍变动"]
    assert [value.split("，")[0] for value in periods] == ["2020-01-01 至 2026-09-14", "2026-09-14 至 今"]
    assert all(home("lin") in value for value in periods)


def test_a_cancellation_is_certified():
    decide("HZ0201", CANCELLED["HZ0201"][0], applicant=HE_SON)
    outcome = decide("HZ1004", {"person_id": HE, "person_name": "何国栋", "cancel_kind": "death"}, applicant=HE_SON)
    assert fact(outcome, "注销事由") == "死亡"
    assert fact(outcome, "注销日期") == "2026-09-14"


def test_no_cancellation_is_certified_of_the_living():
    answers = {"person_id": HE, "person_name": "何国栋", "cancel_kind": "death"}
    with pytest.raises(EffectRefused, match="not been cancelled"):
        decide("HZ1004", answers, applicant=HE_SON)


def test_a_stranger_gets_no_certificate_without_an_officer():
    answers = {"for_whom": "relative", "person_id": LIN, "person_name": "林晓夫", "certificate_kind": "entry"}
    with pytest.raises(EffectRefused, match="officer"):
        decide("HZ1003", answers, applicant=HE, by=SYSTEM)


@pytest.mark.parametrize("code", ["HZ0402", "HZ0403"])
def test_a_newcomer_enters_a_collective_household(code):
    answers = {**JOINING, "landing_kind": "collective", "landing_household_no": home("collective")}
    decide(code, answers, applicant=WANG)
    assert relations(home("collective"))[person(WANG)] == "99"
    assert membership(WANG).household.kind == Household.COLLECTIVE


def test_strangers_who_share_a_collective_household_get_no_paper_about_one_another():
    for mover in (LIN, HE_SON):
        decide("HZ0702", {"person_id": mover, "to_household_no": home("collective")}, applicant=mover)
    with pytest.raises(EffectRefused):
        decide("HZ1001", {"household_no": home("collective")}, applicant=LIN, by=SYSTEM)
    asked = {"for_whom": "self", "certificate_kind": "relation"}
    outcome = decide("HZ1003", asked, applicant=LIN, by=SYSTEM)
    assert "何" not in "".join(value for _, value in outcome.facts)
