"""The papers that were issued: file and facts are sealed under the holder's key, nothing of them is in the clear."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import SENSITIVE, Personal

REGISTER = Personal(SENSITIVE, "签发、补发和核验电子证照", "户口登记条例 art. 5", "永久（户籍档案）")


class Paper(models.Model):
    """One signed certificate. It is never changed; it can only be revoked, and say what replaced it."""

    VALID, REVOKED = "valid", "revoked"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    number = models.CharField(max_length=30)
    code = models.CharField(max_length=32)  # what the QR code carries; begins with the district
    kind = models.CharField(max_length=40)
    title = models.JSONField()  # {zh, en}
    matter_id = models.UUIDField()
    holder_id = models.UUIDField()  # a person of identity; the key of this person seals the file
    unit_id = models.IntegerField()  # who issued it
    issued_by = models.UUIDField()
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    facts_sealed = models.BinaryField()
    pdf_sealed = models.BinaryField()
    pdf_sha256 = models.BinaryField(max_length=32)  # of the signed file as it was handed out
    pdf_size = models.PositiveIntegerField()  # bytes
    entry_id = models.UUIDField()  # its ledger entry
    state = models.CharField(max_length=8, choices=[(s, s) for s in (VALID, REVOKED)], default=VALID)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.UUIDField(null=True)
    reason = models.CharField(max_length=30, blank=True)  # a key of rules.REASONS
    replaced_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"facts_sealed": REGISTER, "pdf_sealed": REGISTER}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="paper_number"),
            models.UniqueConstraint(fields=["org_id", "code"], name="paper_code"),
            models.CheckConstraint(
                name="paper_revoked_says_all",
                condition=Q(state="valid", revoked_at__isnull=True, revoked_by__isnull=True, reason="")
                | (Q(state="revoked", revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["matter_id"], name="paper_of_matter"),
            models.Index(fields=["pdf_sha256"], name="paper_by_file"),
            models.Index(fields=["holder_id", "-issued_at"], name="paper_of_person"),
        ]


class Counter(models.Model):
    """The last number laid out, per district and year."""

    pk = models.CompositePrimaryKey("org_id", "year")
    org_id = models.SmallIntegerField()
    year = models.SmallIntegerField()
    last = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "papers_counter"


class Number(models.Model):
    """A number that is free: no paper has it yet."""

    pk = models.CompositePrimaryKey("org_id", "year", "number")
    org_id = models.SmallIntegerField()
    year = models.SmallIntegerField()
    number = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "papers_number"
