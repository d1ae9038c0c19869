"""People are made known once, corrected by the register, found without being opened, and erased by two."""

from uuid import UUID

import pytest

from minjing.base import idnumber, names
from minjing.kernel.identity import actions, queries, sealing
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import Erased, NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Account, Person, PersonKey
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, OU_NUMBER, City, SignIn


def test_the_same_number_is_the_same_person(lin: UUID) -> None:
    assert actions.ensure_person(name=LIN, id_number=f" {LIN_NUMBER.lower()} ", now=NOW) == lin
    assert Person.objects.count() == PersonKey.objects.count() == 1


def test_many_are_made_known_in_order(lin: UUID, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_max_num_queries(8):
        found = actions.ensure_people_bulk([(OU, OU_NUMBER), (LIN, LIN_NUMBER), (OU, OU_NUMBER)], NOW)
    assert found[0] == found[2]
    assert found[1] == lin


def test_wrong_numbers_and_names_are_refused(db: None) -> None:
    with pytest.raises(idnumber.WrongIdNumber):
        actions.ensure_person(name=LIN, id_number="440304199003080210", now=NOW)
    with pytest.raises(idnumber.WrongIdNumber, match="birth"):
        actions.ensure_person(name=LIN, id_number="440304209901010013", now=NOW)
    with pytest.raises(names.WrongName):
        actions.ensure_person(name="名" * 50, id_number=LIN_NUMBER, now=NOW)


@pytest.mark.parametrize("name", ["𬭎㛃", "阿依古丽·买买提", "欧阳", "O'Neill Mary-Ann"])
def test_rare_names_come_back_as_written(db: None, clerk: Actor, name: str) -> None:
    person = actions.ensure_person(name=name, id_number=OU_NUMBER, now=NOW)
    assert actions.look(clerk, [person], ["name"], reason="counter", now=NOW)[person]["name"] == name


def test_people_are_found_by_number_or_full_name(lin: UUID, ou: UUID) -> None:
    assert queries.find_people(LIN_NUMBER.lower()) == [lin]
    assert queries.find_people(" 林小满 ") == [lin]
    assert queries.find_people("欧阳•买买提") == [ou]  # another kind of middle dot
    assert queries.find_people("林") == queries.find_people("") == queries.find_people("x" * 99) == []


def test_the_register_corrects_name_and_number(lin: UUID, ou: UUID, clerk: Actor) -> None:
    number = idnumber.compose("440304", idnumber.parse(LIN_NUMBER).birth, 41)
    actions.correct_person(lin, name="林大满", id_number=number, by=clerk, now=NOW)
    assert queries.find_people(number) == queries.find_people("林大满") == [lin]
    assert queries.find_people(LIN_NUMBER) == []
    with pytest.raises(NotAllowed, match="id_number_taken"):
        actions.correct_person(lin, id_number=OU_NUMBER, by=clerk, now=NOW)


@pytest.fixture
def erased(lin: UUID, sign_in: SignIn, security: Actor, audit: Actor) -> UUID:
    account = sign_in("13800138000")
    Account.objects.filter(pk=account.pk).update(person=lin)
    wish = actions.ask_erasure(by=security, person_id=lin, ground="consent_withdrawn", now=NOW)
    actions.erase_person(wish, by=audit, now=NOW)
    sealing.forget(lin)
    return lin


def test_an_erased_person_says_nothing_any_more(erased: UUID, clerk: Actor) -> None:
    assert queries.find_people(LIN_NUMBER) == queries.find_people(LIN) == []
    assert actions.look(clerk, [erased], ["name", "id_number", "phone"], reason="counter", now=NOW) == {}
    with pytest.raises(Erased):
        sealing.unseal(erased, queries.NAME, bytes(Person.objects.get(pk=erased).name_sealed))
    assert not Account.objects.filter(person=erased, is_active=True).exists()


def test_nobody_erases_alone(lin: UUID, city: City, security: Actor, audit: Actor, clerk: Actor) -> None:
    with pytest.raises(NotAllowed):
        actions.ask_erasure(by=clerk, person_id=lin, ground="unlawful", now=NOW)
    with pytest.raises(NotAllowed):
        actions.ask_erasure(by=audit, person_id=lin, ground="unlawful", now=NOW)
    with pytest.raises(Wrong, match="no_ground"):
        actions.ask_erasure(by=security, person_id=lin, ground="because", now=NOW)
    wish = actions.ask_erasure(by=security, person_id=lin, ground="unlawful", now=NOW)
    with pytest.raises(NotAllowed):
        actions.erase_person(wish, by=security, now=NOW)
    with pytest.raises(NotAllowed):
        actions.erase_person(wish, by=SYSTEM, now=NOW)
    assert [e.pk for e in queries.erasures_waiting(audit)] == [wish]
    assert PersonKey.objects.filter(pk=lin).exists()


def test_an_erasure_is_done_once(erased: UUID, audit: Actor) -> None:
    from minjing.kernel.identity.models import Erasure

    with pytest.raises(Unknown):
        actions.erase_person(Erasure.objects.get().pk, by=audit, now=NOW)
