"""Other doors to an account: WeChat and Alipay. One person, one account, whichever door."""

from datetime import datetime

from django.db import IntegrityError, transaction

from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Wrong
from minjing.kernel.identity.models import Door
from minjing.kernel.ledger import actions as ledger

KINDS = (Door.WECHAT, Door.ALIPAY)
ELSEWHERE = {
    "zh": "这个微信（支付宝）已绑定另一个账号。请先在那个账号里解除绑定，或用它登录。",
    "en": "This WeChat or Alipay is bound to another account. Unbind it there first, or sign in with it.",
}
HAS_OTHER = {
    "zh": "您的账号已绑定另一个微信（支付宝）。请先解除，再绑定新的。",
    "en": "Your account has another WeChat or Alipay bound. Unbind that first, then bind the new one.",
}


def bind_door(*, by: Actor, kind: str, subject: str, now: datetime) -> bool:
    """Let this openid or user id open the asker's account; return False when it did already.

    The caller has proved the subject by the provider's own answer. Raises NotAllowed when either is bound elsewhere,
    which is on record by then.
    """
    if kind not in KINDS or not subject:
        raise Wrong("door", {"zh": "无法识别的登录方式。", "en": "This way to sign in is not known."})
    if not by.is_resident:
        raise NotAllowed("residents_only", {"zh": "只有居民账号可以绑定。", "en": "Only residents bind one."})
    index = sealing.blind_index(f"door|{kind}", subject)
    try:
        with transaction.atomic():
            Door.objects.create(account_id=by.account_id, kind=kind, subject_index=index, bound_at=now)
            said = {"by": by.account_id, "kind": kind}
            ledger.append(ledger.entry("identity:door:bound", said, at=now, subject_id=by.person_id))
    except IntegrityError:
        return _bound_before(by, kind, index, now)
    return True


def _bound_before(by: Actor, kind: str, index: bytes, now: datetime) -> bool:
    there = Door.objects.filter(kind=kind, subject_index=index).values_list("account_id", flat=True).first()
    if there == by.account_id:
        return False
    key, words = ("door_bound_elsewhere", ELSEWHERE) if there else ("door_bound_already", HAS_OTHER)
    said = {"by": by.account_id, "kind": kind, "reason": key}
    ledger.append(ledger.entry("identity:door:refused", said, at=now, subject_id=by.person_id))
    raise NotAllowed(key, words)


@transaction.atomic
def unbind_door(*, by: Actor, kind: str, now: datetime) -> bool:
    """Close a door; return whether there was one."""
    gone, _ = Door.objects.filter(account_id=by.account_id, kind=kind).delete()
    if gone:
        said = {"by": by.account_id, "kind": kind}
        ledger.append(ledger.entry("identity:door:unbound", said, at=now, subject_id=by.person_id))
    return bool(gone)
