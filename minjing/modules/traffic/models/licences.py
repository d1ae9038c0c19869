"""The register of driving licences: one row a driver for life, and beside it every state that has ended.

Histories work as in `vehicles`. The licence's number is the holder's ID number and stands sealed with the person.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

PURPOSE, LAW = "机动车驾驶证管理", "道路交通安全法 art. 19；机动车驾驶证申领和使用规定"
KEPT = "驾驶证注销后按驾驶证档案管理规定保存"
ON_FILE = Personal(INTERNAL, PURPOSE, LAW, KEPT)


class LicenceFacts(models.Model):
    """What may change about a licence, and from when it holds."""

    VALID, FULL_POINTS, SUSPENDED, STOPPED, REVOKED, CANCELLED = (
        "valid", "full_points", "suspended", "stopped", "revoked", "cancelled",
    )  # fmt: skip
    MAY_DRIVE = (VALID,)

    org_id = models.SmallIntegerField()
    classes = models.CharField(max_length=30)  # 准驾车型, with commas: "C1", "A2,D"
    valid_from_date = models.DateField()
    valid_until_date = models.DateField()  # 9999-12-31: long-term
    probation_until_date = models.DateField(null=True)  # 实习期
    checkup_due_date = models.DateField(null=True)  # when the next medical report is due
    status = models.CharField(max_length=12, default=VALID)
    suspended_until_date = models.DateField(null=True)  # while suspended (暂扣)
    since_at = models.DateTimeField()

    class Meta:
        abstract = True


class Licence(LicenceFacts):
    """A driving licence on record, as it is now. That it has run out is a question of the day, not a state."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person_id = models.UUIDField()
    file_number = models.CharField(max_length=12)  # 档案编号
    first_issued_date = models.DateField()  # cycles of points are counted from it
    matter_id = models.UUIDField(null=True)  # the matter that last changed it

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": ON_FILE,
        "file_number": ON_FILE,
        "classes": ON_FILE,
        "status": ON_FILE,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id"], name="traffic_licence_one_each"),
            models.UniqueConstraint(fields=["file_number"], name="traffic_licence_file_once"),
            models.CheckConstraint(
                name="traffic_licence_status",
                condition=Q(status__in=("valid", "full_points", "suspended", "stopped", "revoked", "cancelled")),
            ),
            models.CheckConstraint(
                name="traffic_licence_period", condition=Q(valid_until_date__gt=F("valid_from_date"))
            ),
            models.CheckConstraint(
                name="traffic_licence_suspended",
                condition=Q(suspended_until_date__isnull=True) | Q(status="suspended"),
            ),
        ]
        indexes = [
            models.Index(  # those to be given back, day by day
                fields=["suspended_until_date"],
                condition=Q(suspended_until_date__isnull=False),
                name="traffic_licence_back",
            ),
        ]


class LicencePast(LicenceFacts):
    """A state of a licence that has ended; written by the database when the licence's row changes."""

    licence = models.ForeignKey(Licence, models.PROTECT, related_name="past")
    until_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"classes": ON_FILE, "status": ON_FILE}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["licence", "since_at"], name="traffic_licencepast_once"),
            models.CheckConstraint(name="traffic_licencepast_days", condition=Q(until_at__gt=F("since_at"))),
        ]
