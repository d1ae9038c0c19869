"""Who may have which travel document, until when, and for how much: pure decisions, data in, decision out.

Law: 护照法 (2006) art. 5-7, 10, 11, 13, 14, 16; 出境入境管理法 (2012) art. 10, 12, 67. What no source gives is the
platform's own rule and stands in data/limits.yaml as such.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

DocumentKind = Literal["passport", "hk_macao", "taiwan"]
KINDS: tuple[DocumentKind, ...] = ("passport", "hk_macao", "taiwan")
State = Literal["being_made", "valid", "cancelled", "lost", "expired"]
TOURISM = ("G", "L")

ADULT_AT = 16  # 护照法 art. 7: five years before, ten from here on
YEARS_CHILD, YEARS_ADULT = 5, 10
SINGLE_USE_MONTHS = 3  # a permit for one journey lasts no longer than the shortest endorsement (平台规则)

# The letters before the digits of a number: series that are not given out, so that no number here is a real person's.
SERIES: Mapping[str, str] = {"passport": "EZ", "hk_macao": "CZ", "taiwan": "LZ"}
NUMBER_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Objection:
    """Why something may not be: the key of a sentence in errors.py, and the field of the form it belongs to."""

    key: str
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A document as the rules see it."""

    kind: str
    state: str  # as stored; whether it has run out is a question of the day
    issued: date
    expires: date
    electronic: bool = True
    fingerprints: bool = True

    def state_on(self, day: date) -> State:
        """Return what the document is worth on `day`; its last day counts."""
        if self.state == "valid" and day > self.expires:
            return "expired"
        return self.state  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Period:
    """A price from one day on, in fen."""

    since: date
    fen: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the kinds of endorsement."""

    code: str
    document: str
    letter: str
    name: tuple[str, str]
    validity: tuple[str, str]
    months: int
    trips: int  # 0: many
    stay_days: int  # 0: as approved, or not given
    fees: tuple[Period, ...]
    by_approval: bool = False
    registered_here: bool = False
    renews_online: bool = False
    source: str = ""
    confidence: str = "B"


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform's own rules, which a city may change."""

    renew_from_months: int = 12
    kept_at_hall_days: int = 90
    cabinet_hours: int = 72
    border_record_years: int = 10


# ---- age and validity -----------------------------------------------------------------------------------


def age_on(birth: date, day: date) -> int:
    """Return the age in full years: a birthday counts from the day itself."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def is_child(birth: date, day: date) -> bool:
    """Say whether the holder is under sixteen: a guardian comes along, and the document lasts five years."""
    return age_on(birth, day) < ADULT_AT


def years_valid(birth: date, applied: date) -> int:
    """Return for how many years a document is issued, by the age on the day of the application."""
    return YEARS_CHILD if is_child(birth, applied) else YEARS_ADULT


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; the month's last where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(issued: date, months: int) -> date:
    """Return the last day of something issued on `issued` for so many months: the day before it comes round."""
    return months_after(issued, months) - timedelta(days=1)


def expires(issued: date, years: int) -> date:
    """Return the last day of a document."""
    return last_day(issued, years * 12)


def renew_from(document: Held, platform: Platform) -> date:
    """Return from which day on the document counts as running out (护照法 art. 11 (1); the months are 平台规则)."""
    return months_after(document.expires, -platform.renew_from_months)


# ---- documents ------------------------------------------------------------------------------------------


def may_apply_first(own: Iterable[Held], kind: str, day: date) -> Objection | None:
    """Say what speaks against a first document: one that is valid already, or is being made."""
    for held in own:
        if held.kind == kind and held.state_on(day) in ("valid", "being_made"):
            return Objection("has_one" if held.state_on(day) == "valid" else "being_made")
    return None


def may_renew(own: Iterable[Held], kind: str, reason: str, day: date, platform: Platform) -> Objection | None:
    """Say what speaks against a renewal for `reason`: expiring, pages_full, damaged, changed, other."""
    of_kind = [held for held in own if held.kind == kind]
    if any(held.state == "being_made" for held in of_kind):
        return Objection("being_made")
    valid = [held for held in of_kind if held.state == "valid"]
    if not valid:
        return Objection("nothing_to_renew")
    if reason == "expiring" and day < renew_from(valid[0], platform):
        return Objection("not_yet", "reason", renew_from(valid[0], platform).isoformat())
    return None


def may_replace(own: Iterable[Held], kind: str, day: date) -> Objection | None:
    """Say what speaks against a replacement: there must be a document that is lost, or is declared lost now."""
    of_kind = [held for held in own if held.kind == kind]
    if any(held.state == "being_made" for held in of_kind):
        return Objection("being_made")
    if not any(held.state in ("valid", "lost") for held in of_kind):
        return Objection("nothing_to_replace")
    return None


def may_annotate(own: Iterable[Held], day: date) -> Objection | None:
    """Say what speaks against an entry in the passport: it must be valid to be written into."""
    if any(held.kind == "passport" and held.state_on(day) == "valid" for held in own):
        return None
    return Objection("no_valid_passport")


# ---- endorsements ---------------------------------------------------------------------------------------


def endorsement_ends(kind: Kind, issued: date, permit: Held, months: int = 0) -> date:
    """Return the last day of an endorsement: its own, but never after the permit's."""
    return min(last_day(issued, months or kind.months), permit.expires)


def may_endorse(
    kind: Kind,
    permit: Held | None,
    *,
    registered_here: bool,
    restricted: bool,
    day: date,
    online: bool,
    renewed_before: Iterable[str] = (),
) -> list[Objection]:
    """Return all that speaks against an endorsement of `kind` in `permit`, in the order people can mend it.

    Online (EX08, EX10) the holder has an electronic permit and fingerprints on file, is registered in this city, is
    not among those whose unit must agree (登记备案), and applies for a kind held before (`renewed_before`, letters).
    """
    if permit is None or permit.state_on(day) != "valid":
        return [Objection("no_valid_permit")]
    found: list[Objection] = []
    if not permit.electronic:
        found.append(Objection("permit_not_electronic"))
    if online and not permit.fingerprints:
        found.append(Objection("no_fingerprints"))
    if (online or kind.registered_here) and not registered_here:
        found.append(Objection("not_registered_here", "endorsement_kind"))
    if online and restricted:
        found.append(Objection("unit_must_agree", "on_record_list"))
    if not kind.by_approval and last_day(day, kind.months) > permit.expires:
        found.append(Objection("permit_too_short", "endorsement_kind", permit.expires.isoformat()))
    if online and kind.letter not in set(renewed_before):
        found.append(Objection("first_time", "endorsement_kind"))
    return found


def decides_itself(kind: Kind) -> bool:
    """Say whether data alone decides a renewal of this kind: travellers' endorsements, nothing to be approved."""
    return kind.renews_online and not kind.by_approval


# ---- money ----------------------------------------------------------------------------------------------


def price(periods: Sequence[Period], day: date) -> int | None:
    """Return the fee in fen on `day`; None before the first period: it did not exist."""
    of_then = [period for period in periods if period.since <= day]
    return max(of_then, key=lambda period: period.since).fen if of_then else None


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a bill."""

    name: str
    title: tuple[str, str]
    fen: int
    count: int = 1
    waiver: str = ""

    @property
    def due_fen(self) -> int:
        """Return what is to be paid for this line."""
        return 0 if self.waiver else self.fen * self.count


def total(items: Iterable[Item]) -> int:
    """Return the sum of a bill in fen."""
    return sum(item.due_fen for item in items)


# ---- time -----------------------------------------------------------------------------------------------


def within_law(promised: date, received: date, legal_days: int) -> date:
    """Return the day promised, never after the law's: an urgent case too has the legal limit as its last word."""
    return min(promised, received + timedelta(days=legal_days))


# ---- numbers --------------------------------------------------------------------------------------------


def number(kind: str, serial: int) -> str:
    """Return the number of a document: two letters and seven digits, a series of its own for each kind."""
    if not 0 < serial < 10**NUMBER_DIGITS:
        raise ValueError(f"the series of {kind} is used up")
    return f"{SERIES[kind]}{serial:0{NUMBER_DIGITS}d}"


def normalised(text: str) -> str:
    """Return a number as it is looked up: without spaces and hyphens, in capitals."""
    return "".join(c for c in text.upper() if c.isalnum())


def masked(number_: str) -> str:
    """Return a number as it is shown where it is not needed: EZ****321."""
    return f"{number_[:2]}{'*' * max(0, len(number_) - 5)}{number_[-3:]}" if len(number_) > 5 else number_


def fits(answer: str, number_: str) -> bool:
    """Say whether what was typed is this number, or its masked form as the page showed it."""
    return normalised(answer) == number_ or answer == masked(number_)


# ---- parcels --------------------------------------------------------------------------------------------

JOURNEY = ("to_order", "ordered", "picked_up", "moving", "returned", "delivered")


def farthest(states: Iterable[str]) -> str:
    """Return the state farthest along the journey: pushes come in any order, and nothing goes backwards.

    What was signed for has arrived, whatever else is told of it; what came back can still be delivered no more by us,
    so a late `returned` never undoes `delivered`.
    """
    return max(states, key=JOURNEY.index)
