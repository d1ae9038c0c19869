"""The halls of those who serve there and of their heads: call, report, give tickets; what a day takes; misses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Status

from minjing.base.clock import CHINA, now
from minjing.kernel.booking import actions, queries
from minjing.kernel.booking.errors import Unknown
from minjing.portals.api import shapes_halls as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.shapes_halls import HallVisitOut
from minjing.portals.api.shapes_visits import BookingDay
from minjing.portals.api.views.door import asker

halls = Router(tags=["halls"])
DayAsked = Annotated[BookingDay, Path()]
DayAskedOrNone = Annotated[BookingDay | None, Query()]
StepAsked = Annotated[Literal["recall", "skip", "miss", "finish"], Path()]
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}
STEPS = {"recall": actions.recall, "skip": actions.skip, "miss": actions.miss, "finish": actions.finish}


@halls.get("", response=list[shapes.HallOut])
def mine(request: HttpRequest) -> list[shapes.HallOut]:
    """Return the halls at which one serves or which one supervises."""
    by, at = asker(request), now()
    serves, supervises = ({p.code for p in queries.runs(by, act)} for act in (queries.SERVE, queries.SUPERVISE))
    return [
        shapes.HallOut.of(
            place, queries.display(place, at), serves=place.code in serves, supervises=place.code in supervises
        )
        for place in queries.places()
        if place.code in serves | supervises
    ]


# ---- the counter ----------------------------------------------------------------------------------------


@halls.get("/{slug:code}/queue", response={200: list[HallVisitOut], **REFUSED})
def queue(request: HttpRequest, code: str) -> list[HallVisitOut]:
    """Return the tickets that wait, in the order of calling."""
    return [HallVisitOut.of(ticket.visit) for ticket in queries.queue(queries.place(code), asker(request), now())]


@halls.get("/{slug:code}/visits", response={200: list[HallVisitOut], **REFUSED})
def visits(request: HttpRequest, code: str, day: DayAskedOrNone = None) -> list[HallVisitOut]:
    """Return the visits of a day that were not given up, by time; without a day those of today."""
    return [HallVisitOut.of(visit) for visit in queries.today(queries.place(code), asker(request), now(), day)]


@halls.post("/{slug:code}/next", response={200: HallVisitOut, **REFUSED})
def call_next(request: HttpRequest, code: str, data: shapes.CallNextIn) -> HallVisitOut:
    """Call the next ticket to a counter; the one called there before counts as finished. 409: nobody waits."""
    called = actions.call_next(code, data.counter, by=asker(request), now=now(), request_id=data.request_id)
    return HallVisitOut.of(called)


@halls.post("/{slug:code}/tickets", response={201: HallVisitOut, **REFUSED})
def ticket(request: HttpRequest, code: str, data: shapes.TicketIn) -> Status[HallVisitOut]:
    """Give a ticket for today to somebody who has come without a booking."""
    given = actions.take_ticket(code, data.services, by=asker(request), now=now(), request_id=data.request_id)
    return Status(201, HallVisitOut.of(given))


@halls.post("/{slug:code}/reports", response={200: HallVisitOut, **REFUSED})
def report(request: HttpRequest, code: str, data: shapes.HallReportIn) -> HallVisitOut:
    """Report for whoever has come with a slip: the visit gets its ticket. Twice is once."""
    by = asker(request)
    found = queries.visit_by_code(data.code, queries.place(code).id, by)
    return HallVisitOut.of(actions.arrive(found.pk, by=by, now=now(), request_id=data.request_id))


@halls.post("/visits/{uuid:visit_id}/{step}", response={200: HallVisitOut, **REFUSED})
def act(request: HttpRequest, visit_id: UUID, step: StepAsked, data: shapes.HallStepIn) -> HallVisitOut:
    """Call again, skip for ten minutes, say that nobody came, or that the counter is done."""
    done = STEPS[step](visit_id, ver=data.ver, by=asker(request), now=now(), request_id=data.request_id)
    return HallVisitOut.of(done)


# ---- what a day takes -----------------------------------------------------------------------------------


@halls.get("/{slug:code}/days/{day}", response={200: shapes.HallDayOut, **REFUSED})
def day_of(request: HttpRequest, code: str, day: DayAsked) -> shapes.HallDayOut:
    """Return the slots of a day with what is free of each, and how many visits are booked."""
    by, at, place = asker(request), now(), queries.place(code)
    booked = sum(visit.state == "booked" for visit in queries.today(place, by, at, day))
    slots = queries.slots_of_day(place, day, at)
    return shapes.HallDayOut.of(day, booked, slots, queries.closed_why(place, day))


@halls.put("/{slug:code}/days/{day}/capacity", response={200: shapes.CapacityOut, **REFUSED})
def set_capacity(request: HttpRequest, code: str, day: DayAsked, data: shapes.CapacityIn) -> shapes.CapacityOut:
    """Set how many counters serve in which hours of a day; nobody loses a visit by it."""
    since, until = (_instant(day, said) for said in (data.since, data.until))
    kept = actions.set_capacity(code, day, since, until, data.counters, by=asker(request), now=now())
    return shapes.CapacityOut(kept=kept)


def _instant(day: date, said: str) -> datetime:
    hour, _, minute = said.partition(":")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=CHINA)


@halls.post("/{slug:code}/days/{day}/close", response={200: shapes.CalledOffOut, **REFUSED})
def close_day(request: HttpRequest, code: str, day: DayAsked, data: shapes.CloseHallDayIn) -> shapes.CalledOffOut:
    """Close a day that was open; who has a visit is told why, and it counts against nobody."""
    why = {"zh": data.zh, "en": data.en}
    return shapes.CalledOffOut(called_off=actions.close_day(code, day, why, by=asker(request), now=now()))


# ---- what is said of missed visits ----------------------------------------------------------------------


@halls.get("/{slug:code}/challenges", response={200: list[shapes.WaitingChallengeOut], **REFUSED})
def challenges(request: HttpRequest, code: str) -> list[shapes.WaitingChallengeOut]:
    """Return the missed visits about which something was said and nothing decided yet, oldest first."""
    waiting = queries.challenges(queries.place(code), asker(request))
    return [
        shapes.WaitingChallengeOut(asked_at=challenge.asked_at, visit=HallVisitOut.of(visit))
        for challenge, visit in waiting
    ]


@halls.get("/challenges/{uuid:visit_id}", response={200: shapes.ChallengeOut, **REFUSED})
def challenge(request: HttpRequest, visit_id: UUID) -> shapes.ChallengeOut:
    """Return what was said of a missed visit, to the hall's head; the look is on record first."""
    by = asker(request)
    words = actions.read_challenge(visit_id, by=by, now=now())
    visit = queries.visit(visit_id, by)
    found = queries.challenge_of(visit)
    if found is None:
        raise Unknown
    return shapes.ChallengeOut.of(found, visit, words)


@halls.put("/challenges/{uuid:visit_id}", response={200: HallVisitOut, **REFUSED})
def decide(request: HttpRequest, visit_id: UUID, data: shapes.ExcusedIn) -> HallVisitOut:
    """Decide whether a missed visit counts; the person is told. 409: it was decided already."""
    by = asker(request)
    actions.decide_challenge(visit_id, excused=data.excused, by=by, now=now())
    return HallVisitOut.of(queries.visit(visit_id, by))
