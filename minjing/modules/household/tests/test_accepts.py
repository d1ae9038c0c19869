"""What is refused beside its field before anything is submitted, and what an officer is shown beside the form."""

import pytest

from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.errors import Wrong
from minjing.modules.household import errors
from minjing.modules.household.tests.test_whole import CASES, Case, resident, staffed, submitted  # noqa: F401
from minjing.modules.household.tests.world import (
    HE,
    LIN,
    LIN_CHILD,
    NAMES,
    NOW,
    WANG,
    checked,
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
