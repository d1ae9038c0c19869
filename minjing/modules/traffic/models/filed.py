"""What is on the file of a vehicle, a licence or a person beside the register's own columns: dated entries.

A mortgage, a driving aid, a new certificate, a postponed check-up: each is one entry with the kind it has, sealed
words under the key of the person whose file it is, and the matter it came from. An entry is ended, never changed.

What stays an entry and is no column, because no rule of the registers reads it: contacts, particulars of owner or
holder (name and number are the person's, kept in identity), which certificate, vehicle licence, plates or driving
licence is in force (the next of its kind ends the last), plates reported lost, re-stamping, the VIN that a frame had
before, fittings, driving aids, pledges, employers, school-bus qualification, the city of tests, bookings of no test.
The result of a report is shown to whoever made it, signed in: the query password of 2017 was for look-ups by nobody
in particular, which there are none of here.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW

PURPOSE = "道路交通管理业务档案"


class FileEntry(models.Model):
    """One dated entry: what kind, whose, on which vehicle or licence, from when until when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    kind = models.CharField(max_length=30)
    person_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    licence_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=40, blank=True)  # number of the violation, accident or plate it concerns
    said_sealed = models.BinaryField()  # what the application said, as JSON, under the person's key
    since_at = models.DateTimeField()
    until_date = models.DateField(null=True)  # last day it holds, where it has one
    ended_at = models.DateTimeField(null=True)  # when another act ended it
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, PURPOSE, LAW, KEPT),
        "subject": Personal(INTERNAL, PURPOSE, LAW, KEPT),
        "said_sealed": Personal(PERSONAL, PURPOSE, LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_fileentry_ended",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("since_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "kind", "since_at"], name="traffic_fileentry_of"),
            models.Index(
                fields=["vehicle_id", "kind"], condition=Q(vehicle_id__isnull=False), name="traffic_fileentry_vehicle"
            ),
            models.Index(fields=["kind", "subject"], condition=~Q(subject=""), name="traffic_fileentry_about"),
        ]
