"""Reading the ledger: its head, proofs, what concerns a person, and whether all of it still holds together."""

from minjing.kernel.ledger.queries.disclosure import Disclosure, disclosure, is_about, promise_for
from minjing.kernel.ledger.queries.export import CannotExport, export
from minjing.kernel.ledger.queries.read import (
    Found,
    Head,
    Proof,
    about,
    checkpoints,
    entry_of,
    head,
    index_of,
    lag_s,
    proof,
    public_entry_of,
    receipt,
    search,
)
from minjing.kernel.ledger.queries.verify import Fault, Report, verify

__all__ = [
    "CannotExport",
    "Disclosure",
    "Fault",
    "Found",
    "Head",
    "Proof",
    "Report",
    "about",
    "checkpoints",
    "disclosure",
    "entry_of",
    "export",
    "head",
    "index_of",
    "is_about",
    "lag_s",
    "promise_for",
    "proof",
    "public_entry_of",
    "receipt",
    "search",
    "verify",
]
