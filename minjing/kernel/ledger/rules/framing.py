"""What a commitment covers: every private column of an entry in one fixed binary frame, under its salt.

commitment = SHA-256(salt || id || at || org || subject || actor || object || length of kind || kind || payload)

salt 16 bytes; id, subject, actor, object 16 bytes each, all zero for none; at the microseconds since 2000-01-01
UTC in 8 bytes; org and the length of kind 2 bytes each; all numbers big-endian. sql/schema.sql has the same as
ledger_frame().
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from uuid import UUID

SALT_BYTES = 16  # 128 bits: nobody guesses one, and a deleted one is gone
NONE = bytes(16)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # as PostgreSQL sends a timestamptz
MICROSECOND = timedelta(microseconds=1)
HEAD = Struct(">16sqh16s16s16sh")


def frame(
    entry_id: UUID,
    at: datetime,
    org_id: int,
    subject_id: UUID | None,
    actor_id: UUID | None,
    object_id: UUID | None,
    kind: str,
    payload: bytes,
) -> bytes:
    """Return the bytes that stand after the salt in what is hashed."""
    name = kind.encode()
    head = HEAD.pack(
        entry_id.bytes,
        (at - EPOCH) // MICROSECOND,
        org_id,
        subject_id.bytes if subject_id else NONE,
        actor_id.bytes if actor_id else NONE,
        object_id.bytes if object_id else NONE,
        len(name),
    )
    return head + name + payload


def commitment(salted_frame: bytes) -> bytes:
    """Return the commitment to a frame that begins with its salt: binds to the frame without showing it."""
    return sha256(salted_frame).digest()
