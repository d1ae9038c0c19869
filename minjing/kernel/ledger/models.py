"""The ledger's tables as Django sees them. They are made by sql/schema.sql and guarded by sql/guards.sql."""

from typing import TYPE_CHECKING, Any, ClassVar

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

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.TextField()
    org_id = models.SmallIntegerField(default=0)
    at = models.DateTimeField()
    subject_id = models.UUIDField(null=True)
    salt = models.BinaryField(null=True)
    payload = models.BinaryField(null=True)
    commitment = models.BinaryField()
    xid = TransactionId()
    seq = models.BigIntegerField()
    erased_by = models.UUIDField(null=True)  # the entry of the erasure that emptied this row

    personal: ClassVar[dict[str, Personal]] = {"subject_id": EVIDENCE, "payload": EVIDENCE}

    class Meta:
        db_table = "ledger_outbox"


class Entry(models.Model):
    """The public half: the bytes hashed into the tree, at their index for good."""

    idx = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    entry = models.BinaryField()
    leaf_hash = models.BinaryField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_entry"


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
    """A signed statement of size and root; at most one for a size."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "ledger_checkpoint"
