"""That a driver has reached twelve points: the licence is withheld until study and retest."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import KEPT

PURPOSE, LAW = "道路交通安全违法行为记分管理", "道路交通安全法 art. 24；记分管理办法 art. 17-22"
HELD = Personal(INTERNAL, PURPOSE, LAW, KEPT)


class FullPoints(models.Model):
    """Twelve points reached: so many days to study, until a retest is passed or the ground falls."""

    PASSED, DROPPED = "passed", "dropped"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person_id = models.UUIDField()
    points = models.SmallIntegerField()
    study_days = models.SmallIntegerField()
    reached_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=8, blank=True)  # passed: the retest; dropped: a strike took the ground
    test_id = models.UUIDField(null=True)  # the booked test that was passed

    personal: ClassVar[dict[str, Personal]] = {"person_id": HELD, "points": HELD}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], condition=Q(ended_at__isnull=True), name="traffic_full_one_open"
            ),
            models.CheckConstraint(
                name="traffic_full_ended",
                condition=Q(ended_at__isnull=True, ended_by="", test_id__isnull=True)
                | Q(ended_at__isnull=False, ended_by="passed", test_id__isnull=False)
                | Q(ended_at__isnull=False, ended_by="dropped", test_id__isnull=True),
            ),
            models.CheckConstraint(name="traffic_full_points", condition=Q(points__gte=12, study_days__gt=0)),
        ]
        indexes = [models.Index(fields=["person_id", "reached_at"], name="traffic_full_of")]
