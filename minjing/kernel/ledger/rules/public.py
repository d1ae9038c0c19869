"""What outsiders see of an entry: its kind, the minute, and a commitment; nothing that leads to a person."""

from base64 import b64encode
from datetime import UTC, datetime


def minute(at: datetime) -> int:
    """Return the minute of an instant, counted from 1970: finer times could give a covert act away."""
    return int(at.timestamp() // 60)


def minute_text(minutes: int) -> str:
    """Return a counted minute as text: 2026-03-02T04:00Z."""
    return f"{datetime.fromtimestamp(minutes * 60, UTC):%Y-%m-%dT%H:%M}Z"


def public_entry(kind: str, minute_at: str, commitment: bytes) -> bytes:
    """Return the bytes that are hashed into the tree: canonical JSON (RFC 8785), written out for speed.

    `kind` is plain ASCII without quotes (the database checks it), so nothing needs escaping.
    """
    return b'{"at":"%s","commitment":"%s","kind":"%s"}' % (
        minute_at.encode(),
        b64encode(commitment),
        kind.encode(),
    )
