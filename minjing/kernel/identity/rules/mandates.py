"""Who may act for whom, pure: what a mandate must say, when it holds, and who is under a guardian."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

LONGEST = timedelta(days=731)  # 平台规则: two years, then it is given anew
SERVICES_MAX = 80
# 个人信息保护法 art. 31 (confidence B): under 14 the guardian consents; 民法典 art. 17 (B): of age at 18.
GUARDIAN_ALONE, OF_AGE = 14, 18


@dataclass(frozen=True, slots=True)
class Acting:
    """The right by which somebody acts for a person, here and now."""

    mandate: UUID
    kind: str  # relative | firm | guardian
    person: UUID  # for whom


@dataclass(frozen=True, slots=True)
class Term:
    """What decides whether a mandate holds."""

    kind: str
    services: Sequence[str]
    since: datetime
    until: datetime
    accepted: bool
    revoked_at: datetime | None
    confirmed: bool  # by an officer, where papers were needed


def holds(term: Term, service: str, now: datetime) -> bool:
    """Say whether a mandate lets its taker act in `service` at `now`; without a service, in any of its own."""
    in_time = term.since <= now < term.until and (term.revoked_at is None or now < term.revoked_at)
    in_scope = not service or service in term.services or (term.kind == "guardian" and not term.services)
    return term.accepted and term.confirmed and in_time and in_scope


def age_on(birth: date, day: date) -> int:
    """Return the age in full years on `day`; who is born on 29 February grows older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birthday(birth: date, age: int) -> date:
    """Return the day on which somebody reaches `age`."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)
