"""Pictures made on the server: drawn in SVG with classes only, so that they print and need no script."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString, mark_safe

from minjing.base.clock import CHINA
from minjing.kernel.matters.oversight import Week
from minjing.portals.frame.language import t

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 96, 18, 34
# The last label of each line must not lie on another's.
LABEL_GAP = 16


def trend(weeks: Sequence[Week], titles: Sequence[str], summary: str) -> SafeString:
    """Return three lines over the weeks (received, closed, closed in time), each named at its end.

    `titles` are the lines' names and `summary` the sentence that a screen reader says.
    """
    lines = [[w.received for w in weeks], [w.decided for w in weeks], [w.in_time for w in weeks]]
    top = _round_up(max(1, *(value for line in lines for value in line)))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(weeks) - 1)
    parts = [f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(summary)}>']
    parts += _grid(top)
    parts += _weeks(weeks, step)
    ends = _apart([_y(line[-1], top) for line in lines])
    for name, line, title, label_y in zip(("received", "decided", "intime"), lines, titles, ends, strict=True):
        points = " ".join(f"{LEFT + at * step:.1f},{_y(value, top):.1f}" for at, value in enumerate(line))
        x, y = LEFT + (len(line) - 1) * step, _y(line[-1], top)
        parts.append(f'<polyline class="trend-line trend-{name}" points="{points}"/>')
        parts.append(f'<circle class="trend-dot trend-{name}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
        parts.append(
            f'<text class="trend-label trend-{name}" x="{x + 9:.1f}" y="{label_y + 4:.1f}">'
            f"{escape(title)} {line[-1]}</text>"
        )
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308 - made of numbers and escaped titles


ALARM_S = 60  # where the line of the alarm lies in the picture of the lag


def lag(minutes: Sequence[tuple[datetime, float]], summary: str) -> SafeString:
    """Return the lag by the minute, with the line from which it is an alarm; `summary` is what is said instead."""
    top = _round_up(max(ALARM_S, *(int(seconds) + 1 for _, seconds in minutes)))
    first, span = minutes[0][0], max(60.0, (minutes[-1][0] - minutes[0][0]).total_seconds())
    width = WIDTH - LEFT - RIGHT
    places = [(LEFT + width * (at - first).total_seconds() / span, _y(min(s, top), top)) for at, s in minutes]
    parts = [f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(summary)}>']
    parts += _grid(top)
    limit = _y(ALARM_S, top)
    parts.append(f'<line class="trend-alarm" x1="{LEFT}" y1="{limit:.1f}" x2="{WIDTH - RIGHT}" y2="{limit:.1f}"/>')
    beside = f'x="{WIDTH - RIGHT + 9}" y="{limit + 4:.1f}"'
    parts.append(f'<text class="trend-label trend-alarm" {beside}>{_seconds(ALARM_S)}</text>')
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline class="trend-line trend-decided" points="{points}"/>')
    x, y = places[-1]
    parts.append(f'<circle class="trend-dot trend-decided" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    said = _seconds(round(minutes[-1][1], 1))
    parts.append(f'<text class="trend-label trend-decided" x="{x + 9:.1f}" y="{y + 4:.1f}">{said}</text>')
    for at, (place, _) in ((minutes[0][0], places[0]), (minutes[-1][0], places[-1])):
        parts.append(
            f'<text class="trend-week" x="{place:.1f}" y="{HEIGHT - 12}">{at.astimezone(CHINA):%H:%M}</text>'
        )
    parts.append("</svg>")
    return mark_safe("".join(parts))  # noqa: S308 - made of numbers and an escaped sentence


def _seconds(count: float) -> str:
    return t(f"{count} 秒", f"{count} s")


def _y(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top


def _round_up(value: int) -> int:
    """Return a round number at or above `value`, for the top of the scale."""
    size: int = 10 ** (len(str(value)) - 1)
    return next(size * part for part in (1, 2, 4, 5, 10) if size * part >= value)


def _grid(top: int) -> list[str]:
    drawn = []
    for quarter in (0, 0.5, 1):
        value = top * quarter
        if value != int(value):
            continue
        y = _y(int(value), top)
        drawn.append(f'<line class="trend-grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        drawn.append(f'<text class="trend-scale" x="{LEFT - 8}" y="{y + 4:.1f}">{int(value)}</text>')
    return drawn


def _weeks(weeks: Sequence[Week], step: float) -> list[str]:
    return [
        f'<text class="trend-week" x="{LEFT + at * step:.1f}" y="{HEIGHT - 12}">{week.monday:%m-%d}</text>'
        for at, week in enumerate(weeks)
        if (len(weeks) - 1 - at) % 2 == 0
    ]


def _apart(ys: Sequence[float]) -> list[float]:
    """Return the heights of labels moved apart just enough that none covers another, in the order given."""
    order = sorted(range(len(ys)), key=lambda i: ys[i])
    placed = list(ys)
    for before, this in pairwise(order):
        placed[this] = max(placed[this], placed[before] + LABEL_GAP)
    too_low = placed[order[-1]] - (HEIGHT - BOTTOM)
    return [y - too_low for y in placed] if too_low > 0 else placed
