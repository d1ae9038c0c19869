"""The private half of entries as it is held against the public one: for `verify`, and for the watch above."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from minjing.kernel.ledger.rules.framing import commitment
from minjing.kernel.ledger.rules.public import minute_text, public_entry

# One column for all that a commitment covers: the database lays it side by side, the hashing is done here.
PRIVATE = """
SELECT o.id, o.kind, floor(extract(epoch FROM o.at) / 60)::bigint, ledger_frame(o), e.commitment
FROM ledger_outbox o LEFT JOIN ledger_erased e ON e.id = o.id AND o.salt IS NULL
"""


class Private(NamedTuple):
    """A private record as it is checked: what its commitment covers, or the commitment that an erasure kept."""

    id: UUID
    kind: str
    minute: int
    frame: bytes | None
    kept: bytes | None

    def public(self, at: str = "") -> bytes:
        """Return the public entry that this record gives; nothing for one that was emptied without an erasure.

        `at` is the text of its minute, where the caller has it already.
        """
        if self.kept is None and self.frame is None:
            return b""
        return public_entry(self.kind, at or minute_text(self.minute), self.kept or commitment(self.frame or b""))
