"""A city's folder, read into the database: units, posts, working days, the services as this city has them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction

from minjing.kernel.booking import actions as booking
from minjing.kernel.booking import queries as visits
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Post, Unit
from minjing.kernel.matters import catalog, publishing
from minjing.kernel.matters.models import Calendar

Say = Callable[[str], None]


class WrongCity(Exception):
    """A file of the city's folder that cannot be used."""


def read(name: str) -> dict[str, Any]:
    """Return the file `name` of the city's folder."""
    path = Path(settings.CITY_DIR) / name
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise WrongCity(f"{path} is missing: is CITY right?") from None
    except yaml.YAMLError as error:
        raise WrongCity(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise WrongCity(f"{path}: the file must be a mapping")
    return found


@cache
def facts() -> Mapping[str, Any]:
    """Return city.yaml: names, help line, switches."""
    return read("city.yaml")


def load(now: datetime, say: Say) -> None:
    """Bring posts, units, working days and services up to date; what is as the files have it is not touched.

    Raises WrongCity, or catalog.WrongFile with path, line and reason; nothing is published that lint refuses.
    """
    _posts(now)
    changed = _units(now)
    if changed:
        say(f"{changed} units of {facts()['police']['zh']}")
    _calendar(now)
    posts = set(read("posts.yaml")["posts"])
    bodies = catalog.load(city=facts(), posts=posts)
    problems = catalog.lint(bodies, posts)
    if problems:
        raise WrongCity("The catalogue cannot be published:\n" + "\n".join(problems))
    made = publishing.publish(bodies, by=SYSTEM, now=now)
    if made:
        say(f"{len(made)} services published")
    _places(now, say)


def _posts(now: datetime) -> None:
    before = {p.code: (p.name, p.level, p.acts) for p in Post.objects.all()}
    for code, post in read("posts.yaml")["posts"].items():
        if before.get(code) != (post["name"], post["level"], post["acts"]):
            identity.put_post(
                code=code, name=post["name"], level=post["level"], acts=post["acts"], by=SYSTEM, now=now
            )


SHOWN = ("name", "address", "phone", "hours", "lon", "lat")  # what may change of a unit


@transaction.atomic
def _units(now: datetime) -> int:
    """Put the units that are new or otherwise than in the file; return how many. One left out of the file stays."""
    data = read("units.yaml")
    known = {unit.code: unit for unit in Unit.objects.select_related("parent")}
    rows = [(data["bureau"], "", Unit.BUREAU, 0)]
    for branch in data["branches"]:
        rows.append((branch, data["bureau"]["code"], Unit.BRANCH, branch["org"]))
        rows += [(station, branch["code"], Unit.STATION, branch["org"]) for station in branch["stations"]]
    changed = 0
    for row, parent, level, org_id in rows:
        code, shown = row["code"], {name: (data if name == "hours" else row)[name] for name in SHOWN}
        unit = known.get(code)
        if unit is not None:
            _stays_in_place(unit, parent, level, org_id)
            if all(getattr(unit, name) == value for name, value in shown.items()):
                continue
        identity.put_unit(code=code, org_id=org_id, level=level, parent=parent, by=SYSTEM, now=now, **shown)
        changed += 1
    return changed


def _stays_in_place(unit: Unit, parent: str, level: str, org_id: int) -> None:
    """Raise WrongCity for a unit that the file has elsewhere: matters and officers hold where it is."""
    is_there = unit.parent.code if unit.parent else ""
    if (is_there, unit.level, unit.org_id) != (parent, level, org_id):
        path = Path(settings.CITY_DIR) / "units.yaml"
        raise WrongCity(
            f"{path}: unit {unit.code} is a {unit.level} below {is_there!r} in district {unit.org_id} and cannot"
            " move; give the new unit a code of its own"
        )


def _places(now: datetime, say: Say) -> None:
    """Put the places where people are seen and the terms of booking, and open the days within reach.

    What a place's supervisor has set since (capacity, closed days) stays; a place that is there is left as it is.
    """
    booking.publish_terms(read("booking.yaml"), by=SYSTEM, now=now)
    data, known = read("places.yaml"), {place.code for place in visits.places()}
    new = [place for place in data["places"] if place["code"] not in known]
    for place in new:
        offers = [(o["service"], o["title"], o["minutes"]) for o in place.get("offers", data["kinds"][place["kind"]])]
        booking.put_place(
            code=place["code"], unit_code=place["unit"], kind=place["kind"], name=place["name"],
            address=place["address"], lon=place["lon"], lat=place["lat"], hours=place.get("hours", data["hours"]),
            slot_min=place.get("slot_min", data["slot_min"]), counters=place["counters"], offers=offers,
            demo=data.get("demo", False), by=SYSTEM, now=now,
        )  # fmt: skip
    if new:
        say(f"{len(new)} places to book, {booking.open_all_days(now)} slots")


def _calendar(now: datetime) -> None:
    data = read("calendar.yaml")
    newest = Calendar.objects.order_by("-revision").first()
    off, made_up = _days(data["days_off"]), _days(data["made_up"])
    if newest is not None and newest.known_until >= data["known_until"]:
        return
    publishing.publish_calendar(
        known_until=data["known_until"], days_off=off, made_up=made_up, source=data["source"], by=SYSTEM, now=now
    )


def _days(years: Mapping[int, list[str]]) -> list[date]:
    return [date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days]
