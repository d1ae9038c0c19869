"""What the system administrator does: units and posts, versions of the catalogue, the working-day calendar."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query, Router, Status
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.identity import queries as people
from minjing.kernel.matters import administering, queries
from minjing.kernel.matters.publishing import CALENDARS, require
from minjing.portals.api import shapes_system as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import asker

system = Router(tags=["system administrator"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 422: ErrorOut}
UNITS, APPOINTMENTS = "manage_units", "manage_appointments"  # the acts that the lists of units and posts take
Code = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
Version = Annotated[str, Query(), Field(pattern=r"^[0-9a-z]{0,10}$")]


@system.get("/units", response={200: list[shapes.UnitOut], **REFUSED})
def units(request: HttpRequest) -> list[shapes.UnitOut]:
    """Return the tree of units, and how many hold a post in each."""
    people.require(asker(request), UNITS, APPOINTMENTS)
    held = people.holders_by_unit(now())
    return [shapes.UnitOut.of(unit, held.get(unit.id, 0)) for unit in queries.units().values()]


@system.get("/posts", response={200: list[shapes.PostOut], **REFUSED})
def posts(request: HttpRequest) -> list[shapes.PostOut]:
    """Return the posts, the level they exist at and what their holders may do."""
    people.require(asker(request), UNITS, APPOINTMENTS)
    return [shapes.PostOut.of(post) for post in people.posts()]


@system.get("/catalogue", response={200: shapes.CatalogueOut, **REFUSED})
def catalogue(request: HttpRequest) -> shapes.CatalogueOut:
    """Return which services wait in the files to be published, and what speaks against it."""
    found = administering.waiting(asker(request))
    return shapes.CatalogueOut(waiting=sorted(found.bodies), wrong=list(found.wrong))


# Before the versions: there a code would take the place of the word.
@system.post("/catalogue/publish", response={200: list[shapes.PublishedOut], **REFUSED})
def publish(request: HttpRequest, data: shapes.PublishIn) -> list[shapes.PublishedOut]:
    """Publish what the files hold, one service or all; what is in force already makes no new version."""
    made = administering.publish_waiting(data.code, by=asker(request), now=now())
    return [shapes.PublishedOut.model_validate(row) for row in made]


@system.get("/catalogue/{code}", response={200: shapes.VersionsOut, **REFUSED})
def versions(request: HttpRequest, code: Code, old: Version = "", new: Version = "") -> shapes.VersionsOut:
    """Return the versions of a service and what differs between two, by default the newest and the one before."""
    return shapes.VersionsOut.of(administering.versions(code, old=old, new=new, by=asker(request)))


@system.get("/calendars", response={200: shapes.CalendarsOut, **REFUSED})
def calendars(request: HttpRequest) -> shapes.CalendarsOut:
    """Return the revisions of the working-day calendar, newest first."""
    require(asker(request), CALENDARS)
    revisions = [shapes.CalendarOut.of(row) for row in queries.calendars()]
    return shapes.CalendarsOut(revisions=revisions, provisional=queries.provisional_count())


@system.post("/calendars", response={201: shapes.AnnouncedOut, **REFUSED})
def announce(request: HttpRequest, data: shapes.DaysIn) -> Status[shapes.AnnouncedOut]:
    """Publish the days that a notice announces; due dates that rested on guesses are computed anew."""
    revision, moved = administering.announce_days(
        known_until=data.known_until, days_off=data.days_off, made_up=data.made_up, source=data.source,
        by=asker(request), now=now(),
    )  # fmt: skip
    return Status(201, shapes.AnnouncedOut(calendar=shapes.CalendarOut.of(revision), moved=moved))
