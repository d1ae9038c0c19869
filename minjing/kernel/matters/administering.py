"""What the system administrator does: publish what the files of the catalogue hold, and the days of a calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import yaml
from django.conf import settings

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters import catalog, publishing, queries
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.models import Calendar, Procedure
from minjing.kernel.matters.publishing import CALENDARS, CATALOGUE, Published, require
from minjing.kernel.matters.schema import Body, Text

FILE = "file"  # the name of what the files hold, beside the numbers of published versions


# ---- the catalogue --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the files hold that is not published yet, by code, and what speaks against publishing it."""

    bodies: Mapping[str, Body]
    wrong: Sequence[str]


def waiting(by: Actor) -> Waiting:
    """Return what the files hold that is not published yet. Raises NotAllowed."""
    require(by, CATALOGUE)
    posts = {post.code for post in people.posts()}
    try:
        bodies = catalog.load(city=_city(), posts=posts)
    except catalog.WrongFile as wrong:
        return Waiting({}, [str(wrong)])
    published = {row.code: row.sha256 for row in queries.versions() if row.valid_to is None}
    found = {
        body.service.code: body for body in bodies if catalog.fingerprint(body) != published.get(body.service.code)
    }
    return Waiting(found, catalog.lint(found.values(), posts) if found else [])


def _city() -> Mapping[str, Any]:
    """Return what the city decides for itself, as its file says."""
    path = settings.CITY_DIR / "city.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else {}


def publish_waiting(code: str, *, by: Actor, now: datetime) -> list[Published]:
    """Publish what the files hold, one service or ("") all; running matters keep the version they began under.

    What is published already is not published again. Raises NotAllowed, Unknown, Wrong where the files do not do.
    """
    found = waiting(by)
    if code and code not in found.bodies and not queries.versions(code):
        raise Unknown
    against = [said for said in found.wrong if not code or not found.bodies or said.startswith(f"{code}:")]
    if against:
        raise Wrong({"code": Text(zh=f"未发布：{against[0]}", en=f"Not published: {against[0]}")})
    chosen = [body for key, body in found.bodies.items() if not code or key == code]
    return publishing.publish(chosen, by=by, now=now)


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one service, and the difference between two of them in words; `new` may be the files'."""

    rows: Sequence[Procedure]
    waiting: Body | None
    running: Mapping[UUID, int]  # open matters, by version
    old: str
    new: str
    compared: bool
    differences: Sequence[Text]

    @property
    def names(self) -> list[str]:
        """Return what can be compared, the newest first."""
        return [*([FILE] if self.waiting else []), *(str(row.version) for row in self.rows)]


def versions(code: str, *, old: str = "", new: str = "", by: Actor) -> Versions:
    """Return the versions of a service and compare two, by default the newest with the one before it.

    Raises NotAllowed, Unknown.
    """
    held, rows = waiting(by).bodies.get(code), queries.versions(code)
    if not rows and held is None:
        raise Unknown
    names = [str(row.version) for row in rows]
    new = new or (FILE if held else (names[0] if names else ""))
    before = names[0] if new == FILE and names else (names[1] if len(names) > 1 else "")
    old = old or before
    ids = {str(row.version): row.id for row in rows}
    side = {name: queries.body(ids[name]) for name in (old, new) if name in ids}
    if held is not None:
        side[FILE] = held
    compared = old in side and new in side and old != new
    differences = catalog.diff(side[old], side[new], post_names()) if compared else []
    return Versions(rows, held, queries.running_on(code), old, new, compared, differences)


def post_names() -> dict[str, Text]:
    """Return what the city's posts are called, by code."""
    return {post.code: Text(**post.name) for post in people.posts()}


# ---- calendars ------------------------------------------------------------------------------------------


def announce_days(
    *, known_until: date, days_off: Sequence[date], made_up: Sequence[date], source: str, by: Actor, now: datetime
) -> tuple[Calendar, int]:
    """Publish the days that a notice announces, added to those known; return the revision and how many matters moved.

    Raises NotAllowed; Wrong for days that change nothing, a calendar that is known already, or no source.
    """
    require(by, CALENDARS)
    newest = queries.calendars()[0]
    errors = _wrong_days(newest, known_until, days_off, made_up)
    if not source.strip():
        errors["source"] = Text(zh="请写明通知的文号或名称。", en="Name the notice that says so.")
    if errors:
        raise Wrong(errors)
    revision = publishing.publish_calendar(
        known_until=known_until,
        days_off=sorted({date.fromisoformat(day) for day in newest.days_off} | set(days_off)),
        made_up=sorted({date.fromisoformat(day) for day in newest.made_up} | set(made_up)),
        source=source.strip()[:200],
        by=by,
        now=now,
    )
    return revision, publishing.recompute_provisional(by=by, now=now)


def _wrong_days(
    newest: Calendar, known_until: date, days_off: Sequence[date], made_up: Sequence[date]
) -> dict[str, Text]:
    errors: dict[str, Text] = {}
    if known_until <= newest.known_until:
        errors["known_until"] = Text(
            zh=f"须晚于现行日历的截止日 {newest.known_until}。",
            en=f"It must lie after the present calendar’s end, {newest.known_until}.",
        )
    worked = [day for day in days_off if day.weekday() >= 5]
    if worked:
        errors["days_off"] = Text(zh=f"{worked[0]} 是周末，本来就休息。", en=f"{worked[0]} is a weekend day already.")
    free = [day for day in made_up if day.weekday() < 5]
    if free:
        errors["made_up"] = Text(zh=f"{free[0]} 不是周末，本来就上班。", en=f"{free[0]} is no weekend day.")
    return errors
