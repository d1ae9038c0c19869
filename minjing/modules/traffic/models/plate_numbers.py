"""The pool of plate numbers: free, kept for somebody for a time, or on a vehicle; and what was offered to whom.

No number is given twice: the row is the number, and each pick is one conditional update of it (`sql/pick_plate.sql`).
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Kept, Personal

PURPOSE, LAW, KEPT = "机动车号牌选号", "机动车登记规定 art. 43", "选号凭证随机动车档案保存；未用的三个工作日后释放"


class PlateNumber(models.Model):
    """A number of the pool. `shuffle` is a random place in it, so that fifty in a row are fifty at random."""

    FREE, HELD, TAKEN = "free", "held", "taken"

    id = models.BigAutoField(primary_key=True)
    org_id = models.SmallIntegerField(default=0)
    plate = models.CharField(max_length=8)
    plate_kind = models.CharField(max_length=2)
    shuffle = models.FloatField()
    state = models.CharField(max_length=5, default=FREE)
    holder_person_id = models.UUIDField(null=True)
    held_at = models.DateTimeField(null=True)
    held_until_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "plate": Personal(INTERNAL, PURPOSE, LAW, KEPT),
        "holder_person_id": Personal(INTERNAL, PURPOSE, LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plate", "plate_kind"], name="traffic_platenumber_once"),
            models.UniqueConstraint(  # one number kept for a person at a time
                fields=["holder_person_id"], condition=Q(state="held"), name="traffic_platenumber_one_each"
            ),
            models.CheckConstraint(
                name="traffic_platenumber_state",
                condition=Q(state="free", holder_person_id__isnull=True, held_until_at__isnull=True)
                | Q(state="held", holder_person_id__isnull=False, held_until_at__isnull=False)
                | Q(state="taken", taken_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["plate_kind", "shuffle"], condition=Q(state="free"), name="traffic_platenumber_free"
            ),
            models.Index(fields=["held_until_at"], condition=Q(state="held"), name="traffic_platenumber_held"),
        ]


class PlateOffer(models.Model):
    """Fifty numbers drawn for one person; only these can be picked by it, until it is over."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    person_id = models.UUIDField()
    plate_kind = models.CharField(max_length=2)
    plates = models.JSONField()  # as they were drawn, in this order
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"person_id": Personal(INTERNAL, PURPOSE, LAW, "三十天")}

    kept: ClassVar[tuple[Kept, ...]] = (Kept("offered_at", 30),)

    class Meta:
        indexes = [models.Index(fields=["person_id", "offered_at"], name="traffic_plateoffer_of")]
