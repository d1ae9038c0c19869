"""What others hang into files: the right to see a file lies with whoever keeps the matter it belongs to.

Each is filled once, in the `ready()` of the part that owns it; a second registration replaces the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor


class Guard(Protocol):
    """Says whether the actor may see the file, and records the look before any byte leaves."""

    def __call__(self, file_id: UUID, *, by: Actor, now: datetime) -> bool:
        """Return whether `by` may see the file; a look that counts has been written to the ledger by then."""


class Holders(Protocol):
    """Says which files belong to something: a matter, for good, or a draft, for now."""

    def __call__(self, file_ids: Sequence[UUID]) -> Mapping[UUID, Literal["matter", "draft"]]:
        """Return what holds each of these files; those that nothing holds are left out."""


@dataclass
class Plugs:
    """The sockets; one instance serves the process."""

    guard: Guard | None = None
    holders: Holders | None = None
    also: list[Holders] = field(default_factory=list)  # modules with files of no matter

    def held(self, file_ids: Sequence[UUID]) -> dict[UUID, Literal["matter", "draft"]]:
        """Return what holds each of these files, whoever says so."""
        return {
            pk: kind
            for ask in (*self.also, *([self.holders] if self.holders else []))
            for pk, kind in ask(file_ids).items()
        }


plugs = Plugs()


def guard(check: Guard) -> Guard:
    """Register the one that opens files to those who may see them; without one, only the owner sees a file."""
    plugs.guard = check
    return check


def holders(ask: Holders) -> Holders:
    """Register the one that knows what files belong to; without one, no file is ever removed as left over."""
    plugs.holders = ask
    return ask


def also_holds(ask: Holders) -> Holders:
    """Register a module whose own records hold files that belong to no matter, such as photos of an accident."""
    if ask not in plugs.also:
        plugs.also.append(ask)
    return ask
