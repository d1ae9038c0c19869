"""Where modules plug into the resident's pages. Filled in each `apps.ready()`; a module that is left out is missed
by nobody: its button is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minjing.kernel.identity.actor import Actor
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page of a module about oneself, in the list on the page "me": its address, its words, a line below."""

    address: str
    title: Text
    about: Text


# What a module shows beside one's own matter: the values for its template; nothing for an empty mapping.
Beside = Callable[[Snapshot, Actor, datetime], Mapping[str, Any]]
OWN_PAGES: list[OwnPage] = []
# First letters of codes → template and who fills it.
BESIDE: dict[str, tuple[str, Beside]] = {}
# Code of a service → name of the address where it begins, when that is not its form.
BEGINS: dict[str, str] = {}
# The one address behind "I want to know more", which takes the id of the look's entry.
_ask_about_look: list[str] = []


def begins_at(code: str, address: str) -> None:
    """Let a service begin elsewhere than with the first page of its form."""
    BEGINS[code] = address


def ask_about_look(address: str) -> None:
    """Register the page on which a resident asks about one look at their data."""
    _ask_about_look[:] = [address]


def asking_address() -> str:
    """Return the name of that page's address, "" when no module has one."""
    return _ask_about_look[0] if _ask_about_look else ""


def own_page(address: str, *, title: Text, about: Text) -> None:
    """Show a page of a module in the list on the page "me"."""
    OWN_PAGES[:] = [page for page in OWN_PAGES if page.address != address] + [OwnPage(address, title, about)]


def beside_matter(codes: str, template: str, fill: Beside) -> None:
    """Show a module's piece on the page of one's own matter, for services whose codes begin with `codes`."""
    BESIDE[codes] = (template, fill)


def beside(matter: Snapshot, by: Actor, now: datetime) -> tuple[str, Mapping[str, Any]]:
    """Return template and values of what stands beside a matter; two empties where nothing does."""
    for codes, (template, fill) in BESIDE.items():
        if matter.code.startswith(codes) and (values := fill(matter, by, now)):
            return template, values
    return "", {}
