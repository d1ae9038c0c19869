"""Writing to the ledger: an act's entry, the sequencer's step, an erasure, a move to another cluster."""

from minjing.kernel.ledger.actions.append import Entry, append, entry
from minjing.kernel.ledger.actions.erasure import erase_person
from minjing.kernel.ledger.actions.sequence import Doubt, adopt, drain, run_sequencer, sequence_once

__all__ = [
    "Doubt",
    "Entry",
    "adopt",
    "append",
    "drain",
    "entry",
    "erase_person",
    "run_sequencer",
    "sequence_once",
]
