"""A resident's own number, filled into their own form."""

from datetime import UTC, date, datetime

import pytest

from minjing.base import idnumber
from minjing.kernel.identity import actions, queries

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_the_form_knows_the_phone_of_the_applicants_account() -> None:
    number = idnumber.compose("440304", date(1988, 5, 20), 31)
    li_wei = actions.ensure_person(name="李伟", id_number=number, now=NOW)
    assert queries.own_phone(li_wei) == ""
    actions.open_account(phone="13800138011", person_id=li_wei, level=2, now=NOW)
    assert queries.own_phone(li_wei) == "13800138011"
