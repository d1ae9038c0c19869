"""The words, figures and signature pieces that every page uses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from minjing.base import idnumber, names
from minjing.base.clock import CHINA
from minjing.base.clock import now as present
from minjing.kernel.matters import rules
from minjing.kernel.matters.schema import Body, Text
from minjing.portals.frame.kinds import kind_in_words
from minjing.portals.frame.language import is_english, pick, short_name
from minjing.portals.frame.language import office as post_in_unit
from minjing.portals.frame.language import t as words

register = template.Library()

LIGHTS = {
    "green": ("正常", "On time"),
    "yellow": ("即将到期", "Due soon"),
    "red": ("已超期", "Overdue"),
    "paused": ("已暂停计时", "Clock paused"),
    "done": ("已办结", "Closed"),
}
SHAPES = {
    "green": '<circle cx="6" cy="6" r="5.5"/>',
    "yellow": '<path d="M6 0.5 12 11.5H0z"/>',
    "red": '<rect x="0.5" y="0.5" width="11" height="11"/>',
    "paused": '<path d="M1 1h4v10H1zM7 1h4v10H7z"/>',
    "done": '<path d="M1 6.5 4.5 10 11 2.5" fill="none" stroke="currentColor" stroke-width="2"/>',
}
PAUSES = {
    "supplement": ("等待补正材料", "waiting for your papers"),
    "originals": ("等待您带原件核对", "waiting for you to show the originals"),
    "collection": ("等待您领取", "waiting to be collected"),
    "visit": ("等待您改约到场", "waiting for your new visit"),
    "carrier": ("正在邮寄", "in the post"),
    "payment": ("等待缴费", "waiting for the fee"),
}


class Words(template.Node):
    """A pair of words in a page: the one that is read is looked up and no other."""

    def __init__(self, zh: FilterExpression, en: FilterExpression, name: str) -> None:
        self.zh, self.en, self.name = zh, en, name

    def render(self, context: template.Context) -> str:
        """Return the reader's words, or keep them under the name."""
        said = (self.en if is_english() else self.zh).resolve(context)
        if not self.name:
            return conditional_escape(said) if context.autoescape else str(said)
        context[self.name] = said
        return ""


@register.tag
def t(parser: Parser, token: Token) -> Words:
    """Say something in the reader's language: `{% t "编号" "Number" %}`, or `… as name` to keep it.

    A node of its own: pages have a hundred of them and more, and a tag of Django's `simple_tag` takes twice the time.
    """
    match token.split_contents():
        case [_, zh, en]:
            name = ""
        case [_, zh, en, "as", name]:
            pass
        case _:
            raise template.TemplateSyntaxError("t takes the Chinese, the English, and perhaps `as name`")
    return Words(parser.compile_filter(zh), parser.compile_filter(en), name)


@register.filter
def text(value: Any) -> str:
    """Return the reader's words of a pair {zh, en}."""
    return pick(value)


@register.filter
def kind(value: str) -> str:
    """Say what a ledger entry of this kind records."""
    return pick(kind_in_words(value))


@register.filter
def short(value: Any) -> str:
    """Write a unit in a narrow column: in English by its short name, in Chinese in full, as it fits."""
    return short_name(value)["en"] if value and is_english() else pick(value)


@register.simple_tag
def office(unit: Any, post: Any) -> str:
    """Say a post with its unit, so that the level is said once."""
    return post_in_unit(unit, post)


@register.filter
def day(value: date | datetime | str | None) -> str:
    """Write a day as in a sentence: 2026年11月23日，23 November 2026."""
    found = _day(value)
    if found is None:
        return ""
    if is_english():
        return f"{found.day} {found:%B} {found.year}"
    return f"{found.year}年{found.month}月{found.day}日"


@register.filter
def iso(value: date | datetime | str | None) -> str:
    """Write a day as in a table: 2026-11-23."""
    found = _day(value)
    return found.isoformat() if found else ""


@register.filter
def moment(value: datetime | None) -> str:
    """Write an instant: 2026年11月23日 14:05, 23 November 2026, 14:05."""
    if value is None:
        return ""
    local = value.astimezone(CHINA)
    return f"{day(local)}, {local:%H:%M}" if is_english() else f"{day(local)} {local:%H:%M}"


@register.filter
def deadline(value: datetime | None) -> str:
    """Show the instant by which something must be done; midnight as the end of the day before, as people say it."""
    if value is None or value.astimezone(CHINA).time() != time.min:
        return moment(value)
    last = value.astimezone(CHINA).date() - timedelta(days=1)
    return words(f"{day(last)} 24:00", f"the end of {day(last)}")


@register.filter
def lately(value: datetime | None) -> str:
    """Write an instant of today by the hour, any other in full: 10:32."""
    if value is None:
        return ""
    local = value.astimezone(CHINA)
    return f"{local:%H:%M}" if local.date() == present().astimezone(CHINA).date() else moment(value)


@register.filter
def stamp(value: datetime | None) -> str:
    """Write an instant as in a table: 2026-11-23 14:05."""
    return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}" if value else ""


def _day(value: date | datetime | str | None) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return value


@register.filter
def fen(value: int | None) -> str:
    """Write an amount of money: ¥20.00; nothing to pay is said in words."""
    if not value:
        return words("不收费", "No fee")
    return f"¥{value // 100:,}.{value % 100:02d}"


@register.filter
def yuan(value: int | None) -> str:
    """Write an amount of fen in yuan without its sign, nought included: 20.00."""
    amount = int(value or 0)
    return f"{'−' if amount < 0 else ''}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


@register.filter
def mask_name(value: str) -> str:
    """Write a name where it is not needed: 林*夫."""
    return names.mask(value or "")


@register.filter
def mask_id(value: str) -> str:
    """Write an ID number where it is not needed: 4403************1X."""
    return idnumber.mask(value or "")


@register.filter
def stars(value: int | None) -> SafeString:
    """Show a rating of one to five."""
    given = int(value or 0)
    spoken = words(f"{given} 星（满分 5 星）", f"{given} of 5 stars")
    return format_html(
        '<span class="stars" role="img" aria-label="{}">{}</span>', spoken, "★" * given + "☆" * (5 - given)
    )


@register.filter
def limit(value: Any) -> str:
    """Write a time limit: 20 个工作日，on the spot."""
    amount = value["value"] if isinstance(value, Mapping) else value.value
    unit = value["unit"] if isinstance(value, Mapping) else value.unit
    if not amount:
        return words("当场办结", "On the spot")
    many = "" if amount == 1 else "s"
    return {
        "workday": words(f"{amount} 个工作日", f"{amount} working day{many}"),
        "day": words(f"{amount} 天", f"{amount} day{many}"),
        "hour": words(f"{amount} 小时", f"{amount} hour{many}"),
    }[str(unit)]


@register.simple_tag
def service_options(services: Iterable[Body], chosen: str) -> SafeString:
    """Offer the services to choose one of, in the reader's language: some 200 lines on every queue."""
    english = is_english()
    lines = (
        _option(service.code, service.title.en if english else service.title.zh, service.code == chosen)
        for service in (body.service for body in services)
    )
    return SafeString("".join(lines))


# The lines are the same for everybody: room for 250 services in two languages, chosen or not.
@lru_cache(maxsize=1_024)
def _option(code: str, title: str, is_chosen: bool) -> SafeString:
    selected = SafeString(" selected" if is_chosen else "")
    return format_html('<option value="{}"{}>{}</option>', code, selected, title)


# ---- signature pieces -----------------------------------------------------------------------------------


@register.simple_tag
def light(matter: Any, at: datetime | None = None) -> SafeString:
    """Show a light: shape, colour and word; `matter` is a snapshot or the name of the light."""
    name = matter if isinstance(matter, str) else rules.light(matter, at or present())
    return _drawn(name, words(*LIGHTS[name]))


@lru_cache  # five lights in two languages, fifty of them in a list
def _drawn(name: str, word: str) -> SafeString:
    return format_html(
        '<span class="light light-{}">'
        '<svg viewBox="0 0 12 12" aria-hidden="true" fill="currentColor">{}</svg>{}</span>',
        name,
        mark_safe(SHAPES[name]),  # noqa: S308 - our own drawing
        word,
    )


@register.simple_tag
def clock(matter: rules.Snapshot, at: datetime | None = None) -> SafeString:
    """Show the clock chip: the light, what remains, to which instant, and why it rests or is provisional."""
    now = at or present()
    name = rules.light(matter, now)
    parts = [_remaining(matter, name, now)]
    if matter.due_provisional and name != "done":
        parts.append(words("暂定，次年放假安排公布后重算", "provisional until next year’s holidays are published"))
    if matter.extension_days:
        parts.append(
            words(f"已延长 {matter.extension_days} 个工作日", f"extended by {matter.extension_days} working days")
        )
    return format_html(
        '<span class="chip light-{} {}">{} {}</span>',
        name,
        "paused" if name == "paused" else "",
        light(name),
        format_html_join("", "<small>{}</small>", ((part,) for part in parts if part)),
    )


def _remaining(matter: rules.Snapshot, name: str, now: datetime) -> str:
    if name == "done":
        return moment(matter.closed_at)
    if name == "paused":
        since = day(matter.paused_since)
        why = words(*PAUSES.get(matter.pause_reason, ("", "")))
        return words(f"自 {since} 起，{why}", f"since {since}, {why}")
    from minjing.kernel.matters import queries

    due = deadline(matter.due_at)
    left = queries.calendar().to_work(matter.due_at) - queries.calendar().to_work(now)
    span = _span(abs(left), queries.calendar().day_s, _most_days(queries.body_of(matter), matter))
    if left < 0 or name == "red":
        return words(f"应于 {due} 前办结，已超 {span.zh}", f"was due by {due}, {span.en} late")
    return words(f"还剩 {span.zh}，{due} 前办结", f"{span.en} left, due by {due}")


def _most_days(body: Body, matter: rules.Snapshot) -> int | None:
    """Return the working days that a limit in working days gives, with what it was extended by; None for others.

    The day of submission is day 0 (行政许可法 art. 82 with 民法典 art. 201): what is left of it is no day more.
    """
    given = body.service.limit
    return given.value + matter.extension_days if given.unit == "workday" and given.value else None


def _span(work_s: int, day_s: int, most: int | None) -> Text:
    """Return office time in words: whole working days, at most `most`; hours below one day."""
    days, hours = work_s // day_s, work_s % day_s // 3600
    if days:
        days = days if most is None else min(days, most)
        return Text(zh=f"{days} 个工作日", en=f"{days} working day{'' if days == 1 else 's'}")
    return Text(zh=f"{hours} 小时", en=f"{hours} h") if hours else Text(zh="不到 1 小时", en="less than 1 h")


@register.inclusion_tag("frame/parts/stations.html")
def stations(line: Iterable[rules.Station], direction: str = "across") -> dict[str, Any]:
    """Show the line of stations: done, here, next; pauses dotted with their reason."""
    from minjing.kernel.matters import queries

    units = queries.units()
    shown = [
        {
            "station": s,
            "unit": units[s.unit_id].name if s.unit_id in units else None,
            "pause": words(*PAUSES[s.paused_reason]) if s.paused_reason in PAUSES else "",
            "bad": s.outcome not in ("", "approved", "answered", "referred"),
        }
        for s in line
    ]
    return {"line": shown, "direction": direction if len(shown) <= 6 else "down", "english": is_english()}


SHIELD = SafeString(
    '<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8">'
    '<path d="M12 2l8 4v6c0 5-3.5 8.5-8 10-4.5-1.5-8-5-8-10V6z"/><path d="M8 12l3 3 5-6"/></svg>'
)


@register.simple_tag
def shield() -> SafeString:
    """Draw the seal of proof."""
    return SHIELD


@register.simple_tag
def seal(entry_id: Any) -> SafeString:
    """Show the seal of proof: it stands in the ledger; one tap opens the entry in plain words."""
    if not entry_id:
        return SafeString("")
    return format_html(
        '<a class="seal" href="/open/ledger/entry/{}">{}<span>{}</span></a>',
        entry_id,
        SHIELD,
        words("已入公开账本", "In the public ledger"),
    )


@register.inclusion_tag("frame/parts/hexes.html")
def hexes(cells: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Show the honeycomb: a hexagon a unit with its name, number and light.

    A cell is {name: {zh, en}, number, light: green|yellow|red|empty, href, note}.
    """
    listed = list(cells)
    columns = max(3, min(8, math.ceil(math.sqrt(len(listed) * 1.6)))) if listed else 1
    width, height, radius = 104, 90, 58
    drawn = []
    for position, cell in enumerate(listed):
        row, column = divmod(position, columns)
        x = 60 + column * width + (width // 2 if row % 2 else 0)
        y = 64 + row * height
        points = " ".join(
            f"{x + radius * math.sin(math.pi / 3 * k):.1f},{y - radius * math.cos(math.pi / 3 * k):.1f}"
            for k in range(6)
        )
        drawn.append({**cell, "x": x, "y": y, "points": points, "up": y - 6, "down": y + 22, "light_y": y - 28})
    rows = math.ceil(len(listed) / columns) if listed else 0
    return {
        "cells": drawn,
        "width": 60 + columns * width + width // 2,
        "height": 128 + max(0, rows - 1) * height,
        "english": is_english(),
    }
