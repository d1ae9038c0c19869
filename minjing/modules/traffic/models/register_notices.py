"""What a national register is still to be told: written in the transaction of the change, sent afterwards."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import Personal


class RegisterNotice(models.Model):
    """One change of a vehicle or a licence, by id and instant; what it was is read when it is sent."""

    VEHICLE, LICENCE = "vehicle", "licence"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # the change's name at the receiver
    org_id = models.SmallIntegerField()
    what = models.CharField(max_length=8)
    row_id = models.UUIDField()
    since_at = models.DateTimeField()  # of the state that is told
    why = models.CharField(max_length=30)
    next_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["row_id", "since_at"], name="traffic_notice_once"),
            models.CheckConstraint(name="traffic_notice_what", condition=Q(what__in=("vehicle", "licence"))),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(sent_at__isnull=True), name="traffic_notice_due"),
        ]
