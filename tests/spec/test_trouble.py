"""Bad input and trouble, line by line as the specification lists them: where each is tested, and that it is.

A line names the tests that hold it (file::test); what no part tests by itself is tested below.
"""

import ast
import functools
from datetime import date, timedelta

import pytest

from minjing.kernel.matters import catalog, forms
from minjing.kernel.matters.schema import Body
from tests.house import ROOT

KERNEL, PORTALS = "minjing/kernel", "minjing/portals"
HERE = "tests/spec/test_trouble.py"
TROUBLE: dict[str, tuple[str, ...]] = {
    "a wrong ID number": (
        f"{HERE}::test_each_wrong_id_number_is_answered_in_words",
        "tests/generative/test_base.py::test_one_wrong_character_is_always_found",
        "tests/journeys/test_main_journey.py::test_a_resident_signs_in_and_says_who_they_are",
    ),
    "an impossible date": (
        f"{HERE}::test_each_impossible_date_is_answered_in_words",
        f"{PORTALS}/citizen/tests/test_apply.py::test_an_impossible_date_is_answered_in_words",
    ),
    "a name of 50": (
        f"{HERE}::test_each_odd_name_is_taken_or_answered_in_words",
        f"{KERNEL}/papers/tests/test_typeset.py::test_a_name_of_fifty_with_dots_and_a_long_table_flow_to_a_second_page",
    ),
    "a name with · or rare characters, printed in the PDF": (
        f"{HERE}::test_each_odd_name_is_taken_or_answered_in_words",
        f"{KERNEL}/papers/tests/test_typeset.py::test_rare_characters_of_names_are_drawn",
        f"{KERNEL}/identity/tests/test_people.py::test_rare_names_come_back_as_written",
    ),
    "a 30,000 × 30,000 image, a zip bomb named .jpg, an EXE named .pdf": (
        f"{KERNEL}/files/tests/test_store.py::test_what_is_refused_is_said_and_recorded_and_leaves_nothing",
        f"{KERNEL}/files/tests/test_store.py::test_the_sentence_names_what_the_file_really_is",
        f"{KERNEL}/files/tests/test_store.py::test_a_pdf_that_swells_to_gigabytes_is_refused_and_our_memory_stays_small",
        f"{PORTALS}/citizen/tests/test_apply.py::test_a_program_named_pdf_is_refused_with_a_sentence_and_the_others_stay",
    ),
    "a form posted twice": (
        f"{PORTALS}/citizen/tests/test_apply.py::test_submitting_twice_makes_one_matter",
        f"{PORTALS}/officer/tests/test_matter.py::test_sending_the_same_page_twice_does_it_once",
        f"{PORTALS}/api/tests/test_api.py::test_the_same_request_twice_is_answered_alike",
        "tests/faults/test_races.py::test_a_draft_submitted_from_eight_tabs_is_one_matter",
        "tests/journeys/test_main_journey.py::test_two_clicks_made_one_matter",
    ),
    "two officers pressing approve at once": (
        "tests/faults/test_races.py::test_eight_approvals_by_two_officers_make_one_paper",
    ),
    "a stale page": (
        f"{KERNEL}/matters/tests/test_actions.py::test_a_stale_version_gets_the_matter_as_it_is",
        f"{PORTALS}/officer/tests/test_matter.py::test_a_stale_page_says_who_acted_and_keeps_what_was_typed",
        f"{PORTALS}/citizen/tests/test_matters.py::test_a_stale_page_says_that_the_matter_has_moved_on",
    ),
    "a session that ends in the middle of a form": (
        f"{PORTALS}/citizen/tests/test_apply.py::"
        "test_a_page_sent_after_the_session_has_ended_is_kept_until_its_writer_is_back",
        f"{PORTALS}/officer/tests/test_matter.py::test_a_session_that_ends_in_the_middle_of_a_form_keeps_what_was_typed",
    ),
    "a procedure version retired while a draft is open": (
        f"{KERNEL}/matters/tests/test_publishing.py::test_a_draft_of_a_retired_version_is_submitted_under_it",
        f"{PORTALS}/citizen/tests/test_apply.py::"
        "test_an_open_draft_goes_on_under_its_own_rules_when_the_service_changes",
    ),
    "an officer acting outside unit or post": (
        f"{KERNEL}/matters/tests/test_rules.py::test_the_wrong_unit_post_or_person_is_refused",
        f"{PORTALS}/officer/tests/test_matter.py::test_another_unit_is_told_that_there_is_nothing",
        f"{PORTALS}/officer/tests/test_matter.py::test_the_wrong_post_is_told_which_post_it_takes_and_which_it_holds",
        "tests/journeys/test_main_journey.py::test_an_officer_of_another_station_does_not_see_it",
    ),
    "an ID of somebody else's matter in the address": (
        f"{KERNEL}/matters/tests/test_actions.py::test_a_matter_of_others_looks_like_none",
        f"{PORTALS}/citizen/tests/test_matters.py::test_somebody_elses_matter_is_not_there",
        f"{PORTALS}/citizen/tests/test_insider.py::test_nothing_of_lins_opens_to_a_stranger",
        "tests/journeys/test_main_journey.py::test_the_officers_posts_do_not_reach_a_strangers_matter",
    ),
    "a worker or the database killed with -9 in the middle of a decision": (
        "tests/faults/test_killed.py::test_what_was_acknowledged_stands_once",
        "tests/faults/test_killed.py::test_what_was_refused_left_nothing",
        "tests/faults/test_killed.py::test_every_approval_has_its_one_paper",
        "tests/faults/test_killed.py::test_the_notices_arrive_once",
    ),
    "a start that cannot be: busy port, unwritable folder, old PostgreSQL": ("minjing/site/tests/test_start.py",),
}


@functools.cache
def named_in(path: str) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


@pytest.mark.parametrize("line", TROUBLE)
def test_every_line_of_trouble_has_its_test(line: str):
    for where in TROUBLE[line]:
        path, _, name = where.partition("::")
        found = named_in(path)
        assert found, f"{path} has no test"
        assert not name or name in found, f"{line}: {where} is gone"


# ---- what no part tests by itself ------------------------------------------------------------------------

TODAY = date(2026, 9, 14)


@functools.cache
def move_in() -> Body:
    """Return 夫妻投靠入户 as the household module publishes it."""
    return next(
        body for body in catalog.load([ROOT / "minjing/modules/household/catalog"]) if body.service.code == "HZ0301"
    )


def answer(**given: str) -> tuple[str, str]:
    """Return what the form says, in both languages, of one answer; two empty texts when it is taken."""
    (name,) = given
    page = next(page for page in move_in().service.form if any(f.name == name for f in page.fields))
    error = forms.check_page(page, given, {}, TODAY).errors.get(name)
    return ("", "") if error is None else (error.zh, error.en)


@pytest.mark.parametrize(
    "number",
    [
        "440304199001010010",  # the check character
        "440304199002300018",  # 30 February
        "440304209001010015",  # not yet born
        "44030419900101001",  # 17 characters
        "44030419900101001١",  # a digit of another script
        "ABCDEFGHIJKLMNOPQR",
        "'; DROP TABLE matters_matter; --",
        "",
    ],
)
def test_each_wrong_id_number_is_answered_in_words(number: str):
    zh, en = answer(spouse_id=number)
    assert zh.endswith("。")
    assert en.endswith(".")


def test_an_id_number_is_taken_as_people_type_it():
    assert answer(spouse_id=" 440304 19900101 001x".replace("001x", "0011")) == ("", "")


@pytest.mark.parametrize(
    "day",
    ["2019-02-30", "2019-13-01", "0000-00-00", "20190520x", "明天", "9999-99-99", str(TODAY + timedelta(days=2))],
)
def test_each_impossible_date_is_answered_in_words(day: str):
    zh, en = answer(married_on=day)
    assert zh.endswith("。")
    assert en.endswith(".")


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("𬭎㛃", True),
        ("阿依古丽·买买提", True),
        ("武曌", True),
        ("Anna Maria O'Neill", True),
        ("王" * 50, False),
        ("·", False),
        ("<b>王</b>", False),
        ("王\x00五", False),
        ("王五；", False),
    ],
)
def test_each_odd_name_is_taken_or_answered_in_words(name: str, is_taken: bool):
    zh, en = answer(spouse_name=name)
    if is_taken:
        assert (zh, en) == ("", "")
    else:
        assert zh.endswith("。")
        assert en.endswith(".")
