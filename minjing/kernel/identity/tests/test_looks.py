"""No look without a right, a reason and an entry; the person sees each of them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from minjing.kernel.identity import actions, plugs, queries, reasons
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.seen import Unrecorded
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, OU_NUMBER, City, SignIn
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.watch import actions as watch
from minjing.kernel.watch import queries as watched


def entries() -> list[dict]:  # type: ignore[type-arg]
    return [
        {"what": row.what, "subject": row.subject_id, "org": row.org_id}
        for row in Outbox.objects.filter(kind=queries.LOOKED).order_by("seq")
    ]


def test_a_look_returns_the_fields_and_leaves_an_entry_for_each_person(lin: UUID, ou: UUID, clerk: Actor) -> None:
    seen = actions.look(clerk, [lin, ou, lin], ["name", "id_number"], reason="counter", now=NOW)
    assert seen[lin] == {"name": LIN, "id_number": LIN_NUMBER}
    assert {e["subject"] for e in entries()} == {lin, ou}
    assert len(entries()) == 2
    what = entries()[0]["what"]
    assert what["by"] == str(clerk.account_id)
    assert what["unit"] == clerk.holdings[0].unit_id
    assert what["fields"] == ["name", "id_number"]
    assert entries()[0]["org"] == 1


def test_the_entry_holds_no_name_and_no_number(lin: UUID, clerk: Actor) -> None:
    actions.look(clerk, [lin], ["name", "id_number"], reason="counter", now=NOW)
    assert LIN not in str(entries())
    assert LIN_NUMBER not in str(entries())


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        ("", "no_reason"),
        ("curious", "no_reason"),
        ("other", "reason_needs_text"),
        ("other:因", "reason_needs_text"),
        ("other:" + "因" * 101, "reason_needs_text"),
    ],
)
def test_without_a_reason_nothing_is_opened(lin: UUID, clerk: Actor, reason: str, key: str) -> None:
    with pytest.raises(NotAllowed, match=key):
        actions.look(clerk, [lin], ["name"], reason=reason, now=NOW)
    assert entries() == []


def test_own_words_stand_in_the_entry(lin: UUID, clerk: Actor) -> None:
    actions.look(clerk, [lin], ["name"], reason="other:失物招领核对失主", now=NOW)
    assert entries()[0]["what"]["words"] == "失物招领核对失主"


@pytest.fixture
def open_matter(lin: UUID, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """The only matter that is open: it concerns Lin."""
    matter = uuid4()
    monkeypatch.setattr(plugs.plugs, "matter_open", lambda asked: asked == matter)
    monkeypatch.setattr(plugs.plugs, "matter_concerns", lambda asked, people: {lin} & set(people))
    return matter


def test_a_matter_that_is_not_open_is_no_reason(lin: UUID, approver: Actor, open_matter: UUID) -> None:
    with pytest.raises(NotAllowed, match="no_reason"):
        actions.record_look(approver, [lin], ["matters.form"], matter_id=uuid4(), now=NOW)
    assert entries() == []
    actions.record_look(approver, [lin], ["matters.form"], reason="after_closing", matter_id=uuid4(), now=NOW)
    assert (entries()[0]["what"]["reason"], entries()[0]["what"]["bound"]) == ("after_closing", False)


def test_a_look_covers_what_it_names_and_nothing_else(lin: UUID, ou: UUID, clerk: Actor) -> None:
    seen = actions.record_look(clerk, [lin], ["name"], reason="counter", now=NOW)
    seen.must_cover(lin, "name")
    for person, field in ((lin, "phone"), (ou, "name")):
        with pytest.raises(Unrecorded):
            seen.must_cover(person, field)


def test_a_matter_in_hand_is_reason_enough(lin: UUID, approver: Actor, open_matter: UUID) -> None:
    matter = open_matter
    actions.record_look(approver, [lin], ["matters.answers"], matter_id=matter, now=NOW)
    assert entries()[0]["what"]["matter"] == str(matter)
    assert (entries()[0]["what"]["reason"], entries()[0]["what"]["bound"]) == ("matter", True)


def test_a_matter_is_no_reason_to_look_at_whom_it_does_not_concern(
    lin: UUID, ou: UUID, clerk: Actor, open_matter: UUID
) -> None:
    for people in ([ou], [lin, ou]):
        with pytest.raises(NotAllowed, match="no_reason"):
            actions.look(clerk, people, ["name"], matter_id=open_matter, now=NOW)
    assert entries() == []
    actions.look(clerk, [lin, ou], ["name"], reason="counter", matter_id=open_matter, now=NOW)
    told = {e["subject"]: (e["what"]["bound"], e["what"]["matter"]) for e in entries()}
    assert told == {lin: (False, str(open_matter)), ou: (False, None)}, "nobody is shown a stranger's matter"


def test_a_search_without_a_reason_finds_whom_the_matter_concerns_and_says_nothing_of_others(
    lin: UUID, ou: UUID, clerk: Actor, open_matter: UUID
) -> None:
    assert actions.search(clerk, LIN, matter_id=open_matter, now=NOW) == [lin]
    for name in (OU, "查无此人"):
        with pytest.raises(NotAllowed, match="no_reason"):
            actions.search(clerk, name, matter_id=open_matter, now=NOW)
    assert actions.search(clerk, OU, reason="counter", matter_id=open_matter, now=NOW) == [ou]


def test_who_asks_about_somebody_unknown_leaves_a_trace_that_nobody_can_read(
    lin: UUID, clerk: Actor, approver: Actor
) -> None:
    asked = Outbox.objects.filter(kind="identity:search:asked").order_by("seq")
    assert actions.search(clerk, LIN, reason="counter", now=NOW) == [lin]
    assert not asked.exists(), "each person shown is a look"
    for by, text in ((clerk, OU_NUMBER), (clerk, OU_NUMBER.lower()), (approver, OU)):
        assert actions.search(by, text, reason="counter", now=NOW) == []
    first, again, other = (row.what for row in asked)
    assert (first["by"], first["post"], first["reason"], first["found"]) == (
        str(clerk.account_id), "station_clerk", "counter", 0,
    )  # fmt: skip
    assert (first["asked"] == again["asked"], first["asked"] == other["asked"]) == (True, False)
    assert other["by"] == str(approver.account_id)
    assert not [said for said in (OU, OU_NUMBER) if said in str([row.what for row in asked])]
    with pytest.raises(NotAllowed):
        actions.search(clerk, OU, reason="curious", now=NOW)
    assert asked.count() == 3


def test_administrators_and_supervisors_see_no_record(lin: UUID, city: City, security: Actor, audit: Actor) -> None:
    supervisor = city.hire("supervisor", "supervisor", "bureau")
    for actor in (security, audit, supervisor):
        with pytest.raises(NotAllowed, match="no_post"):
            actions.look(actor, [lin], ["name"], reason="counter", now=NOW)
    for actor in (security, audit, supervisor):  # a matter that one may see is not a record that one may read
        with pytest.raises(NotAllowed, match="no_post"):
            actions.record_look(actor, [lin], ["matters.answers"], matter_id=uuid4(), now=NOW)
    assert entries() == []


def test_a_resident_reads_their_own_record_only(lin: UUID, ou: UUID, sign_in: SignIn) -> None:
    account = sign_in("13800138000")
    Account.objects.filter(pk=account.pk).update(person=lin)
    resident = queries.actor_of(account.pk, NOW)
    assert actions.look(resident, [lin], ["name", "phone"], now=NOW)[lin] == {"name": LIN, "phone": "13800138000"}
    assert entries() == []
    with pytest.raises(NotAllowed, match="not_officer"):
        actions.look(resident, [ou], ["name"], reason="counter", now=NOW)


def test_an_officer_who_looks_at_their_own_record_is_on_record(lin: UUID, clerk: Actor) -> None:
    Account.objects.filter(pk=clerk.account_id).update(person=lin)
    actions.look(queries.actor_of(clerk.account_id, NOW), [lin], ["name"], reason="counter", now=NOW)
    assert len(entries()) == 1


def test_when_the_ledger_refuses_nothing_is_shown(lin: UUID, clerk: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from minjing.kernel.ledger import actions as ledger

    def full(*entries: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ledger, "append", full)
    with pytest.raises(OSError, match="disk full"):
        actions.look(clerk, [lin], ["name"], reason="counter", now=NOW)


def test_an_hour_behind_nothing_is_opened_but_by_two_people(lin: UUID, clerk: Actor, approver: Actor) -> None:
    watch.beat(lag_s=3599.0, size=0, checked=0, now=NOW)
    watched.forget()
    actions.look(clerk, [lin], ["name"], reason="counter", now=NOW)
    later = NOW + timedelta(seconds=1)
    with pytest.raises(NotAllowed, match="ledger_behind"):
        actions.look(clerk, [lin], ["name"], reason="counter", now=later)
    assert len(entries()) == 1
    glass = watch.ask_glass("110 警情：走失儿童，需核对监护人", by=clerk, now=later)
    watch.confirm_glass(glass, by=approver, now=later)
    assert actions.look(clerk, [lin], ["name"], reason="counter", now=later)[lin] == {"name": LIN}
    assert [str(glass) in str(entry) for entry in entries()].count(True) == 1
    with pytest.raises(NotAllowed, match="ledger_behind"):
        actions.look(approver, [lin], ["name"], reason="counter", now=later)
    watched.forget()


def test_ones_own_record_stays_open_while_the_ledger_lies_behind(lin: UUID, sign_in: SignIn) -> None:
    watch.beat(lag_s=9_999.0, size=0, checked=0, now=NOW)
    watched.forget()
    account = sign_in("13800138000")
    Account.objects.filter(pk=account.pk).update(person=lin)
    assert actions.look(queries.actor_of(account.pk, NOW), [lin], ["name"], now=NOW)[lin] == {"name": LIN}
    watched.forget()


def test_a_module_adds_fields_and_unknown_ones_are_refused(
    lin: UUID, clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugs.plugs, "fields", {})
    plugs.person_field("address", {"zh": "住址", "en": "address"})(lambda people: dict.fromkeys(people, "莲花路"))
    assert actions.look(clerk, [lin], ["address"], reason="counter", now=NOW)[lin] == {"address": "莲花路"}
    with pytest.raises(Unknown, match="unknown_field"):
        actions.look(clerk, [lin], ["religion"], reason="counter", now=NOW)
    assert len(entries()) == 1


def test_the_person_sees_who_looked_and_why(
    lin: UUID, clerk: Actor, approver: Actor, open_matter: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = open_matter
    monkeypatch.setattr(plugs.plugs, "matter_numbers", lambda ids: dict.fromkeys(ids, "FT202600001"))
    actions.look(clerk, [lin], ["name"], reason="phone_enquiry", now=NOW)
    actions.record_look(approver, [lin], ["household.record"], matter_id=matter, now=NOW)
    looks = {look.police_number: look for look in queries.looks_at(lin, NOW)}
    mine = looks[clerk.police_number]
    assert (mine.by_unit["en"], mine.by_post["en"]) == ("lianhua", "station_clerk")
    assert mine.reason["zh"] == "当事人来电咨询"
    assert mine.law is not None
    assert mine.law["en"] == "Personal Information Protection Law, art. 50"
    assert mine.was_hidden is None
    assert mine.fields == (queries.FIELD_TITLES["name"],)
    assert mine.at == NOW
    theirs = looks[approver.police_number]
    assert (theirs.matter_id, theirs.matter_number) == (matter, "FT202600001")
    assert theirs.reason["en"] == "handling your matter"
    assert mine.entry_id != theirs.entry_id


def test_every_law_that_a_reason_names_is_called_by_its_name_in_english() -> None:
    lists = (reasons.reasons(), reasons.assigned(), reasons.hidden_bases(), reasons.erasure_grounds())
    cited = [reason.basis.text for listed in lists for reason in listed.values() if reason.basis]
    assert len(cited) > 10
    assert all(text["en"].isascii() or "’" in text["en"] for text in cited)
