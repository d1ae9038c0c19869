"""The register of vehicles: one row a vehicle for life, and beside it every state that has ended.

`since_at` says from when the row's facts hold. Whoever changes a fact moves it forward; the database then keeps the
state that ended in `VehiclePast` ([since, until)), so that "on any day" is one row of the one table or the other.
Owners are named by id without a foreign key: a city has millions of them, loaded in bulk and sharded by district.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

PURPOSE, LAW = "机动车登记管理", "道路交通安全法 art. 8；机动车登记规定"
KEPT = "机动车注销后按机动车登记档案管理规定保存"
SHOWN_OUTSIDE = Personal(INTERNAL, PURPOSE, LAW, KEPT)


class VehicleFacts(models.Model):
    """What may change about a vehicle, and from when it holds."""

    VALID, DEREGISTERED, TRANSFERRED, SCRAPPED, HELD, STOLEN = (
        "valid", "deregistered", "transferred", "scrapped", "held", "stolen",
    )  # fmt: skip
    GONE = (DEREGISTERED, TRANSFERRED, SCRAPPED)  # it has given up its plate

    org_id = models.SmallIntegerField()
    plate = models.CharField(max_length=8, blank=True)  # 粤B12345; empty once given up
    plate_kind = models.CharField(max_length=2)  # GA/T 16.7: 02 small, 01 large, 52 small new energy …
    use = models.CharField(max_length=10, default="private")  # private, ride_hail, taxi, bus, freight, school, rescue
    colour = models.CharField(max_length=10)
    engine_number = models.CharField(max_length=30, blank=True)
    owner_person_id = models.UUIDField(null=True)
    owner_firm = models.CharField(max_length=60, blank=True)  # where a firm or office owns it
    inspected_until_date = models.DateField()
    insured_until_date = models.DateField(null=True)
    mortgaged = models.BooleanField(default=False)
    status = models.CharField(max_length=12, default=VALID)
    since_at = models.DateTimeField()

    class Meta:
        abstract = True


class Vehicle(VehicleFacts):
    """A motor vehicle on record, as it is now."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    vin = models.CharField(max_length=17)  # GB 16735
    brand = models.CharField(max_length=20)
    model = models.CharField(max_length=30)
    body = models.CharField(max_length=10)  # car, suv, van, bus, truck, trailer, motorcycle
    energy = models.CharField(max_length=8)  # petrol, diesel, battery, hybrid, none
    seats = models.PositiveSmallIntegerField(default=5)
    made_date = models.DateField()
    registered_date = models.DateField()
    matter_id = models.UUIDField(null=True)  # the matter that last changed it

    personal: ClassVar[dict[str, Personal]] = {
        "plate": SHOWN_OUTSIDE,
        "vin": SHOWN_OUTSIDE,
        "engine_number": SHOWN_OUTSIDE,
        "owner_person_id": SHOWN_OUTSIDE,
    }

    class Meta:
        constraints = [
            # One plate is on one vehicle in the whole city, whichever district keeps it.
            models.UniqueConstraint(
                fields=["plate", "plate_kind"], condition=~Q(plate=""), name="traffic_plate_once"
            ),
            models.UniqueConstraint(fields=["vin"], name="traffic_vin_once"),
            models.CheckConstraint(
                name="traffic_vehicle_status",
                condition=Q(status__in=("valid", "deregistered", "transferred", "scrapped", "held", "stolen")),
            ),
            models.CheckConstraint(
                name="traffic_vehicle_plate",
                condition=Q(status__in=("deregistered", "transferred", "scrapped"), plate="")
                | ~Q(status__in=("deregistered", "transferred", "scrapped")) & ~Q(plate=""),
            ),
            models.CheckConstraint(
                name="traffic_vehicle_one_owner",
                condition=Q(owner_person_id__isnull=False, owner_firm="")
                | Q(owner_person_id__isnull=True) & ~Q(owner_firm=""),
            ),
            models.CheckConstraint(name="traffic_vehicle_made", condition=Q(registered_date__gte=F("made_date"))),
        ]
        indexes = [
            models.Index(
                fields=["owner_person_id"], condition=Q(owner_person_id__isnull=False), name="traffic_vehicle_of"
            ),
        ]


class VehiclePast(VehicleFacts):
    """A state of a vehicle that has ended; written by the database when the vehicle's row changes."""

    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="past")
    until_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "plate": SHOWN_OUTSIDE,
        "engine_number": SHOWN_OUTSIDE,
        "owner_person_id": SHOWN_OUTSIDE,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "since_at"], name="traffic_vehiclepast_once"),
            models.CheckConstraint(name="traffic_vehiclepast_days", condition=Q(until_at__gt=F("since_at"))),
        ]
        indexes = [
            models.Index(fields=["plate", "plate_kind", "until_at"], name="traffic_vehiclepast_plate"),
            models.Index(
                fields=["owner_person_id"], condition=Q(owner_person_id__isnull=False), name="traffic_vehiclepast_of"
            ),
        ]
