"""Issuing, checking and revoking: Mingyu holds a permit, Bo checks it, the branch takes it back."""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pikepdf
import pytest
from django.db import DatabaseError, IntegrityError, close_old_connections, connection, transaction

from minjing.base.idnumber import check_character
from minjing.base.ids import new_id
from minjing.kernel.identity.actions import ensure_person
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.errors import Erased
from minjing.kernel.identity.models import PersonKey, Unit
from minjing.kernel.identity.sealing import forget
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.papers import actions, queries, rules
from minjing.kernel.papers.errors import AlreadyRevoked, Unknown
from minjing.kernel.papers.models import Paper

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
NAME = "欧阳㛃𬭎"


def make_person(name=NAME, first_17="44030519900101123"):
    return ensure_person(name=name, id_number=first_17 + check_character(first_17), now=NOW)


def make_branch():
    bureau = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path="b.", name={"zh": "深圳市公安局", "en": "Shenzhen PSB"}
    )
    Unit.objects.filter(id=bureau.id).update(path=f"{bureau.id}.")
    branch = Unit.objects.create(
        code="440305", org_id=4, level="branch", parent=bureau, path="x.",
        name={"zh": "深圳市公安局南山分局", "en": "Nanshan Branch"},
    )  # fmt: skip
    Unit.objects.filter(id=branch.id).update(path=f"{bureau.id}.{branch.id}.")
    return branch.id


@pytest.fixture
def mingyu(db):
    return make_person()


@pytest.fixture
def branch(db):
    return make_branch()


def issue(holder, unit_id, **changes):
    values = {
        "kind": "move_in_permit",
        "title": {"zh": "准予迁入证明", "en": "Permit to move in"},
        "matter_id": new_id(),
        "matter_number": "HZ04260000123",
        "org_id": 4,
        "holder_person": holder,
        "facts": [({"zh": "姓名", "en": "Name"}, NAME)],
        "valid_until": NOW + timedelta(days=40),
        "unit_id": unit_id,
        "by": SYSTEM,
        "now": NOW,
    }
    return actions.issue(**(values | changes))


def entries(kind):
    return [{**e.what, "subject": str(e.subject_id)} for e in Outbox.objects.filter(kind=kind).order_by("seq")]


def test_a_permit_is_issued_numbered_and_recorded(mingyu, branch):
    paper = issue(mingyu, branch)
    assert paper.number.endswith("〔2026〕04000001号")
    assert issue(mingyu, branch).number.endswith("〔2026〕04000002号")
    assert issue(mingyu, branch, org_id=5).number.endswith("〔2026〕05000001号")
    written = entries("papers:paper:issued")[0]
    assert written["subject"] == str(mingyu)
    assert written["sha256"] == bytes(paper.pdf_sha256).hex()
    assert NAME not in json.dumps(written, ensure_ascii=False)


def test_a_fact_without_a_value_prints_as_a_dash(mingyu, branch):
    facts = [({"zh": "曾用名", "en": "Former name"}, None), ({"zh": "备注", "en": "Remarks"}, "")]
    assert issue(mingyu, branch, facts=facts).pdf_size > 0


def test_the_year_of_a_number_is_china_s(mingyu, branch):
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    assert "〔2027〕" in issue(mingyu, branch, now=new_year).number


def test_the_file_is_kept_sealed_and_comes_back_as_it_was(mingyu, branch):
    paper = issue(mingyu, branch)
    stored = Paper.objects.get(id=paper.id)
    assert b"%PDF" not in bytes(stored.pdf_sealed)
    assert NAME.encode() not in bytes(stored.facts_sealed)
    pdf = queries.pdf(paper.id)
    assert queries.check_file(pdf, now=NOW).number == paper.number
    assert queries.check_file(pdf + b" ", now=NOW).state == "unknown"
    assert len(pikepdf.open(BytesIO(pdf)).pages) == 1


def test_bo_learns_the_kind_and_nothing_of_mingyu(mingyu, branch):
    paper = issue(mingyu, branch)
    found = queries.check(rules.grouped(paper.code).lower(), now=NOW)
    assert (found.state, found.title["zh"], found.unit["zh"]) == ("valid", "准予迁入证明", "深圳市公安局南山分局")
    assert str(mingyu) not in repr(found)
    assert NAME not in repr(found)


def test_a_paper_expires_after_its_last_moment(mingyu, branch):
    paper = issue(mingyu, branch)
    assert queries.check(paper.code, now=NOW + timedelta(days=40)).state == "valid"
    assert queries.check(paper.code, now=NOW + timedelta(days=40, seconds=1)).state == "expired"


def test_a_code_never_given_out_is_unknown(db):
    assert queries.check(rules.new_code(4), now=NOW).state == "unknown"
    assert queries.check("hello", now=NOW).state == "unknown"


def test_a_revoked_paper_says_why_and_stays_revoked(mingyu, branch):
    paper = issue(mingyu, branch)
    actions.revoke(paper.id, reason="issued_in_error", by=SYSTEM, now=NOW)
    found = queries.check(paper.code, now=NOW + timedelta(days=999))
    assert found.state == "revoked"
    assert found.reason == rules.REASONS["issued_in_error"]
    assert entries("papers:paper:revoked")[0]["paper"] == str(paper.id)
    with pytest.raises(AlreadyRevoked):
        actions.revoke(paper.id, reason="replaced", by=SYSTEM, now=NOW)
    with pytest.raises(Unknown):
        actions.revoke(new_id(), reason="replaced", by=SYSTEM, now=NOW)


def test_free_text_is_no_reason(mingyu, branch):
    paper = issue(mingyu, branch)
    with pytest.raises(ValueError, match="no reason"):
        actions.revoke(paper.id, reason="欧阳的户口写错了", by=SYSTEM, now=NOW)
    assert queries.check(paper.code, now=NOW).state == "valid"


def test_a_corrected_paper_names_the_one_that_replaced_it(mingyu, branch):
    matter = new_id()
    old = issue(mingyu, branch, matter_id=matter)
    assert actions.revoke_of_matter(matter, reason="corrected", by=SYSTEM, now=NOW) == 1
    new = issue(mingyu, branch, matter_id=matter)
    newest, older = queries.of_matter(matter, now=NOW)
    assert (newest.id, newest.state) == (new.id, "valid")
    assert (older.id, older.state, older.replaced_by) == (old.id, "revoked", new.id)
    assert queries.check(old.code, now=NOW).replaced
    assert actions.revoke_of_matter(new_id(), reason="corrected", by=SYSTEM, now=NOW) == 0


def test_a_paper_issued_anew_takes_the_place_of_those_of_its_kind(mingyu, branch):
    old, other = issue(mingyu, branch), issue(mingyu, branch, kind="household_book")
    new = issue(mingyu, branch, replaces=[mingyu])
    found = queries.check(old.code, now=NOW)
    assert (found.state, found.reason, found.replaced) == ("revoked", rules.REASONS["replaced"], True)
    assert queries.card(old.id, now=NOW).replaced_by == new.id
    assert [queries.check(paper.code, now=NOW).state for paper in (new, other)] == ["valid", "valid"]
    assert entries("papers:paper:revoked") == [
        {**entries("papers:paper:revoked")[0], "paper": str(old.id), "reason": "replaced"}
    ]


def test_a_paper_falls_with_the_decision_it_belongs_to(mingyu, branch):
    @transaction.atomic
    def decide():
        issue(mingyu, branch)
        raise RuntimeError("the decision failed after the paper was made")

    with pytest.raises(RuntimeError):
        decide()
    assert not Paper.objects.exists()
    assert entries("papers:paper:issued") == []
    assert issue(mingyu, branch).number.endswith("000001号")  # and its number is not lost


def test_erasing_the_holder_leaves_nothing_to_read(mingyu, branch):
    paper = issue(mingyu, branch)
    PersonKey.objects.filter(owner_id=mingyu).delete()
    forget(mingyu)
    with pytest.raises(Erased):
        queries.pdf(paper.id)
    assert queries.check(paper.code, now=NOW).state == "valid"


def test_papers_of_a_person_are_listed_newest_first(mingyu, branch):
    first = issue(mingyu, branch)
    second = issue(mingyu, branch, now=NOW + timedelta(minutes=1))
    issue(make_person("林夫", "44030519850202234"), branch)
    assert [c.id for c in queries.of_person(mingyu, now=NOW)] == [second.id, first.id]
    assert queries.card(first.id, now=NOW).holder_id == mingyu
    with pytest.raises(Unknown):
        queries.card(new_id(), now=NOW)


def test_the_database_refuses_a_revocation_without_a_reason(mingyu, branch):
    paper = issue(mingyu, branch)
    with pytest.raises(IntegrityError), transaction.atomic():
        Paper.objects.filter(id=paper.id).update(state="revoked", revoked_at=NOW)


@pytest.mark.parametrize(
    "change",
    [{"number": "深公户〔2026〕04009999号"}, {"pdf_sealed": b"x"}, {"holder_id": new_id()}, {"title": {"zh": "x"}}],
)
def test_the_database_refuses_to_change_a_paper(mingyu, branch, change):
    paper = issue(mingyu, branch)
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        Paper.objects.filter(id=paper.id).update(**change)


def test_the_database_refuses_to_delete_or_revive_a_paper(mingyu, branch):
    paper = issue(mingyu, branch)
    with pytest.raises(DatabaseError, match="not deleted"), transaction.atomic():
        Paper.objects.filter(id=paper.id).delete()
    actions.revoke(paper.id, reason="issued_in_error", by=SYSTEM, now=NOW)
    with pytest.raises(DatabaseError, match="stays revoked"), transaction.atomic():
        Paper.objects.filter(id=paper.id).update(state="valid", revoked_at=None, revoked_by=None, reason="")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_get_eight_numbers_without_a_gap():
    holder, unit = make_person(), make_branch()

    def one(_):
        try:
            return issue(holder, unit).number
        finally:
            connection.close()
            close_old_connections()

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(one, range(8)))
    assert [n[-8:-1] for n in numbers] == [f"4{i:06d}" for i in range(1, 9)]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_number_and_one_undone_leaves_it_to_the_next():
    holder, unit = make_person(), make_branch()
    issue(holder, unit)  # lays the numbers out

    def beside() -> str:
        try:
            return issue(holder, unit).number
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with contextlib.suppress(RuntimeError), transaction.atomic():
            undone = issue(holder, unit).number
            other = pool.submit(beside).result(timeout=20)  # would wait for us for ever
            raise RuntimeError
        after = pool.submit(beside).result(timeout=20)
    assert [number[-4:-1] for number in (undone, other, after)] == ["002", "003", "002"]
