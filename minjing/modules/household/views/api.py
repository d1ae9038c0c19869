"""The register in the JSON API: a household on a day, a person's households, one's own.

Asked by POST, since addresses are kept in logs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from minjing.base.clock import now
from minjing.base.idnumber import normalise
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.rules import CARD
from minjing.kernel.matters.actions import require_level
from minjing.modules.household import queries
from minjing.modules.household.queries import History, HouseholdView
from minjing.modules.household.views.asking import day_of, id_of, in_hand
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut, Words
from minjing.portals.api.views.door import asker, reason_of, resident

router = Router(tags=["register"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut}


class HouseholdIn(Shape):
    """A household by its number, on a day (today for none), for an open matter in hand or a reason (Look-Reason)."""

    number: Words = Field(max_length=12)
    day: date | None = None
    matter: Words = Field("", max_length=40)


class PersonIn(Shape):
    """A person by ID number, for an open matter in hand or a reason (Look-Reason)."""

    id_number: Words = Field(max_length=18)
    matter: Words = Field("", max_length=40)


class PersonOnDayIn(PersonIn):
    """A person by ID number, and the day (today for none)."""

    day: date | None = None


class MemberOut(Shape):
    """A member, what they are of the head, and their days in the household as that."""

    name: str
    id_number: str
    relation: TextOut
    since: date
    until: date | None


class HouseholdOut(Shape):
    """A household with its members on a day, the head first."""

    number: str
    kind: str
    station_id: int
    address: str
    unit_name: str
    since: date
    until: date | None
    members: list[MemberOut]


class PeriodOut(Shape):
    """In which household somebody was, as what, from when until when, and why."""

    household: str
    relation: TextOut
    since: date
    until: date | None
    cause_in: TextOut
    cause_out: TextOut | None


class HistoryOut(Shape):
    """A person with every household they have belonged to, oldest first."""

    name: str
    id_number: str
    periods: list[PeriodOut]


@router.post("/households", response={200: HouseholdOut, **REFUSED})
def household(request: HttpRequest, data: HouseholdIn) -> HouseholdView:
    """Return a household as it was on a day; the look at each member is written into the ledger first."""
    at, by = now(), asker(request)
    day = day_of(data.day.isoformat() if data.day else "", at)
    found = queries.household(data.number, by, at, day=day, **_why(request, data.matter, by, at))
    if found is None:
        raise Unknown
    return found


@router.post("/people", response={200: HistoryOut, **REFUSED})
def person(request: HttpRequest, data: PersonIn) -> History:
    """Return the households that somebody has belonged to; the look is written into the ledger first."""
    at, by = now(), asker(request)
    why = _why(request, data.matter, by, at)
    return queries.history(_person(data.id_number, by, why), by, at, **why)


@router.post("/people/household", response={200: HouseholdOut, **REFUSED})
def household_of(request: HttpRequest, data: PersonOnDayIn) -> HouseholdView:
    """Return the household that somebody belonged to on a day; the look at each member is written first."""
    at, by = now(), asker(request)
    day, why = day_of(data.day.isoformat() if data.day else "", at), _why(request, data.matter, by, at)
    found = queries.household_of(_person(data.id_number, by, why), by, at, day=day, **why)
    if found is None:
        raise Unknown
    return found


@router.get("/mine", response=list[PeriodOut])
def mine(request: HttpRequest) -> list[Any]:
    """Return every household one has belonged to oneself, oldest first; it takes identity level 3."""
    by = resident(request)
    require_level(by, CARD)
    return list(queries.history(by.person_id, by, now()).periods) if by.person_id else []


def _why(request: HttpRequest, ref: str, by: Actor, at: datetime) -> dict[str, Any]:
    matter = in_hand(ref, by, at)
    return {"reason": "" if matter else reason_of(request), "matter_id": id_of(matter)}


def _person(id_number: str, by: Actor, why: dict[str, Any]) -> UUID:
    """Return whose number it is. Raises NotAllowed first: that nobody has it is an answer as well."""
    if why["matter_id"] is None:
        people.require_look(by, why["reason"])
    found = people.person_by_id_number(normalise(id_number))
    if found is None:
        raise Unknown
    return found
