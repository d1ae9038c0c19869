"""Writing to the ledger: an act's entry, the sequencer's step, an erasure, a move to another cluster."""

from minjing.kernel.ledger.actions.append import Entry, append, entry
from minjing.kernel.ledger.actions.erasure import erase_person
from minjing.kernel.ledger.actions.keeping import initialise, new_log_key, publish_policy, set_guard
from minjing.kernel.ledger.actions.promise import Promised, keeping, promise_of, promised
from minjing.kernel.ledger.actions.sequence import Doubt, adopt, drain, run_sequencer, sequence_once

__all__ = [
    "Doubt",
    "Entry",
    "Promised",
    "adopt",
    "append",
    "drain",
    "entry",
    "erase_person",
    "initialise",
    "keeping",
    "new_log_key",
    "promise_of",
    "promised",
    "publish_policy",
    "run_sequencer",
    "sequence_once",
    "set_guard",
]
