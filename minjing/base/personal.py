"""What each field of personal data is: its class, why it is held, on what basis, for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

# Classes of data (个人信息分级): 1 public, 2 internal, 3 personal, 4 sensitive personal (个人信息保护法 art. 28).
PUBLIC, INTERNAL, PERSONAL, SENSITIVE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Personal:
    """The declaration of one field; classes 3 and 4 must be sealed."""

    data_class: int
    purpose: str
    basis: str
    retention: str


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long rows are kept from the instant or day `since` on; a model says it in `kept`, beside `personal`.

    Then the row is deleted, or only the fields of `emptied` are emptied. `where` says of which rows it holds.
    Carried out each night (kernel/watch/retention.py).
    """

    since: str
    days: int
    emptied: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def time(self) -> timedelta:
        """Return the time as a difference of instants."""
        return timedelta(days=self.days)


# Whole days of the years that the models declare, a leap day given to the person concerned.
YEAR, TWO_YEARS, THREE_YEARS = 366, 731, 1_096
