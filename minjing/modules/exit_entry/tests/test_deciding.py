"""What stands beside the form for the officer: validity by age, the promise of an urgent case, what is against it."""

from datetime import date

import pytest

from minjing.kernel.matters import queries
from minjing.kernel.matters.tests.conftest import signed_in
from minjing.modules.exit_entry import deciding
from minjing.modules.exit_entry.actions.documents import report_loss
from minjing.modules.exit_entry.tests.world import CHILD, CLERK, LIN, NOW, SU, act, apply, document

pytestmark = pytest.mark.django_db


def beside(matter, now=NOW) -> dict[str, str]:
    _, rows = deciding.facts(matter=matter, answers=queries.opened(matter), now=now)
    return {label.zh: value.zh for label, _, value in rows}


def test_an_adults_passport_shows_ten_years_and_a_childs_five(office):
    assert beside(apply("EX0003", LIN, reason="expiring"))["有效期"].startswith("10 年")
    child = beside(apply("EX0002", SU, applies_for="child", child_id=CHILD.number))
    assert (child["申请时年龄"], child["有效期"][:3]) == ("11 周岁", "5 年")


def test_an_urgent_case_is_promised_within_five_working_days_and_the_law_has_the_last_word(office):
    urgent = apply("EX0003", LIN, reason="expiring", urgent=True, urgent_reason="study")
    said = beside(urgent)
    assert "留学开学" in said["加急"]
    assert deciding.promised(urgent, {"urgent": True}) == date(2026, 12, 4)
    assert deciding.promised(urgent, {}) == date(2026, 12, 8)
    assert said["法定期限"] == "2026-12-12"


def test_what_has_changed_since_is_said_before_anybody_decides(office):
    matter = apply("EX0003", LIN, reason="expiring")
    assert beside(matter)["条件核对"] == "登记核对均符合"
    report_loss(document(LIN, "passport").id, "lost", by=LIN.actor, now=NOW)
    assert "没有查到您可以换发的有效证件" in beside(matter)["条件核对"]


def test_the_officers_page_shows_form_documents_and_points_side_by_side(office):
    matter = act(apply("EX0003", LIN, reason="expiring"), "claim", CLERK)
    page = signed_in(CLERK).get(f"/officer/matters/{matter.number}/").content.decode()
    for words in ("核对要点", "普通护照", "法定期限", "EZ0000001"):
        assert words in page, words
