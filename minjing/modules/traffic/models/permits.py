"""The register of permits: leave to use roads or hours that are otherwise closed."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW, Dated


class Permit(Dated):
    """A permit of a vehicle, in force from day to day, with its terms (roads, hours, load) as its kind has them."""

    VALID, REVOKED, RETURNED = "valid", "revoked", "returned"

    number = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)  # truck, dangerous, oversize, school_bus, temporary, construction …
    vehicle_id = models.UUIDField(null=True)
    plate = models.CharField(max_length=8)  # may be of another city
    holder_person_id = models.UUIDField(null=True)
    holder_firm = models.CharField(max_length=60, blank=True)
    valid_from_date = models.DateField()
    valid_until_date = models.DateField()
    terms = models.JSONField(default=dict)
    status = models.CharField(max_length=8, default=VALID)
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "plate": Personal(INTERNAL, "通行许可管理", LAW, KEPT),
        "holder_person_id": Personal(INTERNAL, "通行许可管理", LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="traffic_permit_number"),
            models.CheckConstraint(
                name="traffic_permit_period", condition=Q(valid_until_date__gte=F("valid_from_date"))
            ),
            models.CheckConstraint(
                name="traffic_permit_status", condition=Q(status__in=("valid", "revoked", "returned"))
            ),
        ]
        indexes = [
            models.Index(fields=["plate", "valid_until_date"], name="traffic_permit_plate"),
            models.Index(
                fields=["holder_person_id"], condition=Q(holder_person_id__isnull=False), name="traffic_permit_of"
            ),
        ]
