"""A paper that is swapped, also with its hash, no longer fits the entry of its issue."""

import pytest
from django.db import connection, transaction

from minjing.kernel.papers.records import PAPERS
from minjing.kernel.papers.tests.test_actions import NOW, branch, issue, mingyu  # noqa: F401 - the fixtures
from minjing.kernel.watch.replay import check, newest


def found() -> list[str]:
    return [finding.text["en"] for finding in check(PAPERS, newest(PAPERS, 10), [], NOW)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("pdf_sealed = pdf_sealed || ' '::bytea", "sealed"),
        ("pdf_sha256 = sha256('another')", "sha256"),
        ("number = 'FORGED'", "number"),
        ("issued_at = issued_at - interval '1 day'", "at"),
        ("entry_id = gen_random_uuid()", ""),
    ],
)
def test_a_paper_that_is_not_what_was_issued_is_named(mingyu, branch, change, field):  # noqa: F811 - the fixtures
    paper = issue(mingyu, branch)
    assert found() == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE papers_paper SET {change} WHERE id = %s", [paper.id])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    said = (
        f"differs from its ledger entry in {field}."
        if field
        else "has no ledger entry: written past it, or deleted there."
    )
    assert found() == [f"papers_paper {paper.id} {said}"]
