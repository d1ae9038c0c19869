"""Two decisions at once: the register stays whole, and the one that came second is told so."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from minjing.kernel.matters.plugs import EffectRefused
from minjing.modules.household.models import Member
from minjing.modules.household.tests.test_effects import BIRTHS, NEWBORN
from minjing.modules.household.tests.world import HE_SON, LIN, SU, WANG, decide, fact, home, person

pytestmark = [pytest.mark.usefixtures("lasting_town"), pytest.mark.django_db(transaction=True)]


def at_once(*acts):
    """Run the acts in transactions of their own that begin together; return what each came to."""
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait()
            with transaction.atomic():
                return act()
        except EffectRefused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_births_of_one_day_get_two_numbers():
    answers = {**NEWBORN, **BIRTHS["HZ0101"]}
    twins = [{**answers, "child_name": name, "birth_cert_no": name} for name in ("林甲", "林乙")]
    outcomes = at_once(*[lambda twin=twin: decide("HZ0101", twin) for twin in twins])
    numbers = {fact(outcome, "公民身份号码") for outcome in outcomes}
    assert len(numbers) == 2
    assert Member.objects.filter(cause_in="birth", until__isnull=True).count() == 2


def test_one_birth_filed_by_both_parents_is_entered_once():
    answers = {**NEWBORN, **BIRTHS["HZ0101"], "birth_cert_no": "R440000001"}
    outcomes = at_once(*[lambda who=who: decide("HZ0101", answers, applicant=who) for who in (LIN, SU)])
    assert sum(isinstance(outcome, EffectRefused) for outcome in outcomes) == 1
    assert Member.objects.filter(cause_in="birth").count() == 1


def test_nobody_moves_into_two_households_at_once():
    person(WANG)
    answers = {"applying_as": "local", "person_id": WANG, "person_name": "王雨桐", "relation": "other"}
    outcomes = at_once(
        lambda: decide("HZ0301", {**answers, "spouse_id": LIN, "landing_household_no": home("lin")}),
        lambda: decide("HZ0301", {**answers, "spouse_id": HE_SON, "landing_household_no": home("he")}),
    )
    assert sum(isinstance(outcome, EffectRefused) for outcome in outcomes) == 1
    assert Member.objects.filter(person_id=person(WANG), until__isnull=True).count() == 1
