"""No page escapes the eyes: each stands in the table of pages, is reached by links, or says who looks at it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from django.urls import URLPattern, URLResolver, get_resolver, resolve

JOURNEYS = Path(__file__).resolve().parents[1] / "journeys"
SAMPLES = {"hall": "hc-yantian", "full_day": "2026-12-01", "closed_day": "2026-12-01", "day": "2026-12-01"}
AN_ID = "00000000-0000-7000-8000-000000000000"


def methods(view: Callable[..., Any] | None) -> list[str]:
    """Return the methods that a view's decorators let in; none where they do not say."""
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        for name, cell in zip(names, getattr(view, "__closure__", None) or (), strict=False):
            if name == "request_method_list":
                return list(cell.cell_contents)
        view = getattr(view, "__wrapped__", None)
    return []


def pages(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Yield the name of each address that is asked for with GET and ends in no file."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from pages(one.url_patterns, f"{one.namespace}:" if one.namespace else space)
        elif (
            one.name
            and "GET" in (methods(one.callback) or ["GET"])
            and not re.search(r"\.[a-z:<>-]+$", str(one.pattern))
        ):
            yield f"{space}{one.name}"


def table() -> set[str]:
    """Return the names of the pages in pages.yaml."""
    listed = yaml.safe_load((JOURNEYS / "pages.yaml").read_text(encoding="utf-8"))
    addresses = {address.split("?")[0] for of in listed.values() for address in of} - {"/no-such-page/"}
    filled = (
        re.sub(r"{(\w+)}", lambda m: SAMPLES.get(m[1], "x1" if "wechat" in m[1] else AN_ID), a) for a in addresses
    )
    return {resolve(address).view_name for address in filled}


def test_every_page_is_looked_at_or_says_why_not() -> None:
    said = yaml.safe_load((JOURNEYS / "reached.yaml").read_text(encoding="utf-8"))
    elsewhere = [name for one in said["elsewhere"] for name in one["names"]]
    seen = [*table(), *said["linked"], *elsewhere]
    there = {name for name in pages(get_resolver().url_patterns) if not name.startswith("api:")}
    assert sorted(there - set(seen)) == [], (
        "looked at by nobody: add it to pages.yaml, or to reached.yaml with a reason"
    )
    assert sorted({*said["linked"], *elsewhere} - there) == [], "listed in reached.yaml, but there is no such page"
    assert sorted(name for name in set(seen) if seen.count(name) > 1) == [], "listed twice"


def test_what_only_takes_a_form_is_no_page() -> None:
    names = set(pages(get_resolver().url_patterns))
    assert "citizen:me" in names
    assert not names & {"citizen:rate", "citizen:paper", "citizen:visit_file", "identity:use_passkey"}
