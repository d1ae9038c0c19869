"""Reading the ledger: its head, proofs, what concerns a person, and whether all of it still holds together."""

from minjing.kernel.ledger.queries.read import (
    Found,
    Head,
    Proof,
    about,
    checkpoints,
    entry_of,
    head,
    lag_s,
    proof,
    search,
)
from minjing.kernel.ledger.queries.verify import Fault, Report, verify

__all__ = [
    "Fault",
    "Found",
    "Head",
    "Proof",
    "Report",
    "about",
    "checkpoints",
    "entry_of",
    "head",
    "lag_s",
    "proof",
    "search",
    "verify",
]
