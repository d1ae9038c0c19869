"""What people are told about their visits: times and services put into the words of texts/."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from minjing.base.clock import CHINA
from minjing.kernel.booking.rules import PlaceFacts, grouped
from minjing.kernel.notify import wording

Text = Mapping[str, str]


def when(starts_at: datetime) -> Text:
    """Write an instant as in a sentence, in both languages."""
    local = starts_at.astimezone(CHINA)
    week = "一二三四五六日"[local.weekday()]
    return {
        "zh": f"{local.year}年{local.month}月{local.day}日（周{week}）{local:%H:%M}",
        "en": f"{local:%A}, {local.day} {local:%B} {local.year}, {local:%H:%M}",
    }


def titles(place: PlaceFacts, services: Iterable[str]) -> Text:
    """Return the names of services as this place calls them, in a row."""
    known = [place.offers[s].title if s in place.offers else {"zh": s, "en": s} for s in services]
    return {"zh": "、".join(t["zh"] for t in known), "en": ", ".join(t["en"] for t in known)}


def told(
    template: str,
    place: PlaceFacts,
    *,
    starts_at: datetime,
    services: Iterable[str],
    code: str,
    until: datetime | None = None,
    misses: Text | None = None,
) -> Text:
    """Return what is said with a template's words."""
    values = {
        "place": place.name,
        "when": when(starts_at),
        "services": titles(place, services),
        "code": grouped(code),
        "until": f"{until.astimezone(CHINA):%H:%M}" if until else "",
        "misses": misses or {"zh": "", "en": ""},
    }
    return wording.words(template, "in_app", values)
