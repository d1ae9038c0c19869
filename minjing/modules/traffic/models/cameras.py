"""Cameras that watch the traffic by themselves: who sends what they saw, and what has come of each record."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import Personal
from minjing.modules.traffic.models.senders import SYSTEMS, Sender


class CameraSystem(Sender):
    """A system that collects what cameras saw and sends it on: of a district's traffic police, of a road's keeper."""

    LEDGER = "traffic:camera"

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.CheckConstraint(name="traffic_camera_system", condition=Q(system__in=SYSTEMS))]


class CameraRecord(models.Model):
    """That a record has been taken: once, however often it is sent. What it says stands in its violation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    camera_system = models.ForeignKey(CameraSystem, models.PROTECT, related_name="records")
    key = models.CharField(max_length=64)  # the sender's own
    digest = models.BinaryField(max_length=32)  # SHA-256 of the record as it is read
    violation_id = models.UUIDField()
    pictures = models.SmallIntegerField(default=0)  # how many of its pictures have been looked at
    came_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["camera_system", "key"], name="traffic_camera_record_once")]
        indexes = [models.Index(fields=["violation_id"], name="traffic_camera_record_of")]
