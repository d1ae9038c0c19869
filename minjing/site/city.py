"""A city's folder, read into the database: units, posts, working days, the services as this city has them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Post, Unit
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.matters import catalog, publishing
from minjing.kernel.matters.models import Calendar

Say = Callable[[str], None]


class WrongCity(Exception):
    """A file of the city's folder that cannot be used."""


def read(name: str) -> dict[str, Any]:
    """Return the file `name` of the city's folder."""
    path = Path(settings.CITY_DIR) / name
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # noqa: S506 - the safe one
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
    """Bring posts, units, working days and services up to date; what is there already stays as it is."""
    _posts(now)
    if not Unit.objects.exists():
        say(f"{_units(now)} units of {facts()['police']['zh']}")
    _calendar(now)
    made = publishing.publish(catalog.load(city=facts()), by=SYSTEM, now=now)
    if made:
        say(f"{len(made)} services published")


@transaction.atomic
def _posts(now: datetime) -> None:
    posts = read("posts.yaml")["posts"]
    before = {p.code: (p.name, p.level, p.acts) for p in Post.objects.all()}
    changed = {code: p for code, p in posts.items() if before.get(code) != (p["name"], p["level"], p["acts"])}
    for code, post in changed.items():
        Post.objects.update_or_create(
            code=code, defaults={"name": post["name"], "level": post["level"], "acts": post["acts"]}
        )
        append(entry("identity:post:set", {"post": code, "acts": post["acts"], "by": SYSTEM.account_id}, at=now))


@transaction.atomic
def _units(now: datetime) -> int:
    data = read("units.yaml")
    hours = data["hours"]
    bureau = _unit(data["bureau"], None, Unit.BUREAU, data["bureau"]["org"], hours)
    made = 1
    for row in data["branches"]:
        branch = _unit(row, bureau, Unit.BRANCH, row["org"], hours)
        stations = [_unit(station, branch, Unit.STATION, row["org"], hours) for station in row["stations"]]
        made += 1 + len(stations)
    append(entry("identity:unit:loaded", {"city": facts()["code"], "units": made, "by": SYSTEM.account_id}, at=now))
    return made


def _unit(row: Mapping[str, Any], parent: Unit | None, level: str, org: int, hours: Mapping[str, str]) -> Unit:
    unit = Unit(
        code=row["code"], org_id=org, level=level, parent=parent, path=f"new {row['code']}", name=row["name"],
        address=row["address"], phone=row["phone"], hours=hours, lon=row["lon"], lat=row["lat"],
    )  # fmt: skip
    unit.save()
    unit.path = f"{parent.path if parent else ''}{unit.pk}."  # the path holds the id that the row has just been given
    unit.save(update_fields=["path"])
    return unit


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
