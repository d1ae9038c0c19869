"""The map of restricted roads, drawn as SVG from their lines: no map service, no script."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

WIDTH, MARGIN = 720, 28
GIVEN, NEVER, CHOSEN = "#16479D", "#C3272B", "#1B7F4B"


def svg(roads: Sequence[Mapping[str, Any]], chosen: Collection[str], english: bool, title: str) -> str:
    """Return the picture: one line a road with its number; those with hours without any pass dashed in red."""
    points = [point for road in roads for point in road["line"]]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    scale = (WIDTH - 2 * MARGIN) / (east - west)
    stretch = 1.083  # a degree of latitude against one of longitude at 22.6° north
    height = round((north - south) * scale * stretch + 2 * MARGIN)

    def at(point: Sequence[float]) -> tuple[float, float]:
        return round(MARGIN + (point[0] - west) * scale, 1), round(MARGIN + (north - point[1]) * scale * stretch, 1)

    drawn = [
        _road(number, road, [at(p) for p in road["line"]], road["code"] in chosen, english)
        for number, road in enumerate(roads, 1)
    ]
    return (
        f'<svg class="pass-map" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>'
    )


def _road(
    number: int, road: Mapping[str, Any], line: Sequence[tuple[float, float]], chosen: bool, english: bool
) -> str:
    colour = CHOSEN if chosen else NEVER if road["never"] else GIVEN
    dashed = ' stroke-dasharray="8 5"' if road["never"] and not chosen else ""
    path = " ".join(f"{x},{y}" for x, y in line)
    x, y = line[(len(line) // 2 + number) % len(line)]  # apart, where roads cross
    name = escape(road["en"] if english else road["zh"])
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{5 if chosen else 3.5}"'
        f' stroke-linecap="round" stroke-linejoin="round"{dashed}/>'
        f'<circle cx="{x}" cy="{y}" r="14" fill="#FFFFFF" stroke="{colour}" stroke-width="2.5"/>'
        f'<text x="{x}" y="{y + 6}" text-anchor="middle"><title>{name}</title>{number}</text>'
    )
