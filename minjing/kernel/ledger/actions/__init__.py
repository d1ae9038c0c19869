"""Writing to the ledger: an act's entry, the sequencer's step, an erasure, a move to another cluster."""

from minjing.kernel.ledger.actions.append import Entry, append, entry, together
from minjing.kernel.ledger.actions.erasure import erase_person
from minjing.kernel.ledger.actions.keeping import (
    CannotRotate,
    confirm_key,
    initialise,
    propose_key,
    publish_policy,
    set_guard,
)
from minjing.kernel.ledger.actions.promise import Promised, keeping, promise_of, promised
from minjing.kernel.ledger.actions.rebuilding import rebuild_folder
from minjing.kernel.ledger.actions.sequence import Doubt, adopt, drain, run_sequencer, sequence_once

__all__ = [
    "CannotRotate",
    "Doubt",
    "Entry",
    "Promised",
    "adopt",
    "append",
    "confirm_key",
    "drain",
    "entry",
    "erase_person",
    "initialise",
    "keeping",
    "promise_of",
    "promised",
    "propose_key",
    "publish_policy",
    "rebuild_folder",
    "run_sequencer",
    "sequence_once",
    "set_guard",
    "together",
]
