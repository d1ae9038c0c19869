"""Pure decisions about a ledger that lies behind: when to alarm, when to escalate, when to close, who may open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

# Publication takes a second; a promise says sixty (ledger.rules.promise.WITHIN_S). A minute is therefore an alarm.
ALARM_S = 60.0
# The inspector on duty is to have taken note by then, or others are told.
ACKNOWLEDGE_S = 15 * 60.0
# X-Road stops exchanging messages after 14,400 s without time-stamps (ug-ss §11.1.4); for reading people's records
# an hour is enough: what cannot be shown to have been recorded is not opened.
CLOSE_S = 3600.0
GLASS_LASTS = timedelta(minutes=60)
GLASS_WAITS = timedelta(minutes=15)  # a wish that nobody has confirmed by then lapses
REASON_MIN, REASON_MAX = 8, 200  # characters

WATCH = "watch"  # the act of the inspector on duty: to take note of alarms
LOOK = "look"
CONFIRMS = frozenset({"watch", "decide"})  # whose holders may be the second person of a break-glass


class Held(Protocol):
    """A post held, of which only its acts matter here."""

    @property
    def acts(self) -> frozenset[str]: ...


class Watcher(Protocol):
    """Whoever acts: identity's Actor, of which watch knows only the account and the acts of its posts."""

    @property
    def account_id(self) -> UUID: ...

    @property
    def holdings(self) -> "Iterable[Held]": ...


@dataclass(frozen=True, slots=True)
class Beat:
    """What the monitor measured, and when."""

    at: datetime
    lag_s: float


def behind_s(beat: Beat, now: datetime, unheard_s: float = 0.0) -> float:
    """Return by how many seconds the ledger must be taken to lie behind.

    A figure grows older as the lag would: a monitor that is silent proves nothing. `unheard_s` is how long this
    process has seen no newer beat by its own monotonic clock, so that a clock put back opens nothing.
    """
    return beat.lag_s + max(0.0, (now - beat.at).total_seconds(), unheard_s)


def is_alarm(behind: float) -> bool:
    """Say whether the lag is to be told to the inspector on duty."""
    return behind >= ALARM_S


def is_unanswered(since: datetime, acknowledged: bool, now: datetime) -> bool:
    """Say whether an alarm that has stood since then is to go to the next ones."""
    return not acknowledged and (now - since).total_seconds() >= ACKNOWLEDGE_S


def is_closed(behind: float) -> bool:
    """Say whether new reads of personal data are refused."""
    return behind >= CLOSE_S


def holds(by: Watcher, acts: Iterable[str]) -> bool:
    """Say whether one of the posts of `by` carries one of `acts`."""
    wanted = set(acts)
    return any(wanted & held.acts for held in by.holdings)


def why_not_confirm(asked_by: UUID, asked_at: datetime, by: Watcher, now: datetime) -> str:
    """Return why `by` may not be the second person of a break-glass, as a key of WORDS; "" if they may."""
    if by.account_id == asked_by:
        return "same_person"
    if not holds(by, CONFIRMS):
        return "no_post"
    if now - asked_at >= GLASS_WAITS:
        return "lapsed"
    return ""


def is_open(confirmed_at: datetime | None, until: datetime | None, now: datetime) -> bool:
    """Say whether a break-glass opens the record now."""
    return confirmed_at is not None and until is not None and confirmed_at <= now < until


WORDS: Mapping[str, Mapping[str, str]] = {
    "ledger_behind": {
        "zh": "公开账本已超过一小时没有发布新记录，暂时不能查看个人信息；公开信息和本人信息照常。"
        "情况紧急的，请在「账本与时限」中申请紧急查看，由另一人确认。",
        "en": "The public ledger has published nothing new for over an hour, so personal records are not opened for "
        "now; public pages and people’s own records work as usual. In an emergency ask for break-glass on the page "
        "“Ledger watch”; a second person must confirm it.",
    },
    "same_person": {
        "zh": "必须由另一人用自己的账号确认。",
        "en": "Another person must confirm it, with their own account.",
    },
    "no_post": {"zh": "您现在的岗位不能办理此事。", "en": "None of the posts you hold may do this."},
    "lapsed": {
        "zh": "申请已超过 15 分钟，请重新申请。",
        "en": "This was asked for over 15 minutes ago; please ask again.",
    },
    "confirmed": {"zh": "已由他人确认。", "en": "Somebody has already confirmed it."},
    "not_closed": {
        "zh": "现在可以正常查看，不需要紧急查看。",
        "en": "Records can be opened as usual; no break-glass is needed.",
    },
    "reason": {
        "zh": f"请用 {REASON_MIN} 至 {REASON_MAX} 个字写明紧急情况，不要写姓名和号码。",
        "en": f"Please describe the emergency in {REASON_MIN} to {REASON_MAX} characters, without names or numbers.",
    },
    "no_alarm": {"zh": "没有这条告警，或已确认。", "en": "There is no such alarm, or it has been acknowledged."},
}
