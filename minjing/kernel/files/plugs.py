"""What others hang into files: the right to see a file lies with whoever keeps the matter it belongs to.

Each is filled once, in the `ready()` of the part that owns it; a second registration replaces the first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor


class Guard(Protocol):
    """Says whether the actor may see the file, and records the look before any byte leaves."""

    def __call__(self, file_id: UUID, *, by: Actor, now: datetime) -> bool:
        """Return whether `by` may see the file; a look that counts has been written to the ledger by then."""


@dataclass
class Plugs:
    """The sockets; one instance serves the process."""

    guard: Guard | None = None


plugs = Plugs()


def guard(check: Guard) -> Guard:
    """Register the one that opens files to those who may see them; without one, only the owner sees a file."""
    plugs.guard = check
    return check
