"""Who was put into the register past the ledger is named; who came by a decision, or was erased from it, is not."""

import pytest
from django.db import connection, transaction

from minjing.kernel.watch.replay import check, newest
from minjing.modules.household.models import Member
from minjing.modules.household.records import REGISTER
from minjing.modules.household.tests.test_effects import BIRTHS, NEWBORN
from minjing.modules.household.tests.world import NOW, decide

pytestmark = pytest.mark.usefixtures("town")


def found() -> list[str]:
    return [finding.row for finding in check(REGISTER, newest(REGISTER, 50), [], NOW)]


def test_a_member_without_an_entry_is_named():
    decide("HZ0101", {**NEWBORN, **BIRTHS["HZ0101"]})
    born = Member.objects.exclude(matter_in=None).latest("matter_in")
    assert found() == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM ledger_outbox WHERE subject_id = %s", [born.person_id])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert found() == [f"household_member {born.pk}"]
