"""The ledger's tables as Django sees them. They are made by sql/schema.sql and guarded by sql/guards.sql."""

import json
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import models

from minjing.base.personal import INTERNAL, Personal

if TYPE_CHECKING:
    IntField = models.Field[int, int]
else:
    IntField = models.Field

EVIDENCE = Personal(INTERNAL, "证明每次办理和查看确有其事", "个人信息保护法 art. 54", "直至本人信息被删除")


class TransactionId(IntField):
    """A transaction id of PostgreSQL (xid8): 64 bits, never reused within a cluster."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)


class Outbox(models.Model):
    """The private half of an entry, inserted by the act's own transaction: ids only, never names."""

    xid = TransactionId()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    id = models.UUIDField(primary_key=True, editable=False)
    subject_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    object_id = models.UUIDField(null=True)
    org_id = models.SmallIntegerField(default=0)
    kind = models.TextField()
    salt = models.BinaryField(null=True)
    payload = models.BinaryField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "subject_id": EVIDENCE,
        "actor_id": EVIDENCE,
        "object_id": EVIDENCE,
        "payload": EVIDENCE,
    }

    class Meta:
        db_table = "ledger_outbox"

    @property
    def what(self) -> dict[str, Any] | None:
        """What the act said, as its caller passed it; None once the person is erased."""
        return said(self.payload, self.actor_id, self.object_id)


def said(payload: bytes | memoryview | None, actor_id: UUID | None, object_id: UUID | None) -> dict[str, Any] | None:
    """Return what an act said with the ids that have columns of their own put back; None once it is erased."""
    if payload is None:
        return None
    found: dict[str, Any] = json.loads(bytes(payload))
    if actor_id is not None:
        found["by"] = str(actor_id)
    if object_id is not None:
        found["matter"] = str(object_id)
    return found


class Erased(models.Model):
    """An entry emptied by an erasure: its commitment, and the entry that says who erased and when."""

    id = models.UUIDField(primary_key=True, editable=False)
    erased_by = models.UUIDField()
    commitment = models.BinaryField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_erased"


class Bundle(models.Model):
    """Up to 256 entries: where they begin in the order of the log, and their public bytes until files hold them."""

    n = models.BigIntegerField(primary_key=True)
    xid = TransactionId()
    seq = models.BigIntegerField()
    entries = models.BinaryField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_bundle"


class Tile(models.Model):
    """Up to 256 hashes of one level of the tree, side by side."""

    pk = models.CompositePrimaryKey("level", "n")
    level = models.SmallIntegerField()
    n = models.BigIntegerField()
    width = models.SmallIntegerField()
    hashes = models.BinaryField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_tile"


class State(models.Model):
    """The one row that says how large the tree is; it moves by compare-and-swap."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField()
    root = models.BinaryField()
    cut_xid = TransactionId()
    cut_seq = models.BigIntegerField()
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_state"


class Checkpoint(models.Model):
    """A statement of size and root, at most one for a size; `note` is the signed text, kept for the newest."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.DateTimeField()
    note = models.TextField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_checkpoint"
