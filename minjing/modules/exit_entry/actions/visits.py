"""A visit booked by an application: the same room, the same rules as on the pages of visits."""

from __future__ import annotations

from datetime import datetime

from minjing.base.clock import CHINA
from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as halls
from minjing.kernel.booking.errors import BookingError
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.matters.plugs import EffectRefused, Outcome
from minjing.kernel.matters.schema import Text
from minjing.modules.exit_entry.actions.case import Case, Facts, text


def book(case: Case) -> Outcome:
    """Book the visit that the form asks for; where the hall refuses, an officer settles another time."""
    applicant = Actor(case.matter.account_id, RESIDENT, case.matter.person_id, level=2)
    starts_at = datetime.fromisoformat(case.first("starts_at")).replace(tzinfo=CHINA)
    try:
        hall = halls.place(case.first("hall_code"))
        visit = booking.book(
            hall.code,
            [case.first("service_code")],
            starts_at,
            by=applicant,
            now=case.act.now,
            request_id=case.matter.id,
            subject_id=case.matter.id,
        )
    except BookingError as refused:
        raise EffectRefused(Text(**refused.text), refused.key) from None
    facts: Facts = [
        (text("办理事项", "What for"), case.label("service_code")),
        (text("大厅", "Hall"), hall.name["zh"]),
        (text("到场时间", "Day and time"), f"{starts_at:%Y-%m-%d %H:%M}"),
        (text("预约码", "Booking code"), visit.code),
        (text("请带", "Bring"), "居民身份证原件；原证件（换发、补发、加注时）"),
    ]
    return Outcome(facts, case.matter.person_id)
