"""Where a person is reached beside the phone: bound, confirmed, ended; each with its entry in the ledger."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import addresses
from minjing.kernel.notify.actions.telling import tell
from minjing.kernel.notify.models import Address
from minjing.kernel.notify.rules import EMAIL, LETTER, PUSH, WECHAT, Text

NAMES: dict[str, Text] = {
    WECHAT: {"zh": "微信", "en": "WeChat"},
    EMAIL: {"zh": "电子邮件", "en": "E-mail"},
    PUSH: {"zh": "浏览器推送", "en": "Browser notices"},
    LETTER: {"zh": "信函", "en": "Letters"},
}
CODE_LASTS = timedelta(minutes=10)
CODE_SIGNS = "ACDEFGHJKLMNPQRTUVWXY34679"  # none that is read as another
CODE_LENGTH = 8
WHY: dict[str, Text] = {
    "own": {"zh": "您已在“通知方式”中解除。", "en": "You ended it under “How we tell you”."},
    "unfollowed": {
        "zh": "您已取消关注公众号，通知改发短信。",
        "en": "You no longer follow the account; notices come by SMS instead.",
    },
    "gone": {"zh": "对方已不接收，通知改发其他渠道。", "en": "It takes nothing any more; notices go other ways."},
    "bounced": {
        "zh": "邮件被退回，请核对后重新填写。",
        "en": "Mail came back; check the address and enter it again.",
    },
    "replaced": {"zh": "已换成新的地址。", "en": "A new address has taken its place."},
    "other_person": {
        "zh": "这个浏览器已改为接收另一个账号的通知。",
        "en": "This browser now gets the notices of another account.",
    },
}


def bind_wechat(*, by: Actor, openid: str, now: datetime) -> bool:
    """Bind a WeChat to the asker's account, as a door and as a channel; False when it was bound already.

    The caller has the openid from WeChat itself. Raises identity's NotAllowed when either is bound elsewhere.
    """
    new = identity.bind_door(by=by, kind=WECHAT, subject=openid, now=now)
    return keep(by.account_id, WECHAT, openid, label=f"{openid[:2]}***{openid[-3:]}", now=now) or new


@transaction.atomic
def keep(account_id: UUID, channel: str, address: str, *, label: str, now: datetime) -> bool:
    """Let an address count for the account from now on; False when it did already.

    It ends the account's former one of the kind (a person may have several browsers), and another account's hold on
    the same WeChat or browser.
    """
    index = addresses.index_of(channel, address)
    open_ones = Address.objects.select_for_update().filter(
        channel=channel, confirmed_at__isnull=False, ended_at__isnull=True
    )
    if open_ones.filter(account_id=account_id, address_index=index).exists():
        return False
    if channel != PUSH:
        for former in open_ones.filter(account_id=account_id):
            _end(former, "replaced", now)
    if channel in (WECHAT, PUSH):
        for other in open_ones.filter(address_index=index):
            _end(other, "other_person", now)
    Address.objects.create(
        id=new_id(),
        account_id=account_id,
        channel=channel,
        address_sealed=addresses.sealed(account_id, address),
        address_index=index,
        label=label[:60],
        created_at=now,
        confirmed_at=now,
    )
    _bound(account_id, channel, label, now)
    return True


@transaction.atomic
def give_code(*, by: Actor, now: datetime) -> str:
    """Return a one-time code; whoever sends it to the official account within ten minutes is bound to the asker."""
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    waiting = Address.objects.filter(account_id=by.account_id, channel=WECHAT, confirmed_at__isnull=True)
    waiting.delete()
    Address.objects.create(
        id=new_id(),
        account_id=by.account_id,
        channel=WECHAT,
        confirm_hash=_hash(code),
        confirm_until=now + CODE_LASTS,
        created_at=now,
    )
    ledger.append(ledger.entry("notify:code:given", {"by": by.account_id}, at=now, subject_id=by.person_id))
    return code


def bind_by_code(code: str, *, openid: str, now: datetime) -> Actor | None:
    """Bind the WeChat that has sent a code to the account it was given to; None when the code is none.

    Raises identity's NotAllowed when the WeChat or the account is bound elsewhere; the code is used up even then.
    """
    with transaction.atomic():
        waiting = (
            Address.objects.select_for_update()
            .filter(
                channel=WECHAT, confirm_hash=_hash(code.upper()), confirm_until__gt=now, confirmed_at__isnull=True
            )
            .first()
        )
        if waiting is None:
            return None
        account_id = waiting.account_id
        waiting.delete()
    by = people.actor_of(account_id, now)
    bind_wechat(by=by, openid=openid, now=now)
    return by


@transaction.atomic
def end_address(address_id: UUID, *, by: Actor, now: datetime) -> bool:
    """End one of the asker's own addresses; False when there is none. A WeChat's door is closed with it."""
    found = Address.objects.select_for_update().filter(
        pk=address_id, account_id=by.account_id, ended_at__isnull=True, confirmed_at__isnull=False
    )
    one = found.first()
    if one is None:
        return False
    if one.channel == WECHAT:
        identity.unbind_door(by=by, kind=WECHAT, now=now)
    _end(one, "own", now)
    return True


@transaction.atomic
def give_up_address(channel: str, address: str, *, why: str, now: datetime) -> int:
    """End an address that takes nothing any more (unfollowed, expired, bounced); return of how many accounts."""
    index = addresses.index_of(channel, address)
    open_ones = Address.objects.select_for_update().filter(
        channel=channel, address_index=index, confirmed_at__isnull=False, ended_at__isnull=True
    )
    found = list(open_ones)
    for one in found:
        _end(one, why, now)
    return len(found)


def follow_again(openid: str, *, now: datetime) -> UUID | None:
    """Let a WeChat that follows again get its notices again; return the account its door belongs to."""
    account = people.account_by_door(WECHAT, openid)
    if account is None:
        return None
    try:
        keep(account.pk, WECHAT, openid, label=f"{openid[:2]}***{openid[-3:]}", now=now)
    except (IntegrityError, NotAllowed):
        return None
    return account.pk


def _end(one: Address, why: str, now: datetime) -> None:
    one.ended_at, one.ended_why = now, why
    one.save(update_fields=["ended_at", "ended_why"])
    said = {"account": one.account_id, "channel": one.channel, "why": why}
    ledger.append(ledger.entry("notify:address:ended", said, at=now))
    if why != "replaced":
        params = {"channel": NAMES[one.channel], "label": one.label, "why": WHY[why]}
        tell(one.account_id, "channel_ended", params, dedupe=f"{one.pk}:ended", now=now)


def _bound(account_id: UUID, channel: str, label: str, now: datetime) -> None:
    ledger.append(ledger.entry("notify:address:bound", {"account": account_id, "channel": channel}, at=now))
    params = {"channel": NAMES[channel], "label": label}
    tell(account_id, "channel_bound", params, dedupe=f"{channel}:{now.isoformat()}", now=now)


def _hash(code: str) -> bytes:
    return hashlib.sha256(f"notify.code|{code}".encode()).digest()
