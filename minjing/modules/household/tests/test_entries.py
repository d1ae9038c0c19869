"""Changes of an entry: what the register says after them, the number that follows, and what the paper says."""

import pytest

from minjing.base import idnumber
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Person
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household.actions.register import Act, set_items
from minjing.modules.household.models import Item, RetiredNumber
from minjing.modules.household.queries import items_of
from minjing.modules.household.tests import world
from minjing.modules.household.tests.test_effects import BIRTHS, NEWBORN
from minjing.modules.household.tests.world import CLERK, LIN, NOW, ORG, SU, WrongForm, decide, fact, person

pytestmark = pytest.mark.usefixtures("town")


def said(id_number_of: object, item: str) -> str:
    return items_of([id_number_of])[id_number_of].get(item, "")


def test_a_name_is_changed_and_the_old_one_stays_on_record():
    who = person(LIN)
    outcome = decide("HZ0901", {"person_id": LIN, "new_name": "林晓𬭎"})
    assert said(who, "name") == "林晓𬭎"
    assert said(who, "former_name") == "林晓夫"
    assert fact(outcome, "变更前") == "林晓夫"
    assert Item.objects.filter(person_id=who, name="name").count() == 2


def test_a_corrected_sex_brings_a_new_number():
    who = person(LIN)
    outcome = decide("HZ0902", {"person_id": LIN, "new_sex": "2"})
    number = said(who, "id_number")
    assert number[:14] == LIN[:14]
    assert int(number[16]) % 2 == 0
    assert fact(outcome, "原公民身份号码") == LIN
    assert RetiredNumber.objects.filter(person_id=who).count() == 1
    assert people.person_by_id_number(LIN) is None
    assert people.person_by_id_number(number) == who


def test_an_ethnicity_is_changed():
    decide("HZ0903", {"person_id": LIN, "new_ethnicity": "08"})
    assert said(person(LIN), "ethnicity") == "08"


def test_a_corrected_birth_brings_a_new_number():
    who = person(LIN)
    decide("HZ0904", {"person_id": LIN, "new_birth_date": "1990-03-21"})
    assert said(who, "birth") == "1990-03-21"
    assert said(who, "id_number")[6:14] == "19900321"


def test_a_number_shared_by_two_is_replaced_and_never_given_again():
    who = person(LIN)
    decide("HZ0905", {"person_id": LIN})
    number = said(who, "id_number")
    assert number != LIN
    assert number[:14] == LIN[:14]
    child = {**NEWBORN, **BIRTHS["HZ0101"], "father_id": number, "father_name": "林晓夫", "child_sex": "1"}
    outcome = decide("HZ0101", child, applicant=SU)
    assert fact(outcome, "公民身份号码") not in (LIN, number)


@pytest.fixture
def misprinted():
    """Lin under a number with a wrong check character, as taken over from an old register."""
    who, wrong = person(LIN), LIN[:17] + ("1" if LIN[17] == "0" else "0")
    sealed = seal(who, people.ID_NUMBER, wrong)
    Person.objects.filter(pk=who).update(id_index=blind_index("id_number", wrong), id_number_sealed=sealed)
    set_items(Act(CLERK, NOW, None), who, ORG, {"id_number": wrong})
    return who, wrong


def test_a_number_with_a_wrong_check_character_is_replaced(misprinted):
    who, wrong = misprinted
    with pytest.raises(idnumber.WrongIdNumber):
        idnumber.parse(wrong)
    outcome = decide(
        "HZ0905", {"person_id": wrong, "person_name": world.NAMES[LIN], "error_type": "check"}, applicant=wrong
    )
    number = idnumber.parse(said(who, "id_number"))
    assert number.text[:14] == LIN[:14]
    assert number.is_male
    assert fact(outcome, "变更前") == wrong
    assert people.person_once_with(wrong) == who


def test_what_no_document_prints_is_no_old_number():
    for printed in ("44030419900312001", "440304900312", "4403041990031200AB"):
        with pytest.raises(WrongForm):
            decide("HZ0905", {"person_id": printed})


def test_no_other_service_takes_a_wrong_number(misprinted):
    for code in ("HZ0901", "HZ0904"):
        with pytest.raises(WrongForm):
            decide(code, {"person_id": misprinted[1]})


@pytest.mark.parametrize(
    ("item", "field", "value", "kept"),
    [("marital", "new_marital", "40", "40"), ("blood_type", "new_blood", "AB", "AB 型"),
     ("occupation", "new_value", "教师", "教师")],
)  # fmt: skip
def test_other_items_are_changed(item, field, value, kept):
    decide("HZ0906", {"for_whom": "self", "item": item, field: value})
    assert said(person(LIN), {"blood_type": "blood"}.get(item, item)) == kept


def test_nothing_changes_when_the_register_says_so_already():
    with pytest.raises(EffectRefused, match="already"):
        decide("HZ0903", {"person_id": LIN, "new_ethnicity": "01"})
