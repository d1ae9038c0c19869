"""Where modules hang into the machine. Filled in each `apps.ready()`; who is left out is not missed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from minjing.kernel.matters.schema import Text


class CallHelp(Protocol):
    """Calls somebody to a machine and returns the number of the call."""

    def __call__(self, machine: str, words: str, *, now: datetime, request_id: UUID) -> str: ...


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A service that is issued at once, asked for by a few large buttons: what is asked, what is settled."""

    code: str
    asks: Sequence[str]  # fields with a choice, one a page
    fixed: Mapping[str, Any] = field(default_factory=dict)
    # What follows from what was said: the recipient from the purpose.
    follows: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    leaves_out: frozenset[tuple[str, str]] = frozenset()  # (field, option) that a machine cannot settle


@dataclass(frozen=True, slots=True)
class Tile:
    """A page of a module at the machine, reached by a large target; its address begins with /kiosk/."""

    page: str  # name of its address
    title: Text
    about: Text


_help: list[CallHelp] = []
AT_ONCE: dict[str, AtOnce] = {}
TILES: dict[str, Tile] = {}


def calls_help(call: CallHelp) -> None:
    """Register who comes when the help button is pressed."""
    _help[:] = [call]


def helper() -> CallHelp | None:
    """Return who comes, None when nobody does."""
    return _help[0] if _help else None


def at_once(offer: AtOnce) -> None:
    """Offer a service at the machines."""
    AT_ONCE[offer.code] = offer


def tile(page: str, *, title: Text, about: Text) -> None:
    """Offer a page of a module at the machines."""
    TILES[page] = Tile(page, title, about)
