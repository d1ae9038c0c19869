"""What is refused beside its field before anything is submitted, and what an officer is shown beside the form."""

import pytest

from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.errors import Wrong
from minjing.modules.household import accepts, errors
from minjing.modules.household.models import Household
from minjing.modules.household.tests.test_whole import CASES, Case, resident, staffed, submitted  # noqa: F401
from minjing.modules.household.tests.world import (
    HE,
    HE_SON,
    LIN,
    LIN_CHILD,
    NAMES,
    NOW,
    SU,
    TODAY,
    WANG,
    checked,
    home,
    matter,
    number,
    row,
)

pytestmark = pytest.mark.usefixtures("staffed")
OLD_CHILD, YOUNG_PARENT = number("1960-05-05", 1, "430102"), number("2015-05-05", 1, "430102")
STUDENT = number("2007-05-05", 1, "430102")


def refused(code, **changed):
    """Return what is said beside which field when the case of a service is submitted with other answers."""
    applicant, answers, before = CASES[code]
    case = Case(applicant, {**answers, **changed}, before)
    with pytest.raises(Wrong) as wrong:
        submitted(queries.service(code)[1], case, resident(applicant))
    return {name: text.zh for name, text in wrong.value.errors.items()}


@pytest.mark.parametrize(
    ("code", "changed", "field", "key"),
    [
        ("HZ0303", {"person_id": OLD_CHILD, "in_school": False}, "person_id", "child_not_minor"),
        ("HZ0303", {"person_id": STUDENT, "in_school": False}, "person_id", "child_not_minor"),
        ("HZ0303", {"person_id": OLD_CHILD, "in_school": True}, "parent_id", "parent_too_young"),
        ("HZ0302", {"person_id": YOUNG_PARENT}, "person_id", "parent_too_young"),
        ("HZ0302", {"both_parents": True, "along": [row(LIN_CHILD)]}, "along", "parent_too_young"),
        ("HZ0304", {"adopter_id": LIN_CHILD}, "adopter_id", "parent_too_young"),
        ("HZ0301", {"along": [row(HE, "儿子")]}, "along", "child_not_minor"),
        ("HZ0404", {"family_along": True, "along": [row(HE, "儿子")]}, "along", "child_not_minor"),
        ("HZ0101", {"mother_id": number("2018-01-01", 2)}, "mother_id", "parent_too_young"),
        ("HZ0105", {"birth_datetime": "1995-01-02T00:00"}, "father_id", "parent_too_young"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(code, changed, field, key):
    assert refused(code, **changed)[field] == errors.sentence(key).zh


def test_a_pupil_of_eighteen_and_a_spouse_come_along():
    _, answers, _ = CASES["HZ0303"]
    _, body = queries.service("HZ0303")
    submitted(body, Case(LIN, {**answers, "person_id": STUDENT, "in_school": True}), resident(LIN))
    _, answers, _ = CASES["HZ0404"]
    _, body = queries.service("HZ0404")
    along = {"family_along": True, "along": [row(HE, "配偶")]}
    submitted(body, Case(WANG, {**answers, **along}), resident(WANG))


def beside(code, changed=None, **of):
    """Return what an officer is shown beside the form of a service's case."""
    applicant, answers, _ = CASES[code]
    fields = queries.service(code)[1].service.fields
    said = {name: value for name, value in {**answers, **(changed or {})}.items() if name in fields}
    _, rows = plugs.FACTS[code](matter=matter(code, applicant).but(**of), answers=checked(code, said, NOW), now=NOW)
    return [(name, text.zh) for _, name, text in rows]


@pytest.mark.parametrize(
    ("code", "changed", "field", "key"),
    [
        ("HZ0101", {"birth_datetime": "2026-07-20T08:30"}, "birth_datetime", "birth_reported_late"),
        ("HZ0302", {"person_id": number("1974-05-05", 1, "430102"), "person_name": "周某"}, "person_id",
         "parent_under_55"),
        ("HZ0303", {"person_id": STUDENT, "person_name": "王某", "in_school": True}, "person_id", "child_is_adult"),
    ],
)  # fmt: skip
def test_an_officer_is_shown_what_to_look_at(code, changed, field, key):
    assert (field, errors.sentence(key).zh) in beside(code, changed)


def test_an_officer_is_shown_whose_name_the_register_does_not_bear_out():
    ((field, said),) = beside("HZ0201", {"deceased_name": "李某某"})
    assert field == "deceased_id"
    assert not any(name in said for name in NAMES.values())
    assert beside("HZ0201", {"deceased_name": "李某某"}, closed_at=NOW) == beside("HZ0201")


def test_where_nothing_is_odd_the_officer_reads_so():
    for code in ("HZ0101", "HZ0201", "HZ0301", "HZ0804"):
        assert beside(code) == [("", "没有需要特别核对的内容")], code


@pytest.mark.parametrize(
    ("code", "changed", "field", "key"),
    [
        ("HZ0404", {"landing_kind": "household", "landing_household_no": "999999999"}, "landing_household_no",
         "household_not_here"),
        ("HZ0101", {"household_no": "999999999"}, "household_no", "household_not_here"),
        ("HZ0507", {"landing_household_no": "999999999"}, "landing_household_no", "household_not_here"),
        ("HZ0301", {"landing_household_no": "999999999"}, "landing_household_no", "household_not_theirs"),
        ("HZ0301", {"landing_household_no": home("lin")}, "landing_household_no", "household_not_theirs"),
        ("HZ0302", {"landing_household_no": home("he")}, "landing_household_no", "household_not_theirs"),
        ("HZ0701", {"from_household_no": home("he")}, "from_household_no", "household_not_theirs"),
        ("HZ0701", {"to_household_no": "999999999"}, "to_household_no", "household_not_here"),
        ("HZ0801", {"from_household_no": home("lin")}, "from_household_no", "household_not_theirs"),
        ("HZ0802", {"split_member_ids": [row(SU)]}, "household_no", "household_not_theirs"),
        ("HZ0803", {"household_no_from": "999999999"}, "household_no_from", "household_not_theirs"),
        ("HZ0803", {"other_head_id": HE_SON}, "household_no_from", "household_not_theirs"),
        ("HZ0804", {"old_head_id": SU}, "household_no", "household_not_theirs"),
        ("HZ0804", {"new_head_id": WANG}, "household_no", "household_not_theirs"),
        ("HZ1001", {"household_no": home("he")}, "household_no", "household_not_theirs"),
    ],
)  # fmt: skip
def test_a_number_that_does_not_belong_to_whom_the_form_names_is_refused_beside_it(code, changed, field, key):
    said = refused(code, **changed)
    assert said == {field: errors.sentence(key).zh}
    assert not any(name in "".join(said.values()) for name in NAMES.values())


@pytest.mark.parametrize(("code", "key"), [("HZ0804", "household_not_theirs"), ("HZ0105", "household_not_here")])
def test_another_stations_household_is_refused_where_its_own_station_has_to_decide(code, key):
    Household.objects.filter(number=home("he")).update(station_id=4)
    assert refused(code) == {"household_no": errors.sentence(key).zh}


def test_who_moves_in_the_city_may_leave_a_household_of_any_station():
    Household.objects.filter(number=home("he")).update(station_id=4)
    assert submitted(queries.service("HZ0702")[1], CASES["HZ0702"], resident(HE_SON)).state == "submitted"


def test_an_officer_is_shown_that_a_household_has_ended_since():
    Household.objects.filter(number=home("he")).update(until=TODAY)
    assert beside("HZ0804") == [("household_no", errors.sentence("household_not_theirs").zh)]


@pytest.mark.parametrize("said", [LIN[:17] + ("1" if LIN[17] == "0" else "0"), "44030419900312000", [row(LIN)]])
def test_a_number_that_is_none_says_no_birth_and_breaks_no_page(said):
    wrong = [{**said[0], "id_number": "1"}] if isinstance(said, list) else said
    assert accepts.births({"person_id": wrong}, "person_id") == []
