"""The slip of a visit: its QR code, and days and times arranged for the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from minjing.base.clock import CHINA
from minjing.kernel.booking.models import Visit
from minjing.kernel.booking.queries import DayFree
from minjing.kernel.booking.rules import Free
from minjing.portals.frame.language import t


def qr(visit: Visit) -> SafeString:
    """Return the QR code that the machine in the hall and the counter read; it carries the code alone."""
    drawn = drawing(visit).svg_inline(scale=6, border=4, svgclass="qr", lineclass=None, omitsize=True)
    return mark_safe(str(drawn))  # noqa: S308 - our own drawing of our own code


def drawing(visit: Visit) -> Any:
    """Return the code as a QR code proper: phones and most readers know no Micro QR."""
    import segno

    return segno.make_qr(visit.code, error="m")


def weeks(days: Sequence[DayFree]) -> list[dict[str, Any]]:
    """Return the days under the Monday of their week."""
    found: dict[date, list[DayFree]] = {}
    for day in days:
        found.setdefault(day.day - timedelta(days=day.day.weekday()), []).append(day)
    return [{"monday": monday, "days": listed} for monday, listed in found.items()]


def halves(free: Iterable[Free]) -> list[dict[str, Any]]:
    """Return the times before noon and after it, each as 09:00 with how many visits still fit."""
    found: dict[bool, list[dict[str, Any]]] = {}
    for f in free:
        local = f.starts_at.astimezone(CHINA)
        found.setdefault(local.hour >= 12, []).append(
            {"start": f.starts_at.isoformat(), "at": f"{local:%H:%M}", "visits": f.visits, "few": f.visits <= 2}
        )
    return [
        {"title": t("下午", "Afternoon") if late else t("上午", "Morning"), "times": times}
        for late, times in sorted(found.items())
    ]
