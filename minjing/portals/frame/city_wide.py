"""The figures of the city-wide counters as the supervisor's page and the open portal both show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString, mark_safe

from minjing.kernel.matters import counter_figures
from minjing.kernel.matters.counter_figures import Line
from minjing.kernel.matters.figures import SMALLEST
from minjing.portals.frame.language import pick, t

WIDTH, ROW, LEFT, RIGHT = 720, 46, 210, 70


def context(now: datetime) -> dict[str, Any]:
    """Return what the table, the chart and the words beside them need."""
    report = counter_figures.report(now)
    shown = [line for line in report.by_class if line.is_shown]
    return {
        "report": report,
        "lines": [report.all, *report.by_class],
        "chart": chart(shown) if shown else "",
        "detour": counter_figures.DETOUR,
        "speed": round(counter_figures.SPEED_KMH),
        "smallest": SMALLEST,
    }


def chart(lines: Sequence[Line]) -> SafeString:
    """Return two bars a class: the measured minutes of now, the modelled ones of before (hatched by its class)."""
    most = max(max(line.before_minutes or 0, line.after_minutes or 0) for line in lines) or 1
    scale = (WIDTH - LEFT - RIGHT) / most
    height = ROW * len(lines) + 34
    said = t("窗口分钟：现在实测，以前为模型", "Minutes at the counter: now measured, before modelled")
    parts = [f'<svg class="trend" viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(said)}>']
    parts.append(f'<rect class="bar-now" x="{LEFT}" y="4" width="14" height="12"/>')
    parts.append(
        f'<text class="trend-label" x="{LEFT + 20}" y="15">{escape(t("现在（实测）", "now (measured)"))}</text>'
    )
    parts.append(f'<rect class="bar-before" x="{LEFT + 190}" y="4" width="14" height="12"/>')
    before = escape(t("以前（模型）", "before (modelled)"))
    parts.append(f'<text class="trend-label" x="{LEFT + 210}" y="15">{before}</text>')
    for at, line in enumerate(lines):
        y = 30 + at * ROW
        name = pick(line.title)
        name = name if len(name) <= 26 else f"{name[:25]}…"
        parts.append(f'<text class="trend-label bar-name" x="{LEFT - 10}" y="{y + 20}">{escape(name)}</text>')
        for offset, kind, minutes in ((0, "now", line.after_minutes), (18, "before", line.before_minutes)):
            if minutes is not None:
                wide = max(2.0, minutes * scale)
                parts.append(f'<rect class="bar-{kind}" x="{LEFT}" y="{y + offset}" width="{wide:.1f}" height="14"/>')
                place = f'x="{LEFT + wide + 8:.1f}" y="{y + offset + 12}"'
                parts.append(f'<text class="trend-scale bar-figure" {place}>{minutes:.0f}</text>')
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308 - made of numbers and escaped titles
