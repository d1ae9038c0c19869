"""What a look at the register is asked for with: a day, and the open matter that stands behind it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils.dateparse import parse_date

from minjing.base.clock import local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import Wrong
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.rules import Snapshot


def in_hand(ref: str, by: Actor, at: datetime) -> Snapshot | None:
    """Return the open matter that this officer has claimed; None where there is none, and a reason is needed."""
    try:
        matter = matters.matter(ref, by, at) if ref else None
    except Unknown:
        return None
    return matter if matter and matter.claimed_by == by.account_id and matter.closed_at is None else None


def id_of(matter: Snapshot | None) -> UUID | None:
    """Return the id of a matter, if there is one."""
    return matter.id if matter else None


def day_of(text: str, at: datetime) -> date:
    """Return the day that was typed, today for none. Raises Wrong for what is no day, or lies ahead."""
    today = local_day(at)
    if not text:
        return today
    try:
        day = parse_date(text) if len(text) == len("2026-11-29") else None
    except ValueError:
        day = None
    if day is None or day > today:
        words = {
            "zh": "请填写今天或以前的日期，例如 2020-01-01。",
            "en": "Give a day up to today, such as 2020-01-01.",
        }
        raise Wrong("day", words, "day")
    return day
