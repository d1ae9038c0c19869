"""Units, posts and who holds them; officers' accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from minjing.kernel.identity.actor import SYSTEM_KIND, Actor
from minjing.kernel.identity.errors import NotAllowed, Text, Unknown, Wrong
from minjing.kernel.identity.models import Account, ApiToken, Appointment, Post, Session, Unit
from minjing.kernel.identity.queries import actor_of
from minjing.kernel.identity.rules import ADMINISTRATORS, WORDS, Verdict, may_deputise, may_hold
from minjing.kernel.ledger import actions as ledger

CLOCKS_DIFFER = timedelta(minutes=5)  # between who asks and us


@transaction.atomic
def put_unit(
    *,
    code: str,
    org_id: int,
    level: str,
    name: Text,
    parent: str = "",
    address: Text | None = None,
    phone: str = "",
    hours: Text | None = None,
    lon: float | None = None,
    lat: float | None = None,
    by: Actor,
    now: datetime,
) -> Unit:
    """Write the unit with this code, below the unit with the code `parent`; its place in the tree stays as made."""
    _require(by, "manage_units")
    above = Unit.objects.get(code=parent) if parent else None
    values = {
        "org_id": org_id,
        "level": level,
        "name": dict(name),
        "address": dict(address or {}),
        "phone": phone,
        "hours": dict(hours or {}),
        "lon": lon,
        "lat": lat,
    }
    unit, made = Unit.objects.update_or_create(
        code=code, defaults=values, create_defaults=values | {"parent": above, "path": f"new:{code}"}
    )
    if made:
        unit.path = f"{above.path if above else ''}{unit.pk}."
        unit.save(update_fields=["path"])
    ledger.append(ledger.entry("identity:unit:put", {"by": by.account_id, "unit": unit.pk}, at=now, org_id=org_id))
    return unit


@transaction.atomic
def put_post(*, code: str, name: Text, level: str, acts: Sequence[str], by: Actor, now: datetime) -> Post:
    """Write the post with this code and what its holder may do."""
    _require(by, "manage_units")
    values = {"name": dict(name), "level": level, "acts": list(acts)}
    post, _ = Post.objects.update_or_create(code=code, defaults=values)
    ledger.append(ledger.entry("identity:post:put", {"by": by.account_id, "post": code, "acts": list(acts)}, at=now))
    return post


@transaction.atomic
def create_officer(*, login: str, password: str, name: str, police_number: str, by: Actor, now: datetime) -> Account:
    """Make an officer's account; they enrol a second factor at their first sign-in.

    Raises Wrong for a password that is short or known to be bad, a login that is taken, or too many characters or
    none.
    """
    _require(by, "manage_accounts")
    for field, value, longest in (("login", login, 40), ("name", name, 30), ("police_number", police_number, 12)):
        if not value.strip() and by.kind != SYSTEM_KIND:
            raise Wrong("empty", {"zh": "请填写。", "en": "Fill this in."}, field)
        if len(value) > longest:
            raise Wrong("too_long", {"zh": f"最多 {longest} 个字符。", "en": f"At most {longest} characters."}, field)
    if Account.objects.filter(login=login).exists():
        raise Wrong("login_taken", {"zh": "该登录名已被使用。", "en": "This login is taken."}, "login")
    account = Account(
        kind=Account.OFFICER,
        login=login,
        display_name=name,
        police_number=police_number,
        level=4,
        created_at=now,
    )
    _set_password(account, password)
    account.save(force_insert=True)
    ledger.append(ledger.entry("identity:account:created", {"by": by.account_id, "account": account.pk}, at=now))
    return account


@transaction.atomic
def set_password(*, account_id: UUID, password: str, by: Actor, now: datetime) -> None:
    """Give an officer a new password, one's own or, as security administrator, another's; ends all its sessions."""
    if by.account_id != account_id:
        _require(by, "manage_accounts")
        _leave_administrators(by, _posts_held(account_id, now))
    account = _account(account_id)
    _set_password(account, password)
    account.save(update_fields=["password"])
    _cut(account_id)
    ledger.append(ledger.entry("identity:account:password_set", {"by": by.account_id, "account": account_id}, at=now))


def _set_password(account: Account, password: str) -> None:
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Wrong(
            "weak_password",
            {
                "zh": "密码至少 12 个字符，不能是常见密码，也不能与登录名相近。",
                "en": "The password needs at least 12 characters, must not be a common one, nor resemble the login.",
            },
            "password",
        ) from error
    account.set_password(password)


@transaction.atomic
def appoint(
    *,
    by: Actor,
    account_id: UUID,
    unit_id: int,
    post: str,
    since: datetime,
    until: datetime | None = None,
    now: datetime,
) -> UUID:
    """Give an officer a post in a unit, from now on at the earliest; what they hold for that time is not given twice.

    Raises NotAllowed, Unknown, and Wrong where the post is of another level.
    """
    _require(by, "manage_appointments")
    _leave_administrators(by, [post])
    if by.account_id == account_id:
        raise NotAllowed("own_post", {"zh": "不能给自己任命岗位。", "en": "Nobody appoints themselves."})
    unit, kind = _unit_and_post(unit_id, post)
    since = since if by.kind == SYSTEM_KIND else max(since, now)
    if until is not None and until <= since:
        raise Wrong("ends_before_start", WORDS["ends_before_start"], "until")
    # The row is locked, so that two appointments at once cannot make one person two administrators.
    if not Account.objects.select_for_update().filter(pk=account_id, kind=Account.OFFICER, is_active=True).exists():
        raise Unknown
    _must(may_hold(_posts_held(account_id, now), kind.code))
    held = _held_already(account_id, unit, kind, since, until)
    if held is not None:
        return held
    made = Appointment.objects.create(
        account_id=account_id, unit=unit, post=kind, since=since, until=until, made_by_id=_maker(by)
    )
    _entry("identity:appointment:made", made, by, now, unit.org_id)
    return made.pk


def _held_already(account_id: UUID, unit: Unit, post: Post, since: datetime, until: datetime | None) -> UUID | None:
    """Return the appointment that gives an officer this post in this unit for all that time, None for none."""
    lasts = Q(until__isnull=True) if until is None else Q(until__isnull=True) | Q(until__gte=until)
    rows = Appointment.objects.filter(lasts, account_id=account_id, unit=unit, post=post, since__lte=since)
    return rows.filter(deputy_for__isnull=True).values_list("pk", flat=True).first()


@transaction.atomic
def deputise(
    *,
    by: Actor,
    deputy_account_id: UUID,
    post: str,
    unit_id: int,
    since: datetime,
    until: datetime,
    scope: Sequence[str] = (),
    holder_account_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Let another officer stand in for the holder of a post for a time, for the services in `scope` or all.

    The holder asks for it, or the security administrator names the holder. Who may be a deputy: see `may_deputise`.
    Raises NotAllowed, Unknown.
    """
    holder_id = holder_account_id or by.account_id
    if holder_id != by.account_id:
        _require(by, "manage_appointments")
    if deputy_account_id == holder_id:
        raise NotAllowed("own_deputy", {"zh": "不能代理自己。", "en": "Nobody is their own deputy."})
    unit, kind = _unit_and_post(unit_id, post)
    if (
        not Account.objects.select_for_update()
        .filter(pk=deputy_account_id, kind=Account.OFFICER, is_active=True)
        .exists()
    ):
        raise Unknown
    if since < now - CLOCKS_DIFFER:
        raise Wrong("in_past", {"zh": "开始时间不能早于现在。", "en": "The start must not lie in the past."}, "since")
    holder, deputy = actor_of(holder_id, now).holdings, actor_of(deputy_account_id, now).holdings
    _must(may_deputise(holder, deputy, kind.code, unit.path, since, until))
    _must(may_hold(_posts_held(deputy_account_id, now), kind.code))
    made = Appointment.objects.create(
        account_id=deputy_account_id,
        unit=unit,
        post=kind,
        since=since,
        until=until,
        deputy_for_id=holder_id,
        scope=list(scope),
        made_by_id=_maker(by),
    )
    _entry("identity:deputy:named", made, by, now, unit.org_id)
    return made.pk


@transaction.atomic
def end_appointment(appointment_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a post now, with the deputies that stood in for it, and cut the sessions of all of them at once.

    A holder may end their own deputy's; the rest is the security administrator's.
    """
    found = (
        Appointment.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=appointment_id).first()
    )
    if found is None or (found.until is not None and found.until <= now):
        raise Unknown
    if found.deputy_for_id != by.account_id:
        _require(by, "manage_appointments")
    ended = [found]
    if found.deputy_for_id is None:
        ended += Appointment.objects.select_for_update().filter(
            Q(until__gt=now), deputy_for_id=found.account_id, post_id=found.post_id, unit_id=found.unit_id
        )
    for each in ended:
        if each.since >= now:  # it never began
            each.delete()
        else:
            Appointment.objects.filter(pk=each.pk).update(until=now)
        _cut(each.account_id)
        _entry("identity:appointment:ended", each, by, now, found.unit.org_id)


@transaction.atomic
def disable_account(*, account_id: UUID, by: Actor, now: datetime) -> None:
    """Shut an account: its sessions and tokens end at once."""
    _require(by, "manage_accounts")
    _account(account_id)
    Account.objects.filter(pk=account_id).update(is_active=False)
    _cut(account_id)
    ledger.append(ledger.entry("identity:account:disabled", {"by": by.account_id, "account": account_id}, at=now))


@transaction.atomic
def enable_account(*, account_id: UUID, by: Actor, now: datetime) -> None:
    """Open a shut account again; its holder signs in anew."""
    _require(by, "manage_accounts")
    _account(account_id)
    Account.objects.filter(pk=account_id).update(is_active=True)
    ledger.append(ledger.entry("identity:account:enabled", {"by": by.account_id, "account": account_id}, at=now))


@transaction.atomic
def reset_factors(*, account_id: UUID, by: Actor, now: datetime) -> None:
    """Take away an officer's second factors, when phone and recovery codes are lost; they enrol anew.

    Only the security administrator, for somebody else, having seen the officer. Raises NotAllowed, Unknown.
    """
    _require(by, "manage_accounts")
    if by.account_id == account_id:
        raise NotAllowed(
            "own_factors", {"zh": "不能重置自己的第二步验证。", "en": "Nobody resets their own second step."}
        )
    _leave_administrators(by, _posts_held(account_id, now))
    account = _account(account_id)
    Authenticator.objects.filter(user=account).delete()
    _cut(account_id)
    ledger.append(ledger.entry("identity:factor:reset", {"by": by.account_id, "account": account_id}, at=now))


def _cut(account_id: UUID) -> None:
    Session.objects.filter(account_id=account_id).delete()
    ApiToken.objects.filter(account_id=account_id).delete()


def _account(account_id: UUID) -> Account:
    # A resident's account is nobody's to shut, to open or to unlock: who could would take its place.
    account = Account.objects.filter(pk=account_id, kind=Account.OFFICER).first()
    if account is None:
        raise Unknown
    return account


def _unit_and_post(unit_id: int, post: str) -> tuple[Unit, Post]:
    unit = Unit.objects.filter(pk=unit_id).first()
    kind = Post.objects.filter(pk=post).first()
    if unit is None or kind is None:
        raise Unknown
    if unit.level != kind.level:
        raise Wrong(
            "wrong_level",
            {"zh": "该岗位不属于这一级单位。", "en": "This post does not exist in a unit of this level."},
            "post",
        )
    return unit, kind


def _leave_administrators(by: Actor, posts: Sequence[str]) -> None:
    """Refuse the security administrator the doors and posts of administrators.

    Whoever could name an auditor, or sign in as one, could ask for an erasure and confirm it alone. Administrators
    are made and let in again by the command on the server (`minjing administrator`).
    """
    if by.kind != SYSTEM_KIND and ADMINISTRATORS & set(posts):
        raise NotAllowed(
            "administrators_by_command",
            {
                "zh": "三类管理员的任命、密码和第二因素只能由机房人员在服务器上用命令办理。",
                "en": "Administrators are appointed, and let in again, by the command on the server only.",
            },
        )


def _posts_held(account_id: UUID, now: datetime) -> list[str]:
    rows = Appointment.objects.filter(Q(until__isnull=True) | Q(until__gt=now), account_id=account_id)
    return list(rows.values_list("post_id", flat=True))


def _must(verdict: Verdict) -> None:
    if not verdict.ok:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])


def _require(by: Actor, act: str) -> None:
    if by.kind != SYSTEM_KIND and not any(act in h.acts for h in by.holdings):
        raise NotAllowed("no_post", WORDS["no_post"])


def _maker(by: Actor) -> UUID | None:
    return None if by.kind == SYSTEM_KIND else by.account_id


def _entry(kind: str, made: Appointment, by: Actor, now: datetime, org_id: int) -> None:
    payload: Mapping[str, object] = {
        "by": by.account_id,
        "appointment": made.pk,
        "account": made.account_id,
        "unit": made.unit_id,
        "post": made.post_id,
        "since": made.since,
        "until": made.until,
        "deputy_for": made.deputy_for_id,
        "scope": list(made.scope),
    }
    ledger.append(ledger.entry(kind, payload, at=now, org_id=org_id))
