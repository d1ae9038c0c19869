"""The ledger as the audit administrator reads it: who did what, by ids; never whose data it was about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.queries.accounts import require
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.queries import Found, Report

AUDIT = "audit"  # the act that it takes
NOT_SHOWN = ("by", "subject", "words")  # whom it was about, and one's own words, which may name them


@dataclass(frozen=True, slots=True)
class Audited:
    """An entry, who made it, and what it says without what may name a person."""

    entry: Found
    by: UUID | None
    said: Mapping[str, Any]


def audited(
    by: Actor,
    *,
    prefix: str = "",
    since: datetime,
    until: datetime,
    before: datetime | None = None,
    limit: int = 100,
) -> list[Audited]:
    """Return entries by the beginning of their kind and by time, newest first. Raises NotAllowed."""
    require(by, AUDIT)
    found = ledger.search(prefix=prefix, since=since, until=until, before=before, limit=limit)
    return [Audited(entry, _maker(entry), _said(entry)) for entry in found]


def verified(by: Actor) -> Report:
    """Verify the whole ledger now; nothing is changed. Raises NotAllowed."""
    require(by, AUDIT)
    return ledger.verify()


def _maker(entry: Found) -> UUID | None:
    try:
        return UUID(str((entry.payload or {}).get("by", "")))
    except ValueError:
        return None


def _said(entry: Found) -> dict[str, Any]:
    said = (entry.payload or {}).items()
    return {name: value for name, value in said if name not in NOT_SHOWN and value not in (None, "", [], {})}
