"""What outsiders see of an entry: its kind, the minute, and a commitment; nothing that leads to a person.

A line of text, "matters:matter:approve 2026-03-02T04:00Z <commitment in base64 without padding>".
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

LINE = re.compile(rb"([a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+) (\d{4}-\d\d-\d\dT\d\d:\d\dZ) ([A-Za-z0-9+/]{43})")


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """The three things a public entry says."""

    kind: str
    at: datetime  # the minute
    commitment: bytes


def minute(at: datetime) -> int:
    """Return the minute of an instant, counted from 1970: finer times could give a covert act away."""
    return int(at.timestamp() // 60)


@lru_cache(maxsize=2)  # many acts fall into one minute
def minute_text(minutes: int) -> str:
    """Return a counted minute as text: 2026-03-02T04:00Z."""
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}Z"


def public_entry(kind: str, minute_at: str, commitment: bytes) -> bytes:
    """Return the bytes that are hashed into the tree."""
    return b"%s %s %s" % (kind.encode(), minute_at.encode(), b64encode(commitment)[:43])


def parse_public(entry: bytes) -> PublicEntry:
    """Return what a public entry says; raises ValueError if it is none."""
    found = LINE.fullmatch(entry)
    if not found:
        raise ValueError("these bytes are no public entry of the ledger")
    at = datetime.strptime(found[2].decode(), "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    return PublicEntry(found[1].decode(), at, b64decode(found[3] + b"="))
