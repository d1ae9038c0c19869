"""Who must not handle a question about a look: pure."""

from dataclasses import dataclass
from uuid import UUID

from minjing.kernel.identity.actor import Actor

CODE = "DC0101"

# The posts of the inspectorate: an office of its own, also where its people are counted to the bureau's unit.
INSPECTION = frozenset({"inspector", "supervisor", "branch_supervisor"})


@dataclass(frozen=True, slots=True)
class LookAsked:
    """Who looked, as the ledger has it: the account, the office, and whom they stood in for."""

    by: UUID
    unit_id: int | None
    post: str
    deputy_for: UUID | None = None


def is_concerned(look: LookAsked, by: Actor) -> bool:
    """Say whether `by` looked, stood behind the one who did, or serves in the same office.

    The idea is recusal (公安机关办理行政案件程序规定 art. 17); that a whole office keeps out is this platform's rule.
    """
    parties = {look.by, look.deputy_for} - {None}
    if by.account_id in parties or any(held.deputy_for in parties for held in by.holdings):
        return True
    inspection = look.post in INSPECTION
    return any(h.unit_id == look.unit_id and (h.post in INSPECTION) == inspection for h in by.holdings)
