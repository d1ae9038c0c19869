"""Study of traffic law: time that was really spent, day by day, and the test at its end."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW

PURPOSE = "道路交通安全学习"


class Study(models.Model):
    """One study: begun → so many seconds on so many days → test passed → used by one matter."""

    KINDS = ("reduction", "full_points", "verification", "ebike", "pedestrian")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    number = models.CharField(max_length=16)
    person_id = models.UUIDField()
    kind = models.CharField(max_length=12)
    begun_at = models.DateTimeField()
    seconds_by_day = models.JSONField(default=dict)  # {"2026-11-27": 1200}
    lesson = models.PositiveSmallIntegerField(default=0)  # which one is open
    opened_at = models.DateTimeField(null=True)  # since when it is open; time counts from here
    marks = models.PositiveSmallIntegerField(null=True)
    tested_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True)
    matter_id = models.UUIDField(null=True)  # which used it

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, PURPOSE, LAW, KEPT),
        "marks": Personal(INTERNAL, PURPOSE, LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="traffic_study_number"),
            models.UniqueConstraint(
                fields=["person_id", "kind"], condition=Q(matter_id__isnull=True), name="traffic_study_one_open"
            ),
            models.CheckConstraint(
                name="traffic_study_kind",
                condition=Q(kind__in=("reduction", "full_points", "verification", "ebike", "pedestrian")),
            ),
            models.CheckConstraint(
                name="traffic_study_used", condition=Q(matter_id__isnull=True) | Q(passed_at__isnull=False)
            ),
        ]
