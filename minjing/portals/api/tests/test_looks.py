"""Looks through the API: the same acts as on the pages, the same refusals, and nothing where the entry fails."""

from datetime import timedelta

import pytest
from django.db import connection

from minjing.base import clock
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import reasons
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Account, Appointment, HiddenLook, LookNote, Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.ledger.queries import about
from minjing.kernel.matters import plugs, queries
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS, NUMBERS, city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_actions import act
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, LIN, LUO, MONDAY, STRANGER, ZHOU
from minjing.kernel.papers import queries as papers
from minjing.kernel.papers.actions import issue
from minjing.portals.api.tests.test_api import as_, post, submitted  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
LOOKED = "identity:person:looked"
WU, WU_ID = "吴若溪", ANSWERS["spouse_id"]
NOTE = "居民来窗口补办户口簿，核对住址"


@pytest.fixture(autouse=True)
def acts_of_posts(city):  # noqa: F811
    """Give the posts of the small world the act that lets them look."""
    for post_row in Post.objects.exclude(code__in=("supervisor",)):
        Post.objects.filter(pk=post_row.pk).update(acts=sorted({*post_row.acts, "look"}))


def looked():
    return Outbox.objects.filter(kind=LOOKED).count()


def refuse_looks():
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_look() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space left'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse_look BEFORE INSERT ON ledger_outbox FOR EACH ROW "
            f"WHEN (NEW.kind = '{LOOKED}') EXECUTE FUNCTION refuse_look()"
        )


def claimed(as_):  # noqa: F811
    identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)
    number = submitted(as_(LIN)).json()["number"]
    return act(queries.matter(number, CHEN, MONDAY), "claim", CHEN)


def approved(as_):  # noqa: F811
    return act(act(act(claimed(as_), "recommend", CHEN), "claim", LUO), "approve", LUO)


def a_certificate(client, matter):
    (paper,) = papers.of_matter(matter.id, now=clock.now())
    return client.get(f"/api/matters/{matter.number}/papers/{paper.id}.pdf", headers={"Look-Reason": "after_closing"})


SHOWN = {
    "answers": lambda door: door(CHEN).get(f"/api/matters/{claimed(door).number}/answers"),
    "notes": lambda door: door(CHEN).get(f"/api/matters/{claimed(door).number}/notes"),
    "register": lambda door: door(CHEN).get(f"/api/matters/{claimed(door).number}/register"),
    "beside": lambda door: door(CHEN).get(f"/api/matters/{claimed(door).number}/beside"),
    "search": lambda door: post(door(CHEN), "/api/work/search", text=claimed(door) and WU_ID, reason="counter"),
    "certificate": lambda door: a_certificate(door(CHEN), approved(door)),
}


@pytest.mark.parametrize("what", SHOWN)
def test_where_the_entry_fails_the_api_tells_nothing(as_, what):  # noqa: F811
    def door(actor):
        client = as_(actor)
        client.raise_request_exception = False
        return client

    before = looked()
    assert SHOWN[what](door).status_code == 200
    assert looked() > before
    refuse_looks()
    answer = SHOWN[what](door)
    assert answer.status_code == 500
    assert not answer.content.startswith(b"%PDF")
    assert not [secret for secret in (WU_ID, "吴*溪", "林晓夫") if secret in answer.content.decode()]


def test_a_closed_matter_opens_for_a_reason_only_and_the_address_is_no_place_for_it(as_):  # noqa: F811
    matter = approved(as_)
    for what in ("answers", "notes", "register"):
        path = f"/api/matters/{matter.number}/{what}"
        assert as_(LUO).get(path).status_code == 403
        assert as_(LUO).get(f"{path}?reason=counter").status_code == 403
        assert as_(LUO).get(path, headers={"Look-Reason": "after_closing"}).status_code == 200
    own_words = {"Look-Reason": "other:%E5%BD%93%E4%BA%8B%E4%BA%BA%E6%9D%A5%E5%87%BD"}
    assert as_(LUO).get(f"/api/matters/{matter.number}/notes", headers=own_words).status_code == 200
    assert about(matter.person_id, kinds=[LOOKED])[0]["what"]["words"] == "当事人来函"


def test_an_officer_is_told_what_to_look_at_and_the_applicant_is_not(as_, monkeypatch):  # noqa: F811
    title = Text(zh="请核对", en="Look at")
    monkeypatch.setitem(plugs.FACTS, "HZ9901", lambda *, matter, answers, now: (title, [(title, "spouse_id", title)]))
    matter, before = claimed(as_), looked()
    path = f"/api/matters/{matter.number}/beside"
    said = {"label": title.model_dump(), "name": "spouse_id", "value": title.model_dump()}
    assert as_(CHEN).get(path).json() == [said]
    assert looked() > before
    assert as_(LIN).get(path).json() == []
    assert as_(ZHOU).get(path).status_code in (403, 404)


def test_a_form_is_a_look_at_everybody_whom_it_names(as_):  # noqa: F811
    matter = claimed(as_)
    wu = identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)
    assert as_(CHEN).get(f"/api/matters/{matter.number}/answers").status_code == 200
    assert len(about(wu, kinds=[LOOKED])) == 1
    assert as_(LIN).get(f"/api/matters/{matter.number}/answers").status_code == 200  # the applicant's own form
    assert len(about(wu, kinds=[LOOKED])) == 1


def test_every_reason_comes_with_its_law(as_):  # noqa: F811
    for reason in as_(CHEN).get("/api/work/reasons").json():
        assert "《" in reason["law"]["zh"]


def test_notes_are_answered_reviewed_and_taken_up(as_, monkeypatch):  # noqa: F811
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(1, 1, 5, 7))
    identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)
    post(as_(CHEN), "/api/work/search", text=WU_ID, reason="counter")
    (owed,) = as_(CHEN).get("/api/looks/notes").json()
    assert "吴" not in str(owed)
    assert post(as_(CHEN), f"/api/looks/notes/{owed['id']}/recall").json()["name"] == "吴*溪"
    wrong = post(as_(CHEN), f"/api/looks/notes/{owed['id']}", note="办案需要")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["note"])
    assert post(as_(ZHOU), f"/api/looks/notes/{owed['id']}", note=NOTE).status_code == 404
    assert post(as_(CHEN), f"/api/looks/notes/{owed['id']}", note=NOTE).status_code == 200
    row = LookNote.objects.get()
    peer = next(a for a in (ELSEWHERE, LUO, world.MA, world.CHECKER) if a.account_id == row.reviewer_id)
    assert [n["id"] for n in as_(peer).get("/api/looks/reviews").json()] == [owed["id"]]
    assert post(as_(CHEN), f"/api/looks/reviews/{owed['id']}/open").status_code == 404
    assert post(as_(peer), f"/api/looks/reviews/{owed['id']}/open").json() == {"note": NOTE}
    assert post(as_(peer), f"/api/looks/reviews/{owed['id']}", verdict="nonsense").status_code == 422
    assert post(as_(peer), f"/api/looks/reviews/{owed['id']}", verdict="unclear").status_code == 200
    assert post(as_(peer), f"/api/looks/reviews/{owed['id']}", verdict="fits").status_code == 404
    assert as_(CHEN).get("/api/looks/supervised").status_code == 403
    assert post(as_(CHEN), f"/api/looks/supervised/{owed['id']}").status_code == 403


@pytest.fixture
def legal(city):  # noqa: F811
    actor = world.officer(45, "branch_legal", "1.4.", ("approve_hidden",))
    Post.objects.create(
        code="branch_legal", name={"zh": "法制", "en": "legal"}, level="branch", acts=["approve_hidden"]
    )
    Account.objects.create(
        id=actor.account_id, kind="officer", login="legal", display_name="法制", created_at=clock.now()
    )
    Appointment.objects.create(account_id=actor.account_id, unit_id=4, post_id="branch_legal", since=MONDAY)
    return actor


def test_leave_to_hide_is_asked_given_and_ended(as_, legal):  # noqa: F811
    identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)
    assert as_(CHEN).get("/api/looks/hidden/bases").json()[0]["key"] == "would_hinder"
    said = {"id_number": WU_ID, "basis": "would_hinder", "facts": "正在侦查的案件，告知会惊动相关人员"}
    late = clock.now() + timedelta(days=366)
    assert list(post(as_(CHEN), "/api/looks/hidden", **said, until=late).json()["errors"]) == ["until"]
    made = post(as_(CHEN), "/api/looks/hidden", **said, until=clock.now() + timedelta(days=30))
    path = f"/api/looks/hidden/{made.json()['id']}"
    assert post(as_(CHEN), path, grant=True).status_code == 403
    assert [row["state"] for row in as_(legal).get("/api/looks/hidden/waiting").json()] == ["asked"]
    assert post(as_(legal), f"{path}/facts").json()["facts"] == said["facts"]
    assert post(as_(legal), path, grant=True).status_code == 200
    assert post(as_(legal), path, grant=False).status_code == 404
    assert [row["state"] for row in as_(CHEN).get("/api/looks/hidden").json()] == ["granted"]
    assert as_(CHEN).delete(path).status_code == 200
    assert HiddenLook.objects.get().ended_at is not None
    assert as_(LIN).get("/api/looks/hidden/waiting").status_code == 403
    assert as_(LIN).get("/api/looks/notes").json() == []


def test_the_resident_reads_that_a_look_was_hidden_only_when_its_time_is_over(as_, legal):  # noqa: F811
    matter = claimed(as_)
    before, until = clock.now() - timedelta(days=40), clock.now() - timedelta(days=10)
    leave = HiddenLook.objects.create(
        org_id=4, account_id=CHEN.account_id, unit_id=27, person_id=matter.person_id, basis="would_hinder",
        facts_sealed=b"", asked_at=before, until=until, approver_id=legal.account_id, decided_at=before, granted=True,
    )  # fmt: skip
    identity.look(CHEN, [matter.person_id], ["name"], reason="incident", now=before + timedelta(hours=1))
    (look,) = as_(LIN).get("/api/me/looks").json()
    assert look["was_hidden"]["basis"]["en"].startswith("Telling would hinder")
    HiddenLook.objects.filter(pk=leave.pk).delete()  # what the entry says holds without the row
    assert as_(LIN).get("/api/me/looks").json() == [look]


def test_a_claimed_matter_is_no_reason_to_search_for_a_stranger(as_):  # noqa: F811
    number, before = claimed(as_).number, looked()
    chen, stranger = as_(CHEN), NUMBERS[STRANGER.person_id]
    assert post(chen, "/api/work/search", text=stranger, matter=number).status_code == 403
    assert looked() == before
    for text in (WU, NUMBERS[LIN.person_id]):
        assert len(post(chen, "/api/work/search", text=text, matter=number).json()) == 1
    assert len(post(chen, "/api/work/search", text=stranger, matter=number, reason="counter").json()) == 1
    (entry,) = about(STRANGER.person_id, kinds=[LOOKED])
    assert (entry["what"]["reason"], entry["what"]["bound"], entry["what"]["matter"]) == ("counter", False, None)
    (entry,) = about(LIN.person_id, kinds=[LOOKED])
    assert (entry["what"]["bound"], entry["what"]["matter"]) == (True, str(queries.matter(number, CHEN, MONDAY).id))


def test_a_matter_concerns_its_applicant_whom_it_is_about_whom_it_names_and_whose_paper_it_is(as_):  # noqa: F811
    matter = approved(as_)
    wu = identity.ensure_person(name=WU, id_number=WU_ID, now=MONDAY)
    asked = {LIN.person_id, wu, STRANGER.person_id}
    assert queries.concerned(matter.id, asked) == {LIN.person_id, wu}
    issue(
        kind="move_in_permit", title={"zh": "准予迁入证明", "en": "Permit to move in"}, matter_id=matter.id,
        matter_number=matter.number, org_id=4, holder_person=STRANGER.person_id, facts=[], valid_until=None,
        unit_id=4, by=SYSTEM, now=MONDAY,
    )  # fmt: skip
    assert queries.concerned(matter.id, asked) == asked
    assert queries.concerned(new_id(), asked) == set()
