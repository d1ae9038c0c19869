"""Notices of parking: told at the time, and what the driver says of having driven away within the minutes allowed."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.personal import Personal


class ParkingNotice(models.Model):
    """One notice of one parking violation: when the owner was told, and when the car was gone by their word."""

    violation_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    noticed_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_parking_left", condition=Q(left_at__isnull=True) | Q(left_at__gte=F("noticed_at"))
            ),
        ]
