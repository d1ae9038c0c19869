"""The proof that looks are on record, which whatever opens a record asks for before it opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


class Unrecorded(Exception):
    """Code is about to open a record whose look is not in the ledger: a fault of the house, never a person's."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whom and what the entries just written cover; `actions.looks` alone makes one."""

    fields: Mapping[UUID, frozenset[str]]

    def must_cover(self, person_id: UUID, field: str) -> None:
        """Raise Unrecorded unless the look at this field of this person is on record."""
        if field not in self.fields.get(person_id, frozenset()):
            raise Unrecorded(f"no look at {field} is on record for this person")
