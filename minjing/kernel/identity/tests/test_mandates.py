"""Acting for another: dated, scoped, accepted by both, ended by either at once; firms and guardians."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from minjing.base import idnumber
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actions import Offer
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Check, CheckPicture, Mandate
from minjing.kernel.identity.plugs import Registered, plugs
from minjing.kernel.identity.rules.mandates import age_on, birthday
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, OU_NUMBER, City, SignIn
from minjing.kernel.identity.tests.test_checks import photo
from minjing.kernel.ledger.models import Outbox

DAY = timedelta(days=1)
CHILD, CHILD_NUMBER = "林一一", idnumber.compose("440304", date(2018, 6, 1), 31)
USCC = "91350100M000100Y43"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {LIN_NUMBER: LIN, OU_NUMBER: OU, CHILD_NUMBER: CHILD}
    monkeypatch.setattr(
        plugs,
        "check_register",
        lambda name, id_number, now: Registered(id_number in known, known.get(id_number) == name),
    )
    monkeypatch.setattr(plugs, "clean_picture", lambda content: content)
    monkeypatch.setattr(plugs, "guardian", None)


def known(account, name: str, number: str) -> Actor:
    actions.say_who(by=queries.actor_of(account.pk, NOW), name=name, id_number=number, now=NOW)
    return queries.actor_of(account.pk, NOW)


@pytest.fixture
def lin3(sign_in: SignIn) -> Actor:
    """Lin, whose card was checked."""
    return replace(known(sign_in("13800138000"), LIN, LIN_NUMBER), level=3)


@pytest.fixture
def ou2(sign_in: SignIn) -> Actor:
    return known(sign_in("13800138001"), OU, OU_NUMBER)


def offer(**more) -> Offer:
    base = {"name": OU, "id_number": OU_NUMBER, "services": ["HZ0301"], "until": date(2027, 3, 31)}
    return Offer(**{**base, **more})


def accepted(lin: Actor, ou: Actor, **more) -> UUID:
    made = actions.grant(offer(**more), by=lin, now=NOW)
    actions.answer_mandate(made, True, by=ou, now=NOW)
    return made


def right(ou: Actor, lin: Actor, code: str = "HZ0301", at=NOW + DAY) -> bool:
    assert lin.person_id is not None
    return queries.may_act_for(ou.account_id, lin.person_id, code, at) is not None


def test_a_mandate_holds_when_both_agree_for_its_services_and_its_days(lin3: Actor, ou2: Actor) -> None:
    made = actions.grant(offer(), by=lin3, now=NOW)
    assert not right(ou2, lin3)
    (row,) = queries.mandates_taken(ou2, NOW)
    assert (row.id, row.giver_name, row.state) == (made, LIN, "offered")
    actions.answer_mandate(made, True, by=ou2, now=NOW)
    assert right(ou2, lin3)
    assert not right(ou2, lin3, "HZ0302")
    assert not right(ou2, lin3, at=NOW + 200 * DAY)
    assert not right(lin3, ou2)  # it does not work the other way round


def test_either_ends_it_at_once(lin3: Actor, ou2: Actor) -> None:
    for who in (lin3, ou2):
        made = accepted(lin3, ou2)
        assert right(ou2, lin3)
        actions.revoke(made, by=who, now=NOW + DAY / 2)
        assert not right(ou2, lin3)
    kinds = set(Outbox.objects.values_list("kind", flat=True))
    assert {"identity:mandate:offered", "identity:mandate:accepted", "identity:mandate:revoked"} <= kinds


def test_nobody_else_accepts_or_ends_it(lin3: Actor, ou2: Actor, sign_in: SignIn) -> None:
    made = actions.grant(offer(), by=lin3, now=NOW)
    stranger = queries.actor_of(sign_in("13800138009").pk, NOW)
    with pytest.raises(NotAllowed):
        actions.answer_mandate(made, True, by=stranger, now=NOW)
    with pytest.raises(Unknown):
        actions.answer_mandate(made, True, by=lin3, now=NOW)
    with pytest.raises(Unknown):
        actions.revoke(made, by=stranger, now=NOW)


def test_it_is_offered_only_by_who_has_been_checked(ou2: Actor) -> None:
    with pytest.raises(NotAllowed) as refused:
        actions.grant(offer(name=LIN, id_number=LIN_NUMBER), by=ou2, now=NOW)
    assert refused.value.key == "identity_level"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id_number": LIN_NUMBER, "name": LIN}, "id_number"),
        ({"id_number": OU_NUMBER[:-1] + "5"}, "id_number"),
        ({"id_number": CHILD_NUMBER, "name": CHILD}, "id_number"),
        ({"services": []}, "services"),
        ({"until": date(2026, 1, 1)}, "until"),
        ({"until": date(2029, 6, 1)}, "until"),
        ({"uscc": "91350100M000100Y44", "firm_name": "福建某某公司"}, "uscc"),
        ({"uscc": USCC}, "firm_name"),
        ({"uscc": USCC, "firm_name": "福建某某公司"}, "papers"),
    ],
)
def test_what_cannot_stand_in_a_mandate_is_marked(lin3: Actor, ou2: Actor, changes, field: str) -> None:
    with pytest.raises(Wrong) as wrong:
        actions.grant(offer(**changes), by=lin3, now=NOW)
    assert wrong.value.field == field


@pytest.fixture
def desk_clerk(city: City) -> Actor:
    actions.put_post(
        code="id_clerk", name={"zh": "窗口", "en": "c"}, level="station", acts=["confirm_identity", "look"],
        by=SYSTEM, now=NOW,
    )  # fmt: skip
    return city.hire("lianhua.id", "id_clerk", "lianhua")


def test_a_firms_mandate_waits_for_an_officer_who_sees_its_licence(
    lin3: Actor, ou2: Actor, desk_clerk: Actor
) -> None:
    made = accepted(lin3, ou2, uscc=USCC, firm_name="福建某某公司", licence=photo())
    assert not queries.mandate_holds(made, ou2.account_id, "HZ0301", NOW + DAY)
    taken = actions.claim_next(by=desk_clerk, now=NOW)
    assert taken is not None
    opened = actions.open_desk(taken, by=desk_clerk, now=NOW)
    assert [value for _, value in opened.said["rows"]] == ["福建某某公司", USCC]
    actions.decide(taken, "same", by=desk_clerk, now=NOW)
    assert queries.mandate_holds(made, ou2.account_id, "HZ0301", NOW + DAY)
    assert not right(ou2, lin3)  # for the firm, not for Lin
    assert CheckPicture.objects.count() == 0


def test_a_parent_on_the_register_acts_for_a_child_at_once_and_no_longer_than_the_register_says(
    lin3: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugs, "guardian", lambda child, adult, now: adult == lin3.person_id)
    made = actions.claim_guardian(CHILD, CHILD_NUMBER, b"", by=lin3, now=NOW)
    child = made.giver_id
    assert queries.may_act_for(lin3.account_id, child, "HZ0301", NOW)
    assert queries.may_act_for(lin3.account_id, child, "CR0001", NOW)
    assert not queries.may_act_for(lin3.account_id, child, "HZ0301", NOW + timedelta(days=365 * 10))  # 18 by then
    monkeypatch.setattr(plugs, "guardian", lambda child, adult, now: False)
    assert not queries.may_act_for(lin3.account_id, child, "HZ0301", NOW)


def test_where_the_register_is_silent_an_officer_looks_at_the_papers(lin3: Actor, desk_clerk: Actor) -> None:
    with pytest.raises(Wrong) as wrong:
        actions.claim_guardian(CHILD, CHILD_NUMBER, b"", by=lin3, now=NOW)
    assert wrong.value.field == "papers"
    made = actions.claim_guardian(CHILD, CHILD_NUMBER, photo(), by=lin3, now=NOW)
    assert not queries.may_act_for(lin3.account_id, made.giver_id, "HZ0301", NOW)
    taken = actions.claim_next(by=desk_clerk, now=NOW)
    assert taken is not None
    actions.decide(taken, "different", by=desk_clerk, now=NOW)
    assert not queries.may_act_for(lin3.account_id, made.giver_id, "HZ0301", NOW)
    again = actions.claim_guardian(CHILD, CHILD_NUMBER, photo(), by=lin3, now=NOW)
    taken = actions.claim_next(by=desk_clerk, now=NOW)
    assert taken is not None
    actions.decide(taken, "same", by=desk_clerk, now=NOW)
    assert queries.may_act_for(lin3.account_id, again.giver_id, "HZ0301", NOW)


def test_nobody_is_the_guardian_of_an_adult(lin3: Actor) -> None:
    with pytest.raises(Wrong) as wrong:
        actions.claim_guardian(OU, OU_NUMBER, photo(), by=lin3, now=NOW)
    assert wrong.value.key == "of_age"


def test_who_is_under_14_gets_no_account_in_their_own_name(sign_in: SignIn) -> None:
    child = queries.actor_of(sign_in("13800138005").pk, NOW)
    with pytest.raises(Wrong) as wrong:
        actions.say_who(by=child, name=CHILD, id_number=CHILD_NUMBER, now=NOW)
    assert wrong.value.key == "guardian_only"


def test_the_database_keeps_the_bounds_of_a_mandate(lin3: Actor, ou2: Actor) -> None:
    from django.db import IntegrityError, transaction

    made = accepted(lin3, ou2)
    for change in (
        {"until": NOW + timedelta(days=3000)},
        {"taker_id": lin3.person_id},
        {"accepted": None},
        {"kind": "firm"},
        {"kind": "guardian"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mandate.objects.filter(pk=made).update(**change)
    assert Check.objects.count() == 0


def test_ages_are_counted_as_people_count_them() -> None:
    assert [age_on(date(2012, 11, 25), date(2026, 11, d)) for d in (24, 25)] == [13, 14]
    assert birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)
