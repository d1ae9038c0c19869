"""The doors: a resident's phone and code, an officer's password, tokens of the API, sessions."""

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth import authenticate
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.http import HttpRequest

from minjing.base import idnumber, names
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions import stopping
from minjing.kernel.identity.actions.people import ensure_person
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, TooMany, Unknown, Wrong
from minjing.kernel.identity.models import Account, ApiToken, PersonKey, PhoneCode, Session
from minjing.kernel.identity.plugs import Registered, plugs
from minjing.kernel.identity.queries import PHONE, live_tokens, token_hash, token_ref
from minjing.kernel.identity.rules import WORDS
from minjing.kernel.identity.rules.mandates import GUARDIAN_ALONE, age_on
from minjing.kernel.ledger import actions as ledger

CODE_LASTS = timedelta(minutes=5)
CODE_ATTEMPTS = 5  # of 10^6 codes: one chance in 200,000 a message
TOKEN_LASTS = timedelta(days=30)
_PHONE = re.compile(r"1[3-9]\d{9}\Z")  # mobile numbers of the mainland (电信网编号计划)

WRONG_CODE = {
    "zh": "验证码不对或已过期。请核对短信，或重新获取。",
    "en": "The code is wrong or has expired. Check the message, or ask for a new one.",
}


def parse_phone(text: str) -> str:
    """Return the mobile number without spaces, +86 and the like. Raises Wrong."""
    digits = re.sub(r"[\s\-()（）]", "", text.translate({ord("０") + i: ord("0") + i for i in range(10)}))
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}\Z)", "", digits)
    if not _PHONE.match(digits):
        raise Wrong(
            "phone",
            {
                "zh": "请输入 11 位手机号码，以 1 开头。",
                "en": "Enter a mobile number of 11 digits, beginning with 1.",
            },
            "phone",
        )
    return digits


def send_code(phone: str, now: datetime, *, address: str = "", language: str = "zh-hans") -> str:
    """Send a code to the phone and return the handle that must come back with it; the browser keeps it.

    The same for known and unknown phones. Raises Wrong for what is no phone number, TooMany beyond the limits, which
    count the asker's network address too: nobody can use up a stranger's messages from elsewhere.
    """
    number = parse_phone(phone)
    limits.spend("code-again", f"{number}|{address}", limits.CODE_AGAIN, now)
    limits.spend("code-here", f"{number}|{address}", limits.CODE_HERE, now)
    limits.spend("code-address", address, limits.CODE_ADDRESS, now)
    limits.spend("code-phone", number, limits.CODE_PHONE, now)
    unused, _ = limits.count("code-unused", number, limits.CODE_PHONE, now)
    handle, code = secrets.token_urlsafe(24), f"{secrets.randbelow(1_000_000):06d}"
    if plugs.send_code is None:
        raise NotAllowed("no_sender", {"zh": "短信服务暂不可用。", "en": "Text messages are not available now."})
    with transaction.atomic():
        PhoneCode.objects.create(
            handle_hash=sealing.blind_index("handle", handle),
            phone_index=sealing.blind_index("phone", number),
            code_hash=sealing.blind_index("code", f"{handle}|{code}"),
            sent_at=now,
            expires_at=now + CODE_LASTS,
        )
        if not stopping.is_stopped(number, now):  # the asker cannot tell
            plugs.send_code(phone=number, code=code, minutes=5, language=language, now=now)
            if unused == stopping.TOLD_AT:
                stopping.tell_owner(number, language, now)
    return handle


def sign_in_by_code(phone: str, code: str, now: datetime, *, handle: str, language: str = "zh-hans") -> Account:
    """Return the account of the phone, made at the first time; the code is used up.

    Raises Wrong, in the same words whether the code is wrong, over, used, or was never sent.
    """
    number = parse_phone(phone)
    key = sealing.blind_index("handle", handle)
    # The attempt is counted before it is judged, in a statement of its own: racing guesses each cost one.
    counted = PhoneCode.objects.filter(
        handle_hash=key,
        phone_index=sealing.blind_index("phone", number),
        attempts__lt=CODE_ATTEMPTS,
        expires_at__gt=now,
    ).update(attempts=F("attempts") + 1)
    expected = sealing.blind_index("code", f"{handle}|{re.sub(r'[^0-9]', '', code)}")
    with transaction.atomic():
        used, _ = PhoneCode.objects.filter(handle_hash=key, code_hash=expected).delete() if counted else (0, {})
        if not used:
            account = None
        else:
            account = _resident(number, now, language)
            limits.clear("code-unused", number)
            signed_in(account, now)
    if account is None:
        raise Wrong("code", WRONG_CODE, "code")
    return account


def _resident(number: str, now: datetime, language: str) -> Account:
    index = sealing.blind_index("phone", number)
    found = Account.objects.filter(phone_index=index).first()
    if found is None:
        found = _new_resident(index, number, now, language)
    if not found.is_active:
        raise Wrong("code", WRONG_CODE, "code")
    return found


def open_account(
    *, phone: str, person_id: UUID | None = None, level: int = 1, elder_mode: bool = False, now: datetime
) -> Account:
    """Return the resident's account of this phone, made if need be, linked to `person_id` where one is given.

    For people whom somebody has seen: at a counter, or the demo city. Raises Wrong for what is no phone number.
    """
    number = parse_phone(phone)
    with transaction.atomic():
        account = _resident(number, now, "zh-hans")
        if person_id is not None:
            account.person_id, account.level = person_id, max(level, account.level)
        account.elder_mode = elder_mode
        account.save(update_fields=["person", "level", "elder_mode"])
        ledger.append(
            ledger.entry(
                "identity:account:opened", {"account": account.pk, "level": level}, at=now, subject_id=person_id
            )
        )
    return account


def _new_resident(index: bytes, number: str, now: datetime, language: str) -> Account:
    account_id = new_id()
    wrapped = sealing.new_key(account_id)
    account = Account(
        id=account_id,
        kind=Account.RESIDENT,
        login=str(account_id),
        phone_index=index,
        phone_sealed=sealing.seal(account_id, PHONE, number),
        language=language,
        created_at=now,
    )
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            PersonKey.objects.create(owner_id=account_id, wrapped=wrapped, created_at=now)
    except IntegrityError:  # the same phone signed in a moment ago on another device
        return Account.objects.get(phone_index=index)
    return account


def signed_in(account: Account, now: datetime) -> None:
    """Put a successful sign-in on record (GB/T 22239-2019, 8.1.4.3)."""
    ledger.append(
        ledger.entry("identity:account:signed_in", {"by": account.pk}, at=now, subject_id=account.person_id)
    )


def signed_out(by: Actor, now: datetime) -> None:
    """Put a sign-out on record."""
    ledger.append(ledger.entry("identity:account:signed_out", {"by": by.account_id}, at=now, subject_id=by.person_id))


def say_who(*, by: Actor, name: str, id_number: str, now: datetime) -> UUID:
    """Link a resident's account to the person with this name and ID number, vouched for by the register: level 2.

    Raises Wrong with the field that is wrong, in the same words for an unknown number and another's name, in words of
    its own for the number that this very person had before; TooMany.
    """
    if not by.is_resident or by.person_id is not None:
        raise NotAllowed("known_already", {"zh": "您已完成实名认证。", "en": "You have said who you are already."})
    spoken, number = parse_name(name), parse_id_number(id_number, now)
    limits.spend("who", str(by.account_id), limits.WHO, now)
    if age_on(idnumber.parse(number).birth, local_day(now)) < GUARDIAN_ALONE:
        raise Wrong(
            "guardian_only",
            {
                "zh": "未满十四周岁，请由父母或其他监护人用自己的账号代为办理（我的 › 委托与监护）。",
                "en": "Under 14 a parent or guardian acts, from an account of their own (Me › Acting for others).",
            },
            "id_number",
        )
    if plugs.check_register is None:
        raise NotAllowed(
            "no_register",
            {"zh": "暂时无法核对身份，请稍后再试。", "en": "Identity cannot be checked now; try later."},
        )
    seen = plugs.check_register(name=spoken, id_number=number, now=now)
    must_be_present(seen)
    if not (seen.found and seen.name_agrees and seen.alive):
        raise Wrong(
            "not_vouched",
            {
                "zh": "姓名与身份证号码不一致，或登记库中没有。请核对后重试；仍不行请到就近派出所办理。",
                "en": "Name and ID number do not agree, or are not in the register. Check them and try again, "
                "or ask at the nearest police station.",
            },
            "id_number",
        )
    with transaction.atomic():
        person_id = ensure_person(name=spoken, id_number=number, now=now)
        _one_account(person_id, by)
        linked = Account.objects.filter(pk=by.account_id, person_id__isnull=True).update(person_id=person_id, level=2)
        if not linked:
            raise NotAllowed(
                "known_already", {"zh": "您已完成实名认证。", "en": "You have said who you are already."}
            )
        ledger.append(
            ledger.entry("identity:account:linked", {"by": by.account_id, "level": 2}, at=now, subject_id=person_id)
        )
    return person_id


def must_be_present(seen: Registered | None) -> None:
    """Tell somebody who gives their own number of before to give the present one, without saying it. Raises Wrong."""
    if seen is not None and seen.replaced:
        raise Wrong("number_replaced", WORDS["number_replaced"], "id_number")


def _one_account(person_id: UUID, by: Actor) -> None:
    """One person, one account: who has one by another phone signs in there, or gets it back with this one.

    Otherwise whoever knows a name and a number would be that person on a phone of their own.
    """
    with connection.cursor() as cursor:  # two phones at once: one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"one-account:{person_id}"])
    # A shut account counts too: it is recovered, not taken over.
    others = Account.objects.filter(person_id=person_id, kind=Account.RESIDENT, phone_index__isnull=False)
    if others.exclude(pk=by.account_id).exists():
        raise Wrong(
            "has_account",
            {
                "zh": "您已用另一个手机号实名过。请用那个手机号登录；手机号不用了，可以在下面找回账号。",
                "en": "You have said who you are from another phone. Sign in with that one; if it is gone, "
                "recover the account below.",
            },
            "id_number",
        )


NAME_WORDS = {
    "empty": {"zh": "请输入姓名。", "en": "Enter your name."},
    "long": {
        "zh": f"姓名最长 {names.MAX_NAME} 个字符，请与身份证一致。",
        "en": f"A name has at most {names.MAX_NAME} characters; write it as on your identity card.",
    },
    "characters": {
        "zh": "姓名只能用汉字、字母和间隔号“·”，请与身份证一致。",
        "en": "A name has Chinese characters, letters and “·” only; write it as on your identity card.",
    },
}
NUMBER_WORDS = {
    "length": {
        "zh": "身份证号码应为 18 位：17 位数字加末位数字或 X。",
        "en": "An ID number has 18 characters: 17 digits and a last digit or X.",
    },
    "check": {
        "zh": "身份证号码的校验位不对，请逐位核对。",
        "en": "The last character does not fit the rest: check the number digit by digit.",
    },
    "birth": {
        "zh": "身份证号码第 7 至 14 位不是一个可能的出生日期，请核对。",
        "en": "Digits 7 to 14 are no possible birth date: check the number.",
    },
}


def parse_name(text: str) -> str:
    """Return a name as it is kept. Raises Wrong with what does not fit."""
    try:
        return names.parse(text)
    except names.WrongName as error:
        reason = str(error.args[0])
        raise Wrong(f"name_{reason}", NAME_WORDS[reason], "name") from None


def parse_id_number(text: str, now: datetime) -> str:
    """Return an ID number as it is kept. Raises Wrong with what does not fit."""
    try:
        return idnumber.parse(text, local_day(now)).text
    except idnumber.WrongIdNumber as error:
        raise Wrong(f"id_number_{error.reason}", NUMBER_WORDS[error.reason], "id_number") from None


WRONG_PASSWORD = {
    "zh": "登录名或密码不对；多次失败会暂停 15 分钟。",
    "en": "Login or password is wrong; after many failures there is a pause of 15 minutes.",
}


def check_password(request: HttpRequest, *, login: str, password: str, address: str, now: datetime) -> Account:
    """Return the officer with this login and password; the second factor is still to come.

    Raises Wrong in the same words for an unknown login, a wrong password, a shut account and a pause.
    """
    try:
        limits.check("password-address", address, limits.PASSWORD_ADDRESS, now)
    except TooMany:
        raise Wrong("password", WRONG_PASSWORD, "password") from None
    account = authenticate(request, username=login, password=password)
    if not isinstance(account, Account) or account.kind != Account.OFFICER:
        limits.count("password-address", address, limits.PASSWORD_ADDRESS, now)
        raise Wrong("password", WRONG_PASSWORD, "password")
    return account


def check_own_password(request: HttpRequest, *, by: Actor, password: str, address: str, now: datetime) -> None:
    """Let someone who is signed in show once more that it is they: before an act that takes two people's own hands.

    Raises Wrong, and counts the attempt as one at the door.
    """
    login = Account.objects.filter(pk=by.account_id).values_list("login", flat=True).first() or ""
    check_password(request, login=login, password=password, address=address, now=now)


@transaction.atomic
def token_for(account: Account | UUID, now: datetime, *, lasts: timedelta = TOKEN_LASTS) -> str:
    """Return a new bearer token of the API for the account; only its hash is kept."""
    account_id = account.pk if isinstance(account, Account) else account
    token = "mj_" + secrets.token_urlsafe(32)
    ApiToken.objects.create(hash=token_hash(token), account_id=account_id, created_at=now, expires_at=now + lasts)
    ledger.append(ledger.entry("identity:token:made", {"account": account_id}, at=now))
    return token


@transaction.atomic
def end_token(ref: UUID, *, by: Actor, now: datetime) -> None:
    """End one API token of the one who asks. Raises Unknown."""
    mine = [row.pk for row in live_tokens(by.account_id, now) if token_ref(row.pk) == ref]
    if not mine:
        raise Unknown
    ApiToken.objects.filter(pk__in=mine).update(revoked_at=now)
    ledger.append(ledger.entry("identity:token:revoked", {"by": by.account_id, "count": 1}, at=now))


@transaction.atomic
def end_session(ref: UUID, *, by: Actor, now: datetime) -> None:
    """End one session: one's own, or as security administrator any officer's. Raises Unknown."""
    mine = Q(account_id=by.account_id)
    if any("manage_accounts" in h.acts for h in by.holdings):
        mine |= Q(account__kind=Account.OFFICER)
    found = Session.objects.filter(mine, ref=ref, account__isnull=False).first()
    if found is None:
        raise Unknown
    found.delete()
    ledger.append(ledger.entry("identity:session:ended", {"by": by.account_id, "account": found.account_id}, at=now))


@transaction.atomic
def end_other_sessions(*, by: Actor, keep: UUID | None, keep_token: str = "", now: datetime) -> int:
    """End all sessions and API tokens of the one who asks but the one that asks; return how many."""
    rows = Session.objects.filter(account_id=by.account_id)
    ended, _ = (rows.exclude(ref=keep) if keep else rows).delete()
    others = live_tokens(by.account_id, now).exclude(pk=token_hash(keep_token))
    tokens = others.update(revoked_at=now)
    said = {"by": by.account_id, "account": by.account_id, "count": ended, "tokens": tokens}
    ledger.append(ledger.entry("identity:session:ended", said, at=now))
    return ended + tokens


def set_language(*, by: Actor, language: str) -> None:
    """Remember the language of the account, for messages and papers."""
    Account.objects.filter(pk=by.account_id).update(language=language)


def set_elder_mode(*, by: Actor, wanted: bool) -> None:
    """Remember whether the account wants large type and few choices, on every device."""
    Account.objects.filter(pk=by.account_id).update(elder_mode=wanted)
