"""A lost phone: the person proves who they are, the old phone may object, everything it could open ends."""

from datetime import timedelta
from uuid import UUID

import pytest

from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import Wrong
from minjing.kernel.identity.models import Account, Check, Recovery, Session
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.sealing import blind_index
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, OU_NUMBER, City, SignIn
from minjing.kernel.identity.tests.test_checks import FIELDS, MINUTE, Machine, machine, photo, said  # noqa: F401
from minjing.kernel.ledger.models import Outbox

OLD, NEW = "13800138000", "13900139000"
LATER = NOW + timedelta(hours=25)


class Told:
    def __init__(self) -> None:
        self.accounts: list[tuple[object, str]] = []
        self.phones: list[str] = []


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Told:  # noqa: F811
    made = Told()
    monkeypatch.setattr(
        plugs, "tell", lambda account, template, params, **more: made.accounts.append((account, template))
    )
    monkeypatch.setattr(plugs, "text_phone", lambda phone, text, language, now: made.phones.append(phone))
    return made


@pytest.fixture
def old(sign_in: SignIn, register: None, told: Told) -> Actor:
    account = sign_in(OLD)
    actions.say_who(by=queries.actor_of(account.pk, NOW), name=LIN, id_number=LIN_NUMBER, now=NOW)
    Session.objects.create(
        session_key="x", session_data="", expire_date=LATER, account=account, started_at=NOW, seen_at=NOW
    )
    return queries.actor_of(account.pk, NOW)


@pytest.fixture
def new(sign_in: SignIn, old: Actor) -> Actor:
    return queries.actor_of(sign_in(NEW).pk, NOW)


def proved(new: Actor) -> None:
    row = actions.begin_recovery(LIN, LIN_NUMBER, by=new, session_ref=None, now=NOW)
    actions.keep_card(row.pk, photo(), photo(), by=new, now=NOW)
    actions.confirm_fields(row.pk, FIELDS, by=new, now=NOW)
    actions.choose_way(row.pk, "machine", by=new, now=NOW)
    assert actions.keep_selfie(row.pk, photo(), photo(), by=new, device="", now=NOW + MINUTE).outcome == "same"


def owner(phone: str) -> UUID | None:
    """Return whose account a phone opens."""
    return Account.objects.filter(phone_index=blind_index("phone", phone)).values_list("pk", flat=True).first()


def kinds() -> set[str]:
    return set(Outbox.objects.values_list("kind", flat=True))


def test_name_and_number_alone_do_not_make_a_second_account(old: Actor, new: Actor) -> None:
    with pytest.raises(Wrong) as wrong:
        actions.say_who(by=new, name=LIN, id_number=LIN_NUMBER, now=NOW)
    assert wrong.value.key == "has_account"
    assert Account.objects.filter(person_id=old.person_id).count() == 1


def test_a_shut_account_is_recovered_and_not_taken_over(old: Actor, new: Actor) -> None:
    Account.objects.filter(pk=old.account_id).update(is_active=False)
    with pytest.raises(Wrong) as wrong:
        actions.say_who(by=new, name=LIN, id_number=LIN_NUMBER, now=NOW)
    assert wrong.value.key == "has_account"


def test_the_account_moves_after_a_day_and_whatever_the_old_phone_could_open_ends(
    old: Actor, new: Actor, told: Told
) -> None:
    actions.bind_door(by=old, kind="wechat", subject="openid", now=NOW)
    proved(new)
    assert told.accounts == [(old.account_id, "phone_changing")]
    assert actions.finish_recoveries(NOW + timedelta(hours=23)) == 0
    assert queries.recovery_of(old.account_id) is not None
    assert actions.finish_recoveries(LATER) == 1
    assert told.phones == [OLD]
    assert owner(NEW) == old.account_id
    assert owner(OLD) is None
    assert not Session.objects.filter(account_id=old.account_id).exists()
    assert queries.account_by_door("wechat", "openid") is None
    assert {"identity:recovery:asked", "identity:recovery:done"} <= kinds()
    assert actions.finish_recoveries(LATER) == 0


def test_the_old_phone_objects_and_keeps_the_account(old: Actor, new: Actor) -> None:
    proved(new)
    actions.object_to_recovery(by=old, now=NOW + timedelta(hours=2))
    assert actions.finish_recoveries(LATER) == 0
    assert owner(OLD) == old.account_id
    assert "identity:recovery:objected" in kinds()


def test_at_the_counter_it_moves_at_once_and_the_old_phone_is_told(
    old: Actor, new: Actor, told: Told, city: City
) -> None:
    actions.put_post(
        code="id_clerk", name={"zh": "窗口", "en": "c"}, level="station", acts=["confirm_identity", "look"],
        by=SYSTEM, now=NOW,
    )  # fmt: skip
    officer = city.hire("lianhua.id", "id_clerk", "lianhua")
    row = actions.begin_recovery(LIN, LIN_NUMBER, by=new, session_ref=None, now=NOW)
    code = actions.counter_code(row.pk, by=new, now=NOW)
    taken = actions.claim_by_code(code, by=officer, now=NOW)
    assert actions.open_desk(taken, by=officer, now=NOW).name == LIN
    actions.decide(taken, "same", by=officer, now=NOW)
    assert told.phones == [OLD]
    assert owner(NEW) == old.account_id
    assert Recovery.objects.get().officer_id == officer.account_id


def test_with_somebody_elses_card_nobody_gets_the_account(old: Actor, new: Actor) -> None:
    row = actions.begin_recovery(LIN, LIN_NUMBER, by=new, session_ref=None, now=NOW)
    actions.keep_card(row.pk, photo(), photo(), by=new, now=NOW)
    from minjing.kernel.identity.errors import NotAllowed

    with pytest.raises(NotAllowed):
        actions.confirm_fields(row.pk, {**FIELDS, "name": OU, "id_number": OU_NUMBER}, by=new, now=NOW)
    assert not Recovery.objects.exists()
    assert said("refused")[-1]["reason"] == "other_card"


def test_a_wrong_name_reads_like_a_person_without_an_account(new: Actor) -> None:
    for name, number in ((OU, LIN_NUMBER), (OU, OU_NUMBER)):
        with pytest.raises(Wrong) as wrong:
            actions.begin_recovery(name, number, by=new, session_ref=None, now=NOW)
        assert wrong.value.key == "no_account"
    assert not Check.objects.exists()
