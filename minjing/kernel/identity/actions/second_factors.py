"""The second factor of officers: time codes, recovery codes, passkeys; stored by django-allauth."""

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction

from minjing.kernel.identity import limits
from minjing.kernel.identity.errors import Unknown, Wrong
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger import actions as ledger

# What the browser sends is anybody's text: allauth and fido2 raise what they trip over.
MALFORMED = (ValidationError, KeyError, TypeError, ValueError, AttributeError)
PERIOD_S = 30  # RFC 6238, 5.2: one step, and one step back for the time it takes to type
WRONG_SECOND = {
    "zh": "动态码不对或已用过，请等下一个再试。",
    "en": "The code is wrong or used already; wait for the next one.",
}


@transaction.atomic
def enrol_totp(account: Account, secret: str, *, now: datetime) -> list[str]:
    """Give the account this secret (base32) as its time-code factor and return fresh recovery codes.

    The demo city calls it with known secrets; people confirm theirs with `confirm_totp`.
    """
    Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).delete()
    Authenticator.objects.create(
        user=account, type=Authenticator.Type.TOTP, data={"secret": encrypt(secret)}, created_at=now
    )
    ledger.append(ledger.entry("identity:factor:enrolled", {"account": account.pk, "type": "totp"}, at=now))
    return _fresh_codes(account, now)


def confirm_totp(account: Account, secret: str, code: str, *, now: datetime) -> list[str]:
    """Enrol the secret that was just shown, if the code proves that the phone has it. Raises Wrong, TooMany."""
    limits.spend("second", str(account.pk), limits.SECOND, now)
    step = _step(secret, code, now, after=-1)
    if step is None:
        raise Wrong("second", WRONG_SECOND, "code")
    with transaction.atomic():
        codes = enrol_totp(account, secret, now=now)
        factor = Authenticator.objects.get(user=account, type=Authenticator.Type.TOTP)
        factor.data["step"] = step
        factor.save(update_fields=["data"])
    limits.clear("second", str(account.pk))
    return codes


@transaction.atomic
def new_recovery_codes(account: Account, *, now: datetime) -> list[str]:
    """Return ten fresh recovery codes; the old ones end."""
    ledger.append(ledger.entry("identity:factor:enrolled", {"account": account.pk, "type": "recovery"}, at=now))
    return _fresh_codes(account, now)


def _fresh_codes(account: Account, now: datetime) -> list[str]:
    Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(account).generate_codes()
    return codes


def check_second_factor(account: Account, code: str, *, now: datetime) -> str:
    """Return which factor the code is of, "totp" or "recovery"; it is used up. Raises Wrong, TooMany."""
    limits.spend("second", str(account.pk), limits.SECOND, now)
    typed = "".join(c for c in code if c.isalnum())
    if _use_totp(account, typed, now):
        used = "totp"
    elif len(typed) > 6 and _use_recovery(account, typed):
        used = "recovery"
    else:
        raise Wrong("second", WRONG_SECOND, "code")
    limits.clear("second", str(account.pk))
    return used


@transaction.atomic
def _use_totp(account: Account, code: str, now: datetime) -> bool:
    factor = Authenticator.objects.select_for_update().filter(user=account, type=Authenticator.Type.TOTP).first()
    if factor is None:
        return False
    step = _step(decrypt(factor.data["secret"]), code, now, after=factor.data.get("step", -1))
    if step is None:
        return False
    factor.data["step"] = step  # a code works once (RFC 6238, 5.2), in whichever process
    factor.last_used_at = now
    factor.save(update_fields=["data", "last_used_at"])
    return True


def _step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    current = int(now.timestamp()) // PERIOD_S
    for step in (current, current - 1):
        expected = format_hotp_value(hotp_value(secret, step))
        if step > after and compare_user_code(actual=code, expected=expected):
            return step
    return None


def _use_recovery(account: Account, code: str) -> bool:
    factor = Authenticator.objects.filter(user=account, type=Authenticator.Type.RECOVERY_CODES).first()
    if factor is None:
        return False
    used: bool = factor.wrap().validate_code(code)
    return used


def check_passkey(account: Account, credential: dict[str, Any], *, now: datetime) -> None:
    """Check the browser's answer to the challenge kept in the session. Raises Wrong."""
    try:
        webauthn.parse_authentication_response(credential)
        factor = webauthn.complete_authentication(account, credential)
    except MALFORMED:
        raise Wrong(
            "passkey",
            {"zh": "通行密钥验证失败，请重试。", "en": "The passkey was not accepted. Try again."},
            "passkey",
        ) from None
    Authenticator.objects.filter(pk=factor.pk).update(last_used_at=now)


def add_passkey(account: Account, credential: dict[str, Any], name: str, *, now: datetime) -> None:
    """Keep the passkey that the browser has just made for the challenge kept in the session. Raises Wrong."""
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except MALFORMED:
        raise Wrong(
            "passkey", {"zh": "通行密钥未能添加，请重试。", "en": "The passkey was not added. Try again."}, "passkey"
        ) from None
    with transaction.atomic():
        webauthn.WebAuthn.add(account, name[:30] or "passkey", credential)
        ledger.append(ledger.entry("identity:factor:enrolled", {"account": account.pk, "type": "passkey"}, at=now))


@transaction.atomic
def remove_passkey(account: Account, factor_id: int, *, now: datetime) -> None:
    """Take a passkey away. Raises Unknown if it is not the account's."""
    gone, _ = Authenticator.objects.filter(pk=factor_id, user=account, type=Authenticator.Type.WEBAUTHN).delete()
    if not gone:
        raise Unknown
    ledger.append(ledger.entry("identity:factor:removed", {"account": account.pk, "type": "passkey"}, at=now))


def has_second_factor(account_id: UUID) -> bool:
    """Say whether the account has a time code or a passkey; recovery codes alone are none."""
    found: bool = Authenticator.objects.filter(
        user_id=account_id, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    ).exists()
    return found
