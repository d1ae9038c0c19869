"""Where the penalties plug in: who enters a violation to review, and who strikes one with all that follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from minjing.kernel.identity.actor import Actor


class Records(Protocol):
    """Enters a violation to be reviewed and returns its id; `facts` are fields of Violation."""

    def __call__(self, facts: Mapping[str, Any], *, by: Actor, now: datetime) -> UUID: ...


class Strikes(Protocol):
    """Strikes a violation, recomputes what depended on it, and makes the notices and refunds."""

    def __call__(
        self, violation_id: UUID, ground: str, evidence: Mapping[str, Any], *, by: Actor, now: datetime
    ) -> object: ...


_records: list[Records] = []
_strikes: list[Strikes] = []


def records(record: Records) -> None:
    """Register who enters violations."""
    _records[:] = [record]


def strikes(strike: Strikes) -> None:
    """Register who strikes them."""
    _strikes[:] = [strike]


def record_violation(facts: Mapping[str, Any], *, by: Actor, now: datetime) -> UUID:
    """Enter a violation to be reviewed. Raises LookupError where nobody has registered."""
    if not _records:
        raise LookupError("nobody enters violations")
    return _records[0](facts, by=by, now=now)


def strike_violation(
    violation_id: UUID, ground: str, evidence: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    """Strike a violation. Raises LookupError where nobody has registered, and what the penalties raise."""
    if not _strikes:
        raise LookupError("nobody strikes violations")
    _strikes[0](violation_id, ground, evidence, by=by, now=now)
