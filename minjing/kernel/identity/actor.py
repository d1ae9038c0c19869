"""Who acts: an account with the posts it holds at this moment, as plain frozen data."""

from dataclasses import dataclass
from uuid import UUID

RESIDENT, OFFICER, SYSTEM_KIND = "resident", "officer", "system"


@dataclass(frozen=True, slots=True)
class Holding:
    """One post held now in one unit; a deputy's holding names the holder and may be limited to some services."""

    post: str
    unit_id: int
    unit_path: str  # ids from the root, each followed by a dot: "1.4.27."
    level: str
    org_id: int
    acts: frozenset[str] = frozenset()
    deputy_for: UUID | None = None
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who asks. `name` is the resident's own or the officer's public one; `level` is the identity level.

    The level is the one that holds in this sign-in and this browser; `evidence` names the check behind 3 and 4.
    """

    account_id: UUID
    kind: str
    person_id: UUID | None = None
    name: str = ""
    police_number: str = ""
    level: int = 1
    language: str = "zh-hans"
    holdings: tuple[Holding, ...] = ()
    evidence: UUID | None = None

    @property
    def is_officer(self) -> bool:
        """Say whether an officer acts."""
        return self.kind == OFFICER

    @property
    def is_resident(self) -> bool:
        """Say whether a resident acts."""
        return self.kind == RESIDENT


# Clocks, sweeps and migrations act in this name; it has no way to sign in.
SYSTEM = Actor(UUID(int=0), SYSTEM_KIND, level=4)
