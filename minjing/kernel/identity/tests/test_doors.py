"""The doors of residents: codes, who they are, limits; and the second factor of officers."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from minjing.kernel.identity import actions, limits, queries
from minjing.kernel.identity.actions.doors import parse_phone
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, TooMany, Wrong
from minjing.kernel.identity.models import Account, PhoneCode
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, NOW, OU, Phone, SignIn

PHONE = "13800138000"
LATER = timedelta(minutes=1)


@pytest.mark.parametrize("text", ["13800138000", "+86 138 0013 8000", "008613800138000", "１３８-0013-8000"])
def test_a_phone_is_read_as_people_write_it(text: str) -> None:
    assert parse_phone(text) == PHONE


@pytest.mark.parametrize("text", ["", "12345", "02088888888", "1380013800", "138001380000", "1380013800a", "'; --"])
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match="phone"):
        parse_phone(text)


def test_the_first_sign_in_registers_and_the_next_finds_the_same(sign_in: SignIn) -> None:
    first = sign_in(PHONE)
    assert queries.actor_of(first.pk, NOW).level == 1
    assert PhoneCode.objects.count() == 0
    handle = actions.send_code(PHONE, NOW + LATER)
    assert handle
    assert Account.objects.count() == 1


def test_a_code_works_once(db: None, phone: Phone) -> None:
    handle = actions.send_code(PHONE, NOW)
    actions.sign_in_by_code(PHONE, phone.codes[0][1], NOW, handle=handle)
    with pytest.raises(Wrong, match="code"):
        actions.sign_in_by_code(PHONE, phone.codes[0][1], NOW, handle=handle)


def test_every_failure_reads_the_same(db: None, phone: Phone) -> None:
    """No enumeration: wrong, over, another browser's, another phone's and never sent are one answer."""
    handle = actions.send_code(PHONE, NOW)
    code = phone.codes[0][1]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    tries = [
        (PHONE, wrong, NOW, handle),
        (PHONE, code, NOW + timedelta(minutes=5), handle),
        (PHONE, code, NOW, "another browser's"),
        ("13900139000", code, NOW, handle),
        (PHONE, "", NOW, handle),
    ]
    said = set()
    for number, typed, now, own in tries:
        with pytest.raises(Wrong) as caught:
            actions.sign_in_by_code(number, typed, now, handle=own)
        said.add(str(caught.value))
    assert len(said) == 1
    assert not Account.objects.exists()


def test_five_guesses_end_a_code(db: None, phone: Phone) -> None:
    handle = actions.send_code(PHONE, NOW)
    code = phone.codes[0][1]
    for _ in range(5):
        with pytest.raises(Wrong):
            actions.sign_in_by_code(PHONE, "x", NOW, handle=handle)
    with pytest.raises(Wrong):
        actions.sign_in_by_code(PHONE, code, NOW, handle=handle)


def test_guesses_of_a_stranger_do_not_end_the_code_of_another_browser(db: None, phone: Phone) -> None:
    mine = actions.send_code(PHONE, NOW, address="10.0.0.1")
    theirs = actions.send_code(PHONE, NOW, address="10.0.0.2")
    for _ in range(9):
        with pytest.raises(Wrong):
            actions.sign_in_by_code(PHONE, "000000x", NOW, handle=theirs)
    assert actions.sign_in_by_code(PHONE, phone.codes[0][1], NOW, handle=mine)


def test_messages_are_limited_per_phone_and_per_address(db: None, phone: Phone) -> None:
    actions.send_code(PHONE, NOW, address="10.0.0.1")
    with pytest.raises(TooMany) as again:
        actions.send_code(PHONE, NOW, address="10.0.0.1")
    assert 0 < again.value.wait_s <= 51
    actions.send_code(PHONE, NOW, address="10.0.0.2")  # its owner, elsewhere, is not shut out
    for turn in range(limits.CODE_ADDRESS.count - 1):
        actions.send_code(f"139{turn:08d}", NOW, address="10.0.0.1")
    with pytest.raises(TooMany):
        actions.send_code("13700000000", NOW, address="10.0.0.1")
    actions.send_code("13700000000", NOW + timedelta(hours=1), address="10.0.0.1")


def test_without_a_sender_the_door_says_so(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from minjing.kernel.identity.plugs import plugs

    monkeypatch.setattr(plugs, "send_code", None)
    with pytest.raises(NotAllowed, match="no_sender"):
        actions.send_code(PHONE, NOW)


@pytest.fixture
def resident(sign_in: SignIn) -> Actor:
    return queries.actor_of(sign_in(PHONE).pk, NOW)


def test_a_resident_says_who_they_are_once(resident: Actor, register: None) -> None:
    person = actions.say_who(by=resident, name=f" {LIN} ", id_number=LIN_NUMBER.lower(), now=NOW)
    known = queries.actor_of(resident.account_id, NOW)
    assert (known.person_id, known.level, known.name) == (person, 2, LIN)
    with pytest.raises(NotAllowed, match="known_already"):
        actions.say_who(by=known, name=LIN, id_number=LIN_NUMBER, now=NOW)
    with pytest.raises(NotAllowed, match="known_already"):
        actions.say_who(by=resident, name=LIN, id_number=LIN_NUMBER, now=NOW)  # a stale page


@pytest.mark.parametrize(
    ("name", "number", "key", "field"),
    [
        (LIN, "44030419900308", "id_number_length", "id_number"),
        (LIN, "", "id_number_length", "id_number"),
        (LIN, LIN_NUMBER[:-1] + ("0" if LIN_NUMBER[-1] != "0" else "1"), "id_number_check", "id_number"),
        (LIN, "440304199013080211", "id_number_check", "id_number"),
        (LIN, "440304209901010013", "id_number_birth", "id_number"),
        (LIN, "440304185001010014", "id_number_birth", "id_number"),
        ("名" * 50, LIN_NUMBER, "name_long", "name"),
        ("", LIN_NUMBER, "name_empty", "name"),
        ("林1", LIN_NUMBER, "name_characters", "name"),
        ("<b>林</b>", LIN_NUMBER, "name_characters", "name"),
        (OU, LIN_NUMBER, "not_vouched", "id_number"),
        (LIN, "11010519491231002X", "not_vouched", "id_number"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    resident: Actor, register: None, name: str, number: str, key: str, field: str
) -> None:
    with pytest.raises(Wrong) as caught:
        actions.say_who(by=resident, name=name, id_number=number, now=NOW)
    assert (caught.value.key, caught.value.field) == (key, field)
    assert caught.value.text["zh"]
    assert caught.value.text["en"]
    assert queries.actor_of(resident.account_id, NOW).person_id is None


def test_an_impossible_birth_is_named(resident: Actor, register: None) -> None:
    from minjing.base import idnumber

    first17 = "44030419901308021"
    with pytest.raises(Wrong, match="id_number_birth"):
        actions.say_who(by=resident, name=LIN, id_number=first17 + idnumber.check_character(first17), now=NOW)


def test_guessing_names_ends_soon(resident: Actor, register: None) -> None:
    for _ in range(limits.WHO.count):
        with pytest.raises(Wrong, match="not_vouched"):
            actions.say_who(by=resident, name=OU, id_number=LIN_NUMBER, now=NOW)
    with pytest.raises(TooMany):
        actions.say_who(by=resident, name=LIN, id_number=LIN_NUMBER, now=NOW)


def test_without_a_register_nobody_is_vouched_for(resident: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from minjing.kernel.identity.plugs import plugs

    monkeypatch.setattr(plugs, "check_register", None)
    with pytest.raises(NotAllowed, match="no_register"):
        actions.say_who(by=resident, name=LIN, id_number=LIN_NUMBER, now=NOW)


def test_an_opened_account_is_the_one_its_phone_finds(db: None, lin, sign_in: SignIn) -> None:  # type: ignore[no-untyped-def]
    opened = actions.open_account(phone=PHONE, person_id=lin, level=2, elder_mode=True, now=NOW)
    found = sign_in(PHONE)
    assert found.pk == opened.pk
    assert (found.person_id, found.level, found.elder_mode) == (lin, 2, True)


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(now=NOW, steps: int = 0) -> str:  # type: ignore[no-untyped-def]
    return str(format_hotp_value(hotp_value(SECRET, int(now.timestamp()) // 30 + steps)))


@pytest.fixture
def officer(clerk: Actor) -> Account:
    account = Account.objects.get(pk=clerk.account_id)
    actions.enrol_totp(account, SECRET, now=NOW)
    return account


def test_the_secret_is_not_in_the_database(officer: Account) -> None:
    assert SECRET not in str(Authenticator.objects.values_list("data", flat=True))


def test_a_time_code_works_once_and_for_one_step(officer: Account) -> None:
    for steps in (-2, 1, 5):
        with pytest.raises(Wrong, match="second"):
            actions.check_second_factor(officer, code_at(steps=steps), now=NOW)
    assert actions.check_second_factor(officer, code_at(steps=-1), now=NOW) == "totp"
    assert actions.check_second_factor(officer, code_at(), now=NOW) == "totp"
    for steps in (0, -1):
        with pytest.raises(Wrong, match="second"):
            actions.check_second_factor(officer, code_at(steps=steps), now=NOW)


def test_a_recovery_code_works_once(officer: Account) -> None:
    codes = actions.new_recovery_codes(officer, now=NOW)
    assert actions.check_second_factor(officer, codes[3], now=NOW) == "recovery"
    with pytest.raises(Wrong):
        actions.check_second_factor(officer, codes[3], now=NOW)
    fresh = actions.new_recovery_codes(officer, now=NOW)
    with pytest.raises(Wrong):
        actions.check_second_factor(officer, codes[0], now=NOW)
    assert actions.check_second_factor(officer, fresh[0], now=NOW) == "recovery"


def test_guesses_at_the_second_factor_are_limited(officer: Account) -> None:
    for _ in range(limits.SECOND.count):
        with pytest.raises(Wrong):
            actions.check_second_factor(officer, "abc", now=NOW)
    with pytest.raises(TooMany):
        actions.check_second_factor(officer, code_at(), now=NOW)
    later = NOW + limits.SECOND.window
    assert actions.check_second_factor(officer, code_at(later), now=later) == "totp"


def test_enrolment_needs_a_right_code(clerk: Actor) -> None:
    account = Account.objects.get(pk=clerk.account_id)
    with pytest.raises(Wrong):
        actions.confirm_totp(account, SECRET, "12345", now=NOW)
    assert not Authenticator.objects.exists()
    assert len(actions.confirm_totp(account, SECRET, code_at(), now=NOW)) == 10
    with pytest.raises(Wrong):
        actions.check_second_factor(account, code_at(), now=NOW)  # used for the enrolment


def test_what_is_over_is_removed(sign_in: SignIn, clerk: Actor, phone: Phone) -> None:
    from minjing.base import clock
    from minjing.kernel.identity.models import ApiToken, Tally
    from minjing.kernel.identity.tasks import sweep

    now = clock.now()
    actions.send_code(PHONE, now - timedelta(days=2))
    actions.token_for(clerk.account_id, now - timedelta(days=31))
    kept = actions.token_for(clerk.account_id, now)
    actions.send_code("13900139000", now)
    sweep(0)
    sweep(0)
    assert PhoneCode.objects.count() == 1
    assert ApiToken.objects.count() == 1
    assert queries.actor_by_token(kept, now)
    assert not Tally.objects.filter(since__lt=now - timedelta(days=1)).exists()


def test_lost_factors_are_reset_by_somebody_else(
    officer: Account, clerk: Actor, security: Actor, audit: Actor
) -> None:
    for by in (clerk, audit):
        with pytest.raises(NotAllowed):
            actions.reset_factors(account_id=officer.pk, by=by, now=NOW)
    with pytest.raises(NotAllowed, match="own_factors"):
        actions.reset_factors(account_id=security.account_id, by=security, now=NOW)
    actions.reset_factors(account_id=officer.pk, by=security, now=NOW)
    assert not Authenticator.objects.filter(user=officer).exists()
    with pytest.raises(Wrong):
        actions.check_second_factor(officer, code_at(), now=NOW)
