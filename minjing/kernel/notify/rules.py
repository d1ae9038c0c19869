"""When a notice is tried again, by which channels it goes, and who carries it: pure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from minjing.base.clock import CHINA

Text = Mapping[str, str]

IN_APP, SMS, WECHAT, EMAIL, PUSH, LETTER = "in_app", "sms", "wechat", "email", "push", "letter"
CHANNELS: Sequence[str] = (IN_APP, SMS, WECHAT, EMAIL, PUSH, LETTER)
# What a person can switch on and off; in-app is always there, and nobody is rung up by it.
CHOOSABLE: Sequence[str] = (SMS, WECHAT, EMAIL, PUSH)
# What reaches somebody who does not look into the app: one of these must stay for what the law wants told.
REACHING: Sequence[str] = (WECHAT, SMS, EMAIL, LETTER)

# How long to wait after each failed attempt; after the last one the notice counts as undeliverable, 48 h in all.
BACK_OFF: Sequence[timedelta] = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
    timedelta(hours=24),
)
# A worker that has taken a notice and not reported for so long is taken to be dead.
LEASE = timedelta(minutes=2)
# A job that has not run so long after its time is taken to be lost.
LOST_AFTER = timedelta(seconds=90)
SMS_CHARS_MAX = 500


def next_try(attempts: int, now: datetime, wait: timedelta | None = None) -> datetime | None:
    """Return when to try again after `attempts` failures, not sooner than the provider asks; None: give up."""
    if attempts > len(BACK_OFF):
        return None
    return now + max(BACK_OFF[attempts - 1], min(wait or timedelta(0), BACK_OFF[-1]))


def dedupe_key(matter_id: object, seq: object, template: str, channel: str) -> str:
    """Return what makes a notice one of its kind: the same step of a matter is told once in each channel."""
    return f"{matter_id}:{seq}:{template}:{channel}"


def occasion(dedupe: str) -> str:
    """Return what the notices of one occasion have in common: the key without its channel."""
    return dedupe.rpartition(":")[0]


def code_text(code: str, minutes: int) -> Text:
    """Return the words that carry a sign-in code."""
    return {
        "zh": f"您的登录验证码是 {code}，{minutes} 分钟内有效。工作人员不会向您索要验证码，请勿告诉他人。",
        "en": f"Your sign-in code is {code}, valid for {minutes} minutes. Nobody from the police will ask for it.",
    }


# ---- by which channels ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Topic:
    """What notices are about, as a person chooses: `required` cannot be switched off wholly."""

    name: str
    title: Text
    required: bool
    channels: tuple[str, ...]  # those it goes by when the person has not chosen


def routes(topic: Topic, chosen: Collection[str] | None, usable: Collection[str]) -> list[str]:
    """Return the channels beside in-app that a notice of this topic goes by.

    `chosen` is what the person wants (None: has not said), `usable` what they can be reached by. What the law wants
    told goes by at least one channel that reaches people who do not look into the app.
    """
    wanted = topic.channels if chosen is None else chosen
    found = [c for c in CHOOSABLE if c in wanted and c in usable]
    if topic.required and not set(found) & set(REACHING):
        found += [c for c in REACHING if c in usable and c != LETTER][:1]
    return found


def next_channel(tried: Collection[str], usable: Collection[str]) -> str | None:
    """Return by which channel to go on when those tried have failed; letters come last."""
    return next((c for c in REACHING if c in usable and c not in tried), None)


# ---- quiet hours ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when until when (China time) a telephone is left in peace; over midnight when `until` is the smaller."""

    since: time
    until: time

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.since:%H:%M}-{self.until:%H:%M}"


def quiet_of(text: str) -> Quiet | None:
    """Return the hours of "22:00-08:00"; None for "none". Raises ValueError."""
    if text == "none":
        return None
    since, _, until = text.partition("-")
    found = Quiet(time.fromisoformat(since.strip()), time.fromisoformat(until.strip()))
    if found.since == found.until:
        raise ValueError(text)
    return found


def after_quiet(quiet: Quiet | None, now: datetime) -> datetime:
    """Return `now`, or the end of the quiet hours that `now` lies in."""
    if quiet is None:
        return now
    here = now.astimezone(CHINA)
    over_midnight = quiet.since > quiet.until
    within = (
        (here.time() >= quiet.since or here.time() < quiet.until)
        if over_midnight
        else quiet.since <= here.time() < quiet.until
    )
    if not within:
        return now
    day = here.date() + timedelta(days=1) if over_midnight and here.time() >= quiet.since else here.date()
    return datetime.combine(day, quiet.until, CHINA)


# ---- who carries a text message ---------------------------------------------------------------------------

# A share is how many of a hundred messages a provider is given first. Trouble halves it, at once and down to one (so
# that it is still seen when it is well again); each quiet minute gives ten back, up to what the settings say.
LEAST_SHARE = 1
SHARE_BACK = 10
QUIET_BEFORE_SHARE_BACK = timedelta(minutes=1)
SLOW_AFTER_S = 5.0


def recovered(share: int, resting: int) -> int:
    """Return the share after a minute without trouble."""
    return min(resting, share + SHARE_BACK)


def order_of(shares: Mapping[str, int], key: str) -> list[str]:
    """Return the providers in the order in which this message is offered to them.

    The first is drawn by the shares and the key alone, so that two workers that hold the same message agree.
    """
    left = {name: share for name, share in sorted(shares.items()) if share > 0}
    if not left:
        return sorted(shares)
    point = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % sum(left.values())
    first = ""
    for name, share in left.items():
        first = name
        if point < share:
            break
        point -= share
    return [first, *(n for n in sorted(shares, key=lambda n: (-shares[n], n)) if n != first)]


# ---- the fate of a text message ---------------------------------------------------------------------------

DELIVERED, UNDELIVERED = "delivered", "undelivered"
# A report that has not come by then does not come: it is counted as lost, and nothing is sent again.
REPORT_LOST_AFTER = timedelta(hours=72)


# ---- letters ----------------------------------------------------------------------------------------------

POST_LETTERS = "post_letters"  # the act of a post that prints and posts
BATCH_HOUR = 7  # of the day in China, when the letters of the day are gathered


def may_post(acts: Iterable[str]) -> bool:
    """Say whether one of these acts lets somebody print and post letters."""
    return POST_LETTERS in acts
