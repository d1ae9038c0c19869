"""Two at once: real threads on the real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from minjing.kernel.identity import actions, limits
from minjing.kernel.identity.errors import IdentityError, TooMany, Wrong
from minjing.kernel.identity.models import Account, Person, PersonKey
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, Phone

PHONE = "13800138000"


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Run `act` in `count` threads that start together; return results, or the refusals."""
    gate = Barrier(count)

    def run(number: int) -> object:
        gate.wait()
        try:
            return act(number)
        except IdentityError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_the_same_person_made_known_at_once_is_one_person() -> None:
    found = at_once(6, lambda _: actions.ensure_person(name=LIN, id_number=LIN_NUMBER, now=NOW))
    assert len(set(found)) == 1
    assert Person.objects.count() == PersonKey.objects.count() == 1
    assert actions.ensure_person(name=LIN, id_number=LIN_NUMBER, now=NOW) == found[0]


@pytest.mark.django_db(transaction=True)
def test_a_code_typed_twice_at_once_lets_in_once(phone: Phone) -> None:
    handle = actions.send_code(PHONE, NOW)
    code = phone.codes[0][1]
    results = at_once(4, lambda _: actions.sign_in_by_code(PHONE, code, NOW, handle=handle))
    assert sum(isinstance(r, Account) for r in results) == 1
    assert sum(isinstance(r, Wrong) for r in results) == 3
    assert Account.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_devices_of_one_new_phone_make_one_account(phone: Phone) -> None:
    handles = [actions.send_code(PHONE, NOW, address=f"10.0.0.{n}") for n in range(4)]
    codes = [code for _, code in phone.codes]
    results = at_once(4, lambda n: actions.sign_in_by_code(PHONE, codes[n], NOW, handle=handles[n]))
    assert all(isinstance(r, Account) for r in results)
    assert Account.objects.count() == PersonKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_all_counted() -> None:
    limit = limits.Limit(3, limits.WHO.window)
    results = at_once(8, lambda _: limits.spend("who", "lin", limit, NOW))
    assert sum(isinstance(r, TooMany) for r in results) == 5
