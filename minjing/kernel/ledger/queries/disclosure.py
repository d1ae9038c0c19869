"""What the person an entry concerns may have of it: the public line, what its commitment hides, its promise anew."""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from minjing.kernel.ledger.providers.promise import promise_signer
from minjing.kernel.ledger.queries.read import index_of, public_entry_of
from minjing.kernel.ledger.rules.framing import SALT_BYTES
from minjing.kernel.ledger.rules.promise import Promise, promise_text
from minjing.kernel.ledger.rules.tree import leaf_hash

# How the disclosure file says what can be done with it; a machine needs none of it.
HOW = {
    "zh": "把 opening 按 base64 解码，对它做 SHA-256，得到的就是 entry 末尾的承诺值（base64，去掉末尾的等号）。"
    "opening 依次是：盐 16 字节、记录编号 16、时间 8（自 2000-01-01 UTC 起的微秒）、地区 2、本人编号 16、"
    "办理人编号 16、办件编号 16、类别长度 2、类别、内容。entry 前加一个零字节再做 SHA-256，就是账本里的叶子。",
    "en": "Decode opening from base64 and take its SHA-256: that is the commitment at the end of entry (in base64, "
    "without the equals sign). opening is, in order: salt 16 bytes, id 16, instant 8 (microseconds since 2000-01-01 "
    "UTC), district 2, person 16, actor 16, matter 16, length of the kind 2, kind, content. The SHA-256 of a zero "
    "byte and entry is the leaf in the ledger.",
}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """An entry opened: SHA-256 of `opening` is the commitment that stands in `entry`."""

    id: UUID
    index: int | None  # None until it is in the log
    at: datetime
    kind: str
    entry: bytes  # the public line, whose leaf hash is in the tree
    opening: bytes | None  # salt, frame and content; None once the person is erased
    content: str  # what the act said, as JSON; "" once erased

    @property
    def opening_text(self) -> str:
        """Return what the commitment hides, in base64."""
        return b64encode(self.opening or b"").decode()

    @property
    def salt(self) -> bytes:
        """Return the salt, without which nobody can try what a commitment might hide."""
        return (self.opening or b"")[:SALT_BYTES]

    @property
    def document(self) -> dict[str, Any]:
        """Return all of it as the person takes it away: JSON that says how to check itself."""
        return {
            "entry": self.entry.decode(),
            "index": self.index,
            "opening": self.opening_text,
            "salt": self.salt.hex(),
            "at": self.at.isoformat(timespec="microseconds"),
            "kind": self.kind,
            "content": json.loads(self.content) if self.content else None,
            "how": HOW,
        }


OPENED = "SELECT o.at, o.kind, ledger_frame(o), o.payload FROM ledger_outbox o WHERE o.id = %s"


def disclosure(entry_id: UUID) -> Disclosure | None:
    """Return an entry opened, for the person it concerns: who asks must have the right. None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(OPENED, [entry_id])
        row = cursor.fetchone()
    if row is None:
        return None
    at, kind, opening, payload = row
    return Disclosure(
        entry_id,
        index_of(entry_id),
        at,
        kind,
        public_entry_of(entry_id),
        None if opening is None else bytes(opening),
        "" if payload is None else bytes(payload).decode(),
    )


def is_about(entry_id: UUID, subject_id: UUID) -> bool:
    """Say whether an entry concerns this person; not any more once it is erased."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM ledger_outbox WHERE id = %s AND subject_id = %s", [entry_id, subject_id])
        return cursor.fetchone() is not None


def promise_for(entry_id: UUID) -> str | None:
    """Return the promise of one entry, signed anew: the same bytes as a promise given for it alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at FROM ledger_outbox WHERE id = %s", [entry_id])
        row = cursor.fetchone()
    if row is None:
        return None
    signer = promise_signer()
    said = Promise(signer.origin, (leaf_hash(public_entry_of(entry_id)),), int(row[0].timestamp()))
    return signer.sign(promise_text(said))
