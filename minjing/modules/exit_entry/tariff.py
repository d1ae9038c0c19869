"""The module's data as the rules want it: kinds of endorsement, fees by date, limits, grounds. Read once."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from minjing.modules.exit_entry import rules
from minjing.modules.exit_entry.rules import Item, Kind, Period, Platform

DATA = Path(__file__).parent / "data"


@cache
def read(name: str) -> Mapping[str, Any]:
    """Return the file `name` of the data folder."""
    found: Mapping[str, Any] = yaml.load((DATA / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the 36 kinds of endorsement by code."""
    return {row["code"]: _kind(row) for row in read("endorsement_kinds.yaml")["kinds"]}


def _kind(row: Mapping[str, Any]) -> Kind:
    return Kind(
        code=row["code"],
        document=row["document"],
        letter=row["letter"],
        name=(row["name"]["zh"], row["name"]["en"]),
        validity=(row["validity"]["zh"], row["validity"]["en"]),
        months=row["months"],
        trips=row["trips"],
        stay_days=row["stay_days"],
        fees=_periods(row["fees"]),
        by_approval=row.get("by_approval", False),
        registered_here=row.get("registered_here", False),
        renews_online=row.get("renews_online", False),
        source=row["source"],
        confidence=row["confidence"],
    )


def _periods(rows: list[Mapping[str, Any]]) -> tuple[Period, ...]:
    return tuple(Period(row["from"], row["fen"]) for row in rows)


@cache
def platform() -> Platform:
    """Return the platform's own rules."""
    return Platform(**read("limits.yaml")["platform"])


@cache
def fee(name: str) -> tuple[tuple[str, str], tuple[Period, ...]]:
    """Return the title and the periods of a fee: passport, annotation, hk_macao, taiwan, taiwan_single."""
    row = read("fees.yaml")["fees"][name]
    return (row["title"]["zh"], row["title"]["en"]), _periods(row["periods"])


def document_item(name: str, day: date, waiver: str = "") -> Item:
    """Return the line of a bill for a document; KeyError for a fee nobody charges."""
    title, periods = fee(name)
    return Item(name, title, rules.price(periods, day) or 0, waiver=waiver)


def endorsement_item(code: str, day: date, count: int = 1, waiver: str = "") -> Item:
    """Return the line of a bill for `count` endorsements of a kind: one for each destination."""
    kind = kinds()[code]
    title = (f"{kind.name[0]}签注（{kind.validity[0]}）", f"{kind.name[1]}: {kind.validity[1].lower()}")
    return Item(code, title, rules.price(kind.fees, day) or 0, count, waiver)
