"""Files people send in, and uploads under way. The contents lie encrypted in FILES_DIR, never in the database."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, SENSITIVE, Personal

SERVICE = "办理公安政务服务事项"
BASIS = "行政许可法 art. 31"
RETAINED = "与所属办件档案相同"
RETAINED_SHORT = "24 小时"


class File(models.Model):
    """One cleaned file of one owner. The same content sent twice by one owner lies on the disk once."""

    IMAGE, PDF = "image", "pdf"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    owner_id = models.UUIDField()  # whose key seals it: the person, or the account that has no person yet
    account_id = models.UUIDField()  # who sent it
    content_index = models.BinaryField(max_length=32)  # keyed hash of owner and content: names the blob
    facts_sealed = models.BinaryField()  # {name, sha256}
    kind = models.CharField(max_length=5)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes, as kept
    received = models.PositiveIntegerField()  # bytes, as sent: what the day's quota counts
    pages = models.PositiveSmallIntegerField(default=1)
    width = models.PositiveIntegerField(default=0)  # pixels; 0 for a PDF
    height = models.PositiveIntegerField(default=0)
    purpose = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)  # found to belong to a matter: it stays, and is not asked for again
    loose_since = models.DateTimeField(null=True)  # found to belong to nothing: it can no longer be attached

    personal: ClassVar[dict[str, Personal]] = {
        "owner_id": Personal(INTERNAL, SERVICE, BASIS, RETAINED),
        "account_id": Personal(INTERNAL, SERVICE, BASIS, RETAINED),
        "content_index": Personal(SENSITIVE, "同一内容只存一份", BASIS, RETAINED),
        "facts_sealed": Personal(PERSONAL, SERVICE, BASIS, RETAINED),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="file_kind_known", condition=Q(kind__in=["image", "pdf"])),
        ]
        indexes = [
            models.Index(fields=["account_id", "created_at"], name="file_by_sender"),
            models.Index(fields=["owner_id"], name="file_by_owner"),
            models.Index(fields=["content_index"], name="file_by_content"),
            models.Index(fields=["created_at", "id"], condition=Q(settled_at__isnull=True), name="file_unsettled"),
        ]


class Upload(models.Model):
    """A file on its way in pieces: how far it has come, until when it waits for the rest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    owner_id = models.UUIDField()
    account_id = models.UUIDField()
    name_sealed = models.BinaryField()
    size = models.PositiveIntegerField()  # bytes announced
    received = models.PositiveIntegerField(default=0)  # bytes that have come
    stored = models.PositiveIntegerField(default=0)  # bytes of the sealed pieces on the disk
    purpose = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finishing_at = models.DateTimeField(null=True)  # a process is at work on it since
    file_id = models.UUIDField(null=True)  # what became of it
    fault = models.CharField(max_length=30, blank=True)  # why it was refused

    personal: ClassVar[dict[str, Personal]] = {
        "owner_id": Personal(INTERNAL, SERVICE, BASIS, RETAINED_SHORT),
        "account_id": Personal(INTERNAL, SERVICE, BASIS, RETAINED_SHORT),
        "name_sealed": Personal(PERSONAL, SERVICE, BASIS, RETAINED_SHORT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="upload_within_its_size", condition=Q(received__lte=F("size"))),
        ]
        indexes = [
            models.Index(fields=["account_id", "opened_at"], name="upload_by_account"),
            models.Index(fields=["expires_at"], name="upload_by_end"),
        ]
