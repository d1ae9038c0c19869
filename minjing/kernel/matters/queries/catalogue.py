"""Units, the working calendar and the procedures in force: what hardly changes, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import Now

from minjing.base.sounds import sounds_of
from minjing.base.workdays import WorkCalendar, build
from minjing.kernel.identity.models import Unit
from minjing.kernel.matters import plugs, rules
from minjing.kernel.matters.errors import MatterError, Unknown
from minjing.kernel.matters.models import (
    Calendar,
    Draft,
    Matter,
    Procedure,
)
from minjing.kernel.matters.queries.kept import Kept
from minjing.kernel.matters.rules import Place, Snapshot
from minjing.kernel.matters.schema import Body, Text


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What the engine needs to know of a unit."""

    id: int
    code: str
    org_id: int
    level: str
    parent_id: int | None
    path: str
    name: Text


_versions = count()


@dataclass(frozen=True, slots=True)
class Units:
    """The units by id, the places put together of them so far, and a number of their own for what is made of them."""

    by_id: dict[int, UnitFacts]
    places: dict[int, Place] = field(default_factory=dict, compare=False)
    version: int = field(default_factory=_versions.__next__, compare=False)


def _read_units() -> Units:
    rows = Unit.objects.order_by("path")
    facts = (UnitFacts(u.id, u.code, u.org_id, u.level, u.parent_id, u.path, Text(**u.name)) for u in rows)
    return Units({unit.id: unit for unit in facts})


def _place(station: UnitFacts, units: Mapping[int, UnitFacts]) -> Place:
    above = [units[int(part)] for part in station.path.rstrip(".").split(".")]
    by_level = {unit.level: unit.id for unit in above}
    return Place(station.id, by_level.get("branch", station.id), above[0].id, station.path)


def _read_calendar() -> WorkCalendar:
    newest = Calendar.objects.order_by("-revision").first()
    if newest is None:
        raise MatterError("no_calendar", "还没有发布工作日历。", "No working-day calendar has been published.")
    days = [[date.fromisoformat(day) for day in listed] for listed in (newest.days_off, newest.made_up)]
    last = date(newest.known_until.year + 10, 12, 31)
    return build(date(2004, 1, 1), newest.known_until, days[0], days[1], last)


_units = Kept(_read_units, 60)
_calendar = Kept(_read_calendar, 60)


def units() -> dict[int, UnitFacts]:
    """Return every unit by id."""
    return _units.get().by_id


def units_version() -> int:
    """Return a number that changes when a unit does: for what is kept that was made of the units."""
    return _units.get().version


def bureau_name() -> str:
    """Return the name of the bureau in Chinese, as the sender of letters bears it; "" before there is one."""
    return next((unit.name.zh for unit in units().values() if unit.level == "bureau"), "")


def calendar() -> WorkCalendar:
    """Return the newest working-day calendar."""
    return _calendar.get()


def stations() -> list[UnitFacts]:
    """Return the police stations, in the order of the tree."""
    return [unit for unit in units().values() if unit.level == "station"]


def station(code: str) -> UnitFacts | None:
    """Return the station with this code."""
    return next((unit for unit in units().values() if unit.code == code and unit.level == "station"), None)


def receiver(body: Body, answers: Mapping[str, Any]) -> UnitFacts | None:
    """Return the unit that receives an application: the station asked for, or the bureau; None if none is chosen."""
    if body.service.received_by == "bureau":
        return next(unit for unit in units().values() if unit.parent_id is None)
    return station(str(answers.get("office", "")))


def place_of(station_id: int) -> Place:
    """Return the station with the branch and the bureau above it."""
    known = _units.get()
    place = known.places.get(station_id)
    if place is None:
        place = known.places[station_id] = _place(known.by_id[station_id], known.by_id)
    return place


def calendars() -> list[Calendar]:
    """Return every revision of the working-day calendar, newest first."""
    return list(Calendar.objects.order_by("-revision"))


@lru_cache(maxsize=2048)
def _body(procedure_id: UUID) -> Body:
    # Published rows never change, so a body may be kept for good.
    return Body.model_validate(Procedure.objects.values_list("body", flat=True).get(id=procedure_id))


def body_of(matter: Snapshot | Draft) -> Body:
    """Return the procedure that a matter or a draft is pinned to."""
    return _body(matter.procedure_id)


def body(procedure_id: UUID) -> Body:
    """Return a published procedure."""
    return _body(procedure_id)


@lru_cache(maxsize=2048)
def acting_posts(procedure_id: UUID) -> frozenset[str]:
    """Return the posts whose business the matters of a published procedure are."""
    return rules.posts_of(_body(procedure_id))


def _read_newest() -> dict[str, UUID]:
    return dict(Procedure.objects.order_by("code", "version").values_list("code", "id"))


_newest = Kept(_read_newest, 10)


def codes_of_post(post: str) -> frozenset[str] | None:
    """Return the services received by stations whose matters are this post's business; None for all of them."""
    return _codes_of_post(post, tuple(_newest.get().values()))


@lru_cache(maxsize=256)
def _codes_of_post(post: str, procedures: tuple[UUID, ...]) -> frozenset[str] | None:
    services = {pk: _body(pk).service for pk in procedures}
    received = {pk: one.code for pk, one in services.items() if one.received_by == "station"}
    codes = frozenset(code for pk, code in received.items() if post in acting_posts(pk))
    return None if len(codes) == len(received) else codes


def _read_current() -> dict[str, UUID]:
    rows = Procedure.objects.filter(valid_to__isnull=True).order_by("code")
    return dict(rows.values_list("code", "id"))


_current = Kept(_read_current, 10)


def current() -> list[Body]:
    """Return the procedures in force, by code."""
    return [_body(procedure_id) for procedure_id in _current.get().values()]


MOST_WANTED_OVER = timedelta(days=90)


def _read_most_wanted() -> list[str]:
    rows = (
        Matter.objects.filter(submitted_at__gte=Now() - MOST_WANTED_OVER)
        .values_list("code")
        .annotate(n=Count("id"))
        .order_by("-n")
    )
    return [code for code, _ in rows[:20]]


_wanted = Kept(_read_most_wanted, 600)


def to_act_in() -> list[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """Return the services that have a form: code, title and group, for whoever lets another act in them."""
    with_form = [body.service for body in current() if body.service.form]
    return [(s.code, s.title.model_dump(), s.group.model_dump()) for s in with_form]


def most_wanted(limit: int = 6) -> list[Body]:
    """Return the services that most people applied for lately; where few did, those of the first batch follow."""
    offered = (body for body in current() if body.service.form and body.service.code not in plugs.QUESTIONS)
    by_code = {body.service.code: body for body in offered}
    first = [code for code, body in by_code.items() if body.service.first_batch]
    codes = dict.fromkeys([code for code in _wanted.get() if code in by_code] + first + list(by_code))
    return [by_code[code] for code in list(codes)[:limit]]


def service(code: str) -> tuple[UUID, Body]:
    """Return the id and body of the procedure in force for `code`; raise Unknown."""
    procedure_id = _current.get().get(code)
    if procedure_id is None:
        raise Unknown
    return procedure_id, _body(procedure_id)


def versions(code: str = "") -> list[Procedure]:
    """Return the published versions, of one service or of all, newest first, without their bodies."""
    rows = Procedure.objects.filter(code=code) if code else Procedure.objects.all()
    return list(rows.defer("body").order_by("code", "-version"))


def is_retired(procedure_id: UUID) -> bool:
    """Say whether a newer version is in force than the one a draft was begun under."""
    return procedure_id not in _current.get().values()


def running_on(code: str) -> dict[UUID, int]:
    """Return how many open matters are pinned to each version of a service."""
    rows = Matter.objects.filter(procedure__code=code, closed_at__isnull=True)
    return dict(rows.values_list("procedure_id").annotate(Count("id")).order_by())


def line_ahead(body: Body) -> list[rules.Station]:
    """Return the line of stations of a matter that is not submitted yet."""
    return rules.stations(body, None)


def forget_kept() -> None:
    """Read units, calendar and the list of procedures anew: after they were changed in this process."""
    for kept in (_units, _calendar, _current, _newest, _wanted):
        kept.forget()


def find(text: str) -> list[Body]:
    """Return the services that `text` may mean: Chinese, pinyin, initials, English or a code; best first."""
    words = tuple(text.lower().split())
    return [_body(pk) for pk in _meant(words, tuple(_current.get().values()))] if words else []


@lru_cache(maxsize=1024)  # people look for the same few things, and all of the catalogue is compared each time
def _meant(words: tuple[str, ...], procedures: tuple[UUID, ...]) -> list[UUID]:
    wanted = "".join(words)
    scored = [(_score(_body(pk), wanted, words), _body(pk).service.code, pk) for pk in procedures]
    return [pk for score, _, pk in sorted(scored, key=lambda s: (-s[0], s[1])) if score]


def _score(body: Body, wanted: str, words: Sequence[str]) -> int:
    service = body.service
    best = 100 if service.code.lower() == wanted else 0
    for weight, name in [(20, service.title.zh), *((14, alias) for alias in service.aliases)]:
        pinyin, initials = sounds_of(name)
        for key in (name.lower(), pinyin, initials):
            if key.startswith(wanted):
                best = max(best, weight + 10)
            elif wanted in key:
                best = max(best, weight)
    english = f"{service.title.en} {service.guide.summary.en}".lower()
    if words and all(word in english for word in words):
        best = max(best, 18 if all(word in service.title.en.lower() for word in words) else 6)
    if wanted in service.guide.summary.zh or wanted in service.group.zh:
        best = max(best, 5)
    return best
