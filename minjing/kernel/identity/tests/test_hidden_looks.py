"""Looks hidden for a legal reason: a ground, another's leave beforehand, twelve months at most; then they show."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from minjing.kernel.identity import actions, queries, reasons
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import HiddenLook, LookNote
from minjing.kernel.identity.tests.conftest import LIN_NUMBER, NOW, OU_NUMBER, City
from minjing.kernel.ledger import queries as ledger

FACTS = "正在侦查的案件，提前告知会惊动相关人员"
UNTIL = NOW + timedelta(days=90)
HOUR = timedelta(hours=1)


@pytest.fixture
def legal(city: City) -> Actor:
    """The legal officer of the clerk's branch."""
    actions.put_post(
        code="branch_legal",
        name={"zh": "法制", "en": "legal"},
        level="branch",
        acts=["approve_hidden"],
        by=SYSTEM,
        now=NOW,
    )
    return city.hire("futian.legal", "branch_legal", "futian")


def ask(by: Actor, until: datetime = UNTIL, **more: str) -> UUID:
    said = {"id_number": LIN_NUMBER, "basis": "would_hinder", "facts": FACTS, **more}
    return actions.ask_hidden(**said, until=until, by=by, now=NOW)


def looked(by: Actor, who: UUID, at: datetime) -> None:
    actions.look(by, [who], ["name"], reason="incident", now=at)


def test_a_look_under_a_leave_shows_itself_when_its_time_is_over_and_says_that_it_was_hidden(
    lin: UUID, clerk: Actor, legal: Actor
) -> None:
    looked(clerk, lin, NOW)  # before the leave: never hidden
    leave = ask(clerk)
    actions.decide_hidden(leave, True, by=legal, now=NOW)
    looked(clerk, lin, NOW + HOUR)
    (shown,) = queries.looks_at(lin, UNTIL - timedelta(seconds=1))
    assert shown.was_hidden is None
    newest, _ = queries.looks_at(lin, UNTIL)
    assert newest.was_hidden is not None
    assert (newest.was_hidden.since, newest.was_hidden.until) == (NOW + HOUR, UNTIL)
    assert newest.was_hidden.basis["zh"] == "告知将妨碍国家机关履行法定职责"
    assert newest.was_hidden.law["zh"] == "《个人信息保护法》第 35 条"
    assert queries.look_at(lin, newest.entry_id, UNTIL - timedelta(seconds=1)) is None
    assert queries.look_at(lin, newest.entry_id, UNTIL) == newest


def test_nothing_is_hidden_without_leave_given_beforehand(lin: UUID, clerk: Actor, legal: Actor) -> None:
    leave = ask(clerk)
    looked(clerk, lin, NOW + HOUR)  # asked, not given
    actions.decide_hidden(leave, True, by=legal, now=NOW + 2 * HOUR)
    assert len(queries.looks_at(lin, NOW + 3 * HOUR)) == 1
    second = ask(clerk)
    actions.decide_hidden(second, False, by=legal, now=NOW + 3 * HOUR)
    actions.end_hidden(leave, by=clerk, now=NOW + 4 * HOUR)
    looked(clerk, lin, NOW + 5 * HOUR)  # refused, ended
    assert len(queries.looks_at(lin, NOW + 6 * HOUR)) == 2


def test_a_leave_hides_ones_own_looks_at_one_person_and_no_others(
    lin: UUID, ou: UUID, clerk: Actor, approver: Actor, legal: Actor
) -> None:
    actions.decide_hidden(ask(clerk), True, by=legal, now=NOW)
    looked(clerk, ou, NOW + HOUR)
    looked(approver, lin, NOW + HOUR)
    looked(clerk, lin, NOW + HOUR)
    assert len(queries.looks_at(ou, NOW + HOUR)) == 1
    assert [look.police_number for look in queries.looks_at(lin, NOW + HOUR)] == [approver.police_number]


def test_a_leave_that_ends_early_shows_at_once_what_it_hid(lin: UUID, clerk: Actor, legal: Actor) -> None:
    leave = ask(clerk)
    actions.decide_hidden(leave, True, by=legal, now=NOW)
    looked(clerk, lin, NOW + HOUR)
    assert queries.looks_at(lin, NOW + HOUR) == []
    actions.end_hidden(leave, by=legal, now=NOW + 2 * HOUR)
    (shown,) = queries.looks_at(lin, NOW + 2 * HOUR)
    assert shown.was_hidden is not None
    assert shown.was_hidden.until == NOW + 2 * HOUR
    with pytest.raises(Unknown):
        actions.end_hidden(leave, by=legal, now=NOW + 3 * HOUR)


def test_a_later_leave_does_not_hide_longer_what_an_earlier_one_hid(lin: UUID, clerk: Actor, legal: Actor) -> None:
    actions.decide_hidden(ask(clerk), True, by=legal, now=NOW)
    looked(clerk, lin, NOW + HOUR)
    actions.decide_hidden(ask(clerk, NOW + timedelta(days=365)), True, by=legal, now=NOW + 2 * HOUR)
    assert len(queries.looks_at(lin, UNTIL)) == 1


def test_many_hidden_looks_do_not_push_the_others_from_the_page(lin: UUID, clerk: Actor, legal: Actor) -> None:
    looked(clerk, lin, NOW)
    actions.decide_hidden(ask(clerk), True, by=legal, now=NOW + HOUR)
    for n in range(30):
        looked(clerk, lin, NOW + (n + 2) * HOUR)
    assert [look.at for look in queries.looks_at(lin, NOW + 40 * HOUR, limit=1)] == [NOW]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"id_number": ""}, "id_number"),
        ({"id_number": OU_NUMBER}, "id_number"),  # nobody here has it
        ({"basis": "curious"}, "basis"),
        ({"facts": "短"}, "facts"),
        ({"facts": "查找号码 440304199003080215 的人员情况"}, "facts"),
    ],
)
def test_a_request_is_whole_or_refused(lin: UUID, clerk: Actor, more: dict[str, str], field: str) -> None:
    with pytest.raises(Wrong) as wrong:
        ask(clerk, **more)
    assert wrong.value.field == field
    assert not HiddenLook.objects.exists()


def test_twelve_months_at_most_says_the_rule_and_the_database(lin: UUID, clerk: Actor) -> None:
    year = NOW + timedelta(days=365)
    leave = ask(clerk, year)
    for until in (year + timedelta(seconds=1), NOW):
        with pytest.raises(Wrong):
            ask(clerk, until)
        with pytest.raises(IntegrityError), transaction.atomic():
            HiddenLook.objects.filter(pk=leave).update(until=until)


def test_nobody_gives_leave_to_themselves(city: City, lin: UUID, clerk: Actor, legal: Actor) -> None:
    both = replace(clerk, holdings=(*clerk.holdings, *legal.holdings))
    leave = ask(both)
    assert queries.hidden_to_decide(both, NOW) == []
    with pytest.raises(NotAllowed, match="same_person"):
        actions.decide_hidden(leave, True, by=both, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        HiddenLook.objects.filter(pk=leave).update(approver_id=clerk.account_id, decided_at=NOW, granted=True)


def test_nobody_gives_leave_to_whom_stands_in_for_them_or_whom_they_stand_in_for(
    lin: UUID, clerk: Actor, legal: Actor
) -> None:
    deputy = replace(clerk, holdings=tuple(replace(h, deputy_for=legal.account_id) for h in clerk.holdings))
    with pytest.raises(NotAllowed, match="same_person"):
        actions.decide_hidden(ask(deputy), True, by=legal, now=NOW)
    standing_in = replace(legal, holdings=tuple(replace(h, deputy_for=clerk.account_id) for h in legal.holdings))
    with pytest.raises(NotAllowed, match="same_person"):
        actions.decide_hidden(ask(clerk), True, by=standing_in, now=NOW)


def test_only_the_post_over_the_askers_unit_gives_leave_and_not_after_its_end(
    city: City, lin: UUID, clerk: Actor, approver: Actor, legal: Actor
) -> None:
    leave = ask(clerk)
    elsewhere = city.hire("nanshan.legal", "branch_legal", "nanshan")
    gone = replace(legal, holdings=())
    for who, why in ((approver, "no_post"), (elsewhere, "other_unit"), (gone, "no_post")):
        with pytest.raises(NotAllowed, match=why):
            actions.decide_hidden(leave, True, by=who, now=NOW)
        with pytest.raises(NotAllowed, match=why):
            actions.open_facts(leave, by=who, now=NOW)
    assert queries.hidden_to_decide(elsewhere, NOW) == []
    with pytest.raises(NotAllowed):
        queries.hidden_to_decide(approver, NOW)


def test_who_may_not_look_may_not_ask(lin: UUID, audit: Actor) -> None:
    with pytest.raises(NotAllowed):
        ask(audit)


def test_a_request_whose_time_is_over_is_not_decided_any_more(lin: UUID, clerk: Actor, legal: Actor) -> None:
    leave = ask(clerk)
    with pytest.raises(Unknown):
        actions.decide_hidden(leave, True, by=legal, now=UNTIL)


def test_every_act_of_a_leave_is_in_the_ledger_and_none_names_anybody(lin: UUID, clerk: Actor, legal: Actor) -> None:
    leave = ask(clerk)
    assert actions.open_facts(leave, by=legal, now=NOW) == FACTS
    actions.decide_hidden(leave, True, by=legal, now=NOW)
    actions.end_hidden(leave, by=clerk, now=NOW + HOUR)
    told = [e for e in reversed(ledger.about(lin)) if ":hidden_look:" in e["kind"]]
    assert [e["kind"].rpartition(":")[2] for e in told] == ["asked", "read", "granted", "ended"]
    assert LIN_NUMBER not in str(told)
    assert FACTS not in str(told)
    assert FACTS.encode() not in bytes(HiddenLook.objects.get().facts_sealed)


def test_the_count_is_told_by_unit_and_month_with_noughts_once_the_month_is_over(
    city: City, lin: UUID, ou: UUID, clerk: Actor, legal: Actor
) -> None:
    for number in (LIN_NUMBER, OU_NUMBER):
        actions.decide_hidden(ask(clerk, id_number=number), True, by=legal, now=NOW)
    actions.look(clerk, [lin, ou], ["name"], reason="incident", now=NOW + HOUR)
    looked(clerk, lin, NOW + 2 * HOUR)
    before = queries.hidden_counts(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))  # 23:59 in China
    assert before.months[0] == date(2026, 10, 1)
    assert not any(before.totals)
    after = queries.hidden_counts(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert after.months[0] == date(2026, 11, 1)
    by_unit = {row.unit_code: row.by_month[0] for row in after.rows}
    assert by_unit == {"bureau": 0, "futian": 0, "lianhua": 3, "huaqiang": 0, "nanshan": 0, "yuehai": 0}
    assert after.totals == [3] + [0] * 11


def test_reviewing_a_hidden_look_does_not_give_it_away(
    city: City, lin: UUID, clerk: Actor, legal: Actor, approver: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reasons, "lot", lambda: reasons.Lot(1, 1, 5, 7))
    actions.decide_hidden(ask(clerk), True, by=legal, now=NOW)
    looked(clerk, lin, NOW + HOUR)
    note = LookNote.objects.get()
    actions.recall_person(note.pk, by=clerk, now=NOW + HOUR)
    actions.answer_note(note.pk, "正在侦查的案件需要核对身份", by=clerk, now=NOW + HOUR)
    actions.open_note(note.pk, by=approver, now=NOW + HOUR)
    assert queries.looks_at(lin, NOW + 2 * HOUR) == []
    assert len(queries.looks_at(lin, UNTIL)) == 3
    assert queries.hidden_counts(NOW + timedelta(days=31)).totals[0] == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_once_one_counts(city: City, lin: UUID, clerk: Actor, legal: Actor) -> None:
    second = city.hire("futian.legal.two", "branch_legal", "futian")
    leave = ask(clerk)
    done: list[bool] = []
    start = threading.Barrier(2)

    def decide(by: Actor, grant: bool) -> None:
        start.wait()
        try:
            actions.decide_hidden(leave, grant, by=by, now=NOW)
            done.append(grant)
        except Unknown:
            pass
        finally:
            connection.close()

    both = [threading.Thread(target=decide, args=a) for a in ((legal, True), (second, False))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(done) == 1
    assert HiddenLook.objects.get().granted is done[0]
