"""The register of test bookings: who is to be tested in what, when and where, and how it went."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW, Dated


class TestBooking(Dated):
    """One test: subject 1 theory, 2 yard, 3 road, 4 safe driving; `retest` for full points."""

    BOOKED, CANCELLED, PASSED, FAILED, ABSENT = "booked", "cancelled", "passed", "failed", "absent"
    __test__ = False  # no test of ours, whatever pytest thinks of its name

    person_id = models.UUIDField()
    subject = models.CharField(max_length=8)  # 1, 2, 3, 4, points
    classes = models.CharField(max_length=10)
    place = models.CharField(max_length=30)  # code of the site
    test_at = models.DateTimeField()
    status = models.CharField(max_length=10, default=BOOKED)
    marks = models.PositiveSmallIntegerField(null=True)  # of 100
    visit_id = models.UUIDField(null=True)  # of kernel/booking
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, "驾驶人考试管理", LAW, KEPT),
        "marks": Personal(INTERNAL, "驾驶人考试管理", LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_testbooking_status",
                condition=Q(status__in=("booked", "cancelled", "passed", "failed", "absent")),
            ),
            models.UniqueConstraint(  # one booking of a subject at a time
                fields=["person_id", "subject"], condition=Q(status="booked"), name="traffic_testbooking_one"
            ),
        ]
        indexes = [models.Index(fields=["person_id", "test_at"], name="traffic_testbooking_of")]
