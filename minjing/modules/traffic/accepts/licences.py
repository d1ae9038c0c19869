"""What the register of licences, a learner's file and bookings say against an application."""

from __future__ import annotations

from uuid import UUID

from minjing.base.clock import local_day
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.rules import parse_code
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.modules.traffic.accepts.asked import Asked, Wrong, wrong
from minjing.modules.traffic.actions.effects.licences import learner_of
from minjing.modules.traffic.queries import withholding
from minjing.modules.traffic.rules import licences


def own_licence(asked: Asked) -> Wrong:
    """The applicant has a licence that is not cancelled or revoked."""
    if asked.licence is None or asked.licence.status in ("cancelled", "revoked"):
        return wrong("licence_no", "登记中没有您的有效驾驶证。", "You have no licence in force on record.")
    return {}


def no_licence(asked: Asked) -> Wrong:
    """The applicant has no licence of this city yet."""
    if asked.licence is not None:
        field = next(iter(asked.answers))
        return wrong(field, "登记中已有您的驾驶证。", "You have a licence on record already.")
    return {}


def renewal(asked: Asked) -> Wrong:
    """Within 90 days of the end (驾驶证规定 art. 63)."""
    found = own_licence(asked)
    row = asked.licence
    if not found and row is not None and not licences.may_renew(row.valid_until_date, asked.today):
        until = row.valid_until_date
        return wrong(
            "licence_no",
            f"驾驶证有效期至 {until}，期满前 90 日内申请。",
            f"It runs until {until}: apply within 90 days before.",
        )
    return found


def replace_lost(asked: Asked) -> Wrong:
    """Not while the licence is withheld (驾驶证规定 art. 69)."""
    found = own_licence(asked)
    if not found and asked.licence is not None and asked.licence.status in ("suspended", "full_points"):
        return wrong(
            "licence_no", "驾驶证被扣押、扣留或暂扣期间不得补发。", "It is not replaced while it is withheld."
        )
    return found


def lower(asked: Asked) -> Wrong:
    """The class asked for is covered by one that is held."""
    found = own_licence(asked)
    if (
        not found
        and asked.licence is not None
        and not licences.is_lower(asked.text("lower_class"), asked.licence.classes)
    ):
        return wrong("lower_class", "所选准驾车型不低于现有车型。", "This class is not lower than the one held.")
    return found


def lost_right(asked: Asked) -> Wrong:
    """The licence was cancelled within two years (驾驶证规定 art. 79)."""
    row = asked.licence
    if row is None or row.status != "cancelled" or (asked.now - row.since_at).days > 730:
        return wrong(
            "licence_no", "没有查到两年内注销、可以恢复的驾驶证。", "There is no licence cancelled within two years."
        )
    return {}


def enrol(asked: Asked) -> Wrong:
    """No red-green blindness; no other licence, which is for adding a class."""
    if asked.licence is not None and asked.licence.status not in ("cancelled", "revoked"):
        return wrong("class_wanted", "您已有驾驶证，请办理增加准驾车型。", "You have a licence: add a class instead.")
    return _sees_colours(asked)


def enrol_more(asked: Asked) -> Wrong:
    """A licence in force, and a class not held yet."""
    found = own_licence(asked) or _sees_colours(asked)
    if not found and asked.licence is not None and asked.text("class_wanted") in asked.licence.classes.split(","):
        return wrong("class_wanted", "您已有这个准驾车型。", "You hold this class already.")
    return found


def _sees_colours(asked: Asked) -> Wrong:
    if asked.answers.get("colour_blind"):
        return wrong(
            "colour_blind",
            "红绿色盲不能申请机动车驾驶证（驾驶证规定第 14 条）。",
            "A licence takes sight of red and green (licence rules, art. 14).",
        )
    return {}


def learning(asked: Asked) -> Wrong:
    """There is a learner's certificate in force."""
    if learner_of(asked.person, asked.today) is None:
        field = next(iter(asked.answers))
        return wrong(
            field, "没有有效的学习驾驶证明，请先报考。", "There is no learner’s certificate in force; enrol first."
        )
    return {}


def retest(asked: Asked) -> Wrong:
    """Twelve points weigh on the licence, and the study for them is done (记分办法 art. 21)."""
    found = own_licence(asked)
    if found:
        return found
    full = withholding.open_full(asked.person)
    if full is None:
        return wrong("licence_no", "您的驾驶证没有记满 12 分，不用考试。", "Your points are below 12: no test.")
    if not withholding.studied(asked.person, full.reached_at):
        return wrong(
            "study_ref",
            f"满分学习要 {full.study_days} 天并考试合格，学完再预约。",
            f"The study takes {full.study_days} days and its own test; book when it is done.",
        )
    return {}


def booking(asked: Asked) -> Wrong:
    """The code is of a booking of the applicant's."""
    code = parse_code(asked.text("booking_code"))
    mine = halls.my_visits(Actor(UUID(int=0), RESIDENT, asked.person, level=2))
    found = next((v for v in mine if code and v.code == code and v.state == "booked"), None)
    if found is None:
        return wrong("booking_code", "没有查到这个预约码的有效预约。", "There is no booking of yours with this code.")
    return {}


def test_booking(asked: Asked) -> Wrong:
    """A booked test is given up the day before at the latest (驾驶证规定 art. 46)."""
    found = booking(asked)
    if found:
        return found
    code = parse_code(asked.text("booking_code"))
    mine = halls.my_visits(Actor(UUID(int=0), RESIDENT, asked.person, level=2))
    visit = next(v for v in mine if v.code == code)
    if local_day(visit.starts_at) <= asked.today:
        return wrong("booking_code", "最迟在考试前一日取消。", "A test is given up the day before at the latest.")
    return {}
