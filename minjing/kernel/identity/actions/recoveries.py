"""A lost phone: who has proved to be the person gets the account on the new phone, after a wait for objections."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from minjing.base.clock import CHINA
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions import proofs
from minjing.kernel.identity.actions.checks import open_check
from minjing.kernel.identity.actions.doors import must_be_present, parse_id_number, parse_name
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Account, ApiToken, Check, Door, Evidence, Recovery, Session
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries import PHONE
from minjing.kernel.identity.queries.accounts import person_by_id_number
from minjing.kernel.identity.queries.levels import account_with_phone
from minjing.kernel.identity.rules.checks import OBJECTION_LASTS
from minjing.kernel.ledger import actions as ledger

NOBODY = {
    "zh": "姓名与身份证号码不一致，或没有可以找回的账号。",
    "en": "Name and ID number do not agree, or there is no account to be recovered.",
}
MOVED = {
    "zh": "【民警】您的账号已换到新手机号，原来的登录都已退出。不是您本人操作，请立即到派出所窗口。",
    "en": "Your police-service account has moved to a new phone; sign-ins ended. Not you? Go to a police station.",
}


def begin_recovery(name: str, id_number: str, *, by: Actor, session_ref: UUID | None, now: datetime) -> Check:
    """Begin the check by which the holder of a new phone proves whose account it is to become. Raises Wrong, TooMany.

    The same words whether the person is unknown, has no account, or bears another name.
    """
    if not by.is_resident or by.person_id is not None:
        raise NotAllowed("known_already", {"zh": "您已完成实名认证。", "en": "You have said who you are already."})
    spoken, number = parse_name(name), parse_id_number(id_number, now)
    limits.spend("who", str(by.account_id), limits.WHO, now)
    seen = plugs.check_register(name=spoken, id_number=number, now=now) if plugs.check_register else None
    must_be_present(seen)
    person_id = person_by_id_number(number)
    if seen is None or not (seen.found and seen.name_agrees and seen.alive) or person_id is None:
        raise Wrong("no_account", NOBODY, "id_number")
    if account_with_phone(person_id) is None:
        raise Wrong("no_account", NOBODY, "id_number")
    return open_check(by=by, purpose=Check.RECOVERY, person_id=person_id, session_ref=session_ref, now=now)


def proved(check: Check, *, at_counter: bool, by: Actor, now: datetime) -> None:
    """Let the account move: at once where an officer had the person before them, else after the wait.

    The caller holds the check locked, in a transaction. The old phone is told at once.
    """
    old = account_with_phone(check.person_id)
    if old is None:
        raise Unknown
    proofs.close_recovery(check, by=by, now=now)
    due = now if at_counter else now + OBJECTION_LASTS
    try:
        with transaction.atomic():
            row = Recovery.objects.create(
                account_id=old,
                new_account_id=check.account_id,
                person_id=check.person_id,
                check_of=check,
                officer_id=by.account_id if by.is_officer else None,
                asked_at=now,
                due_at=due,
                word_index=sealing.blind_index("recovery", secrets.token_urlsafe(16)),
            )
    except IntegrityError:
        raise NotAllowed(
            "recovery_runs",
            {"zh": "这个账号已有一次换机申请在等待生效。", "en": "A move of this account is under way already."},
        ) from None
    _note("asked", row, by, now, due=due, counter=at_counter)
    if at_counter:
        _move(row, by, now)
    elif plugs.tell is not None:
        when = due.astimezone(CHINA)
        words = {"zh": f"{when:%Y-%m-%d %H:%M}", "en": f"{when:%Y-%m-%d %H:%M}"}
        plugs.tell(old, "phone_changing", {"when": words}, dedupe=f"recovery:{row.pk}", now=now)


@transaction.atomic
def object_to_recovery(*, by: Actor, now: datetime) -> None:
    """Stop a move of the asker's own account; the old phone keeps it. Raises Unknown."""
    row = Recovery.objects.select_for_update().filter(
        account_id=by.account_id, objected_at__isnull=True, done_at__isnull=True
    )
    found = row.first()
    if found is None:
        raise Unknown
    found.objected_at = now
    found.save(update_fields=["objected_at"])
    _note("objected", found, by, now)


def finish_recoveries(now: datetime) -> int:
    """Move the accounts whose wait is over; return how many. Twice does no harm."""
    due = Recovery.objects.filter(due_at__lte=now, objected_at__isnull=True, done_at__isnull=True)
    moved = 0
    for pk in list(due.values_list("pk", flat=True)[:200]):
        with transaction.atomic():
            row = Recovery.objects.select_for_update(skip_locked=True).filter(pk=pk, done_at__isnull=True).first()
            if row is not None and row.objected_at is None:
                _move(row, SYSTEM, now)
                moved += 1
    return moved


def _move(row: Recovery, by: Actor, now: datetime) -> None:
    """Give the account the new phone; whatever the old phone could open with ends: sessions, tokens, keys, doors."""
    assert row.new_account_id is not None
    old = Account.objects.select_for_update().get(pk=row.account_id)
    new = Account.objects.select_for_update().get(pk=row.new_account_id)
    if new.phone_sealed is None or not old.is_active:
        raise Unknown
    phone = sealing.unseal(new.pk, PHONE, bytes(new.phone_sealed)).decode()
    _text_old(old, now)
    Session.objects.filter(account_id__in=[old.pk, new.pk]).delete()
    ApiToken.objects.filter(account_id__in=[old.pk, new.pk], revoked_at__isnull=True).update(revoked_at=now)
    Authenticator.objects.filter(user_id__in=[old.pk, new.pk]).delete()
    Door.objects.filter(account_id__in=[old.pk, new.pk]).delete()
    Evidence.objects.filter(account_id=old.pk, ended_at__isnull=True).update(ended_at=now)
    Account.objects.filter(pk=new.pk).update(is_active=False, phone_index=None, phone_sealed=None)
    Account.objects.filter(pk=old.pk).update(
        phone_index=sealing.blind_index("phone", phone), phone_sealed=sealing.seal(old.pk, PHONE, phone)
    )
    row.done_at = now
    row.save(update_fields=["done_at"])
    _note("done", row, by, now)


def _text_old(old: Account, now: datetime) -> None:
    if plugs.text_phone is None or old.phone_sealed is None:
        return
    phone = sealing.unseal(old.pk, PHONE, bytes(old.phone_sealed)).decode()
    plugs.text_phone(phone=phone, text=MOVED, language=old.language, now=now)


def _note(what: str, row: Recovery, by: Actor, now: datetime, **more: object) -> None:
    said = {"by": by.account_id, "recovery": row.pk, "account": row.account_id, **more}
    ledger.append(ledger.entry(f"identity:recovery:{what}", said, at=now, subject_id=row.person_id))
