"""The household register: who belongs to which household, and what is written of them, each with its days.

A period is [since, until): a person belongs to the household on every day from `since` on and before `until`.
Nothing is overwritten: a change closes one row and opens the next.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, PUBLIC, SENSITIVE, Personal

REGISTER = "户口登记与户籍管理"
LAW = "户口登记条例 art. 3"
FOR_EVER = "永久（户籍档案）"


class Household(models.Model):
    """A household: a family at its home, or the people whom a unit registers collectively (集体户)."""

    FAMILY, COLLECTIVE = "family", "collective"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    number = models.CharField(max_length=12)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (FAMILY, COLLECTIVE)])
    station_id = models.IntegerField()
    since = models.DateField()
    until = models.DateField(null=True)
    # Of a collective household only. The home of a family is personal: it is sealed with each member.
    unit_name = models.CharField(max_length=120, blank=True)
    unit_uscc = models.CharField(max_length=18, blank=True)
    unit_address = models.CharField(max_length=200, blank=True)
    warden = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    opened_by = models.UUIDField(null=True)  # the matter
    closed_by = models.UUIDField(null=True)
    closed_why = models.CharField(max_length=20, blank=True)

    personal: ClassVar[dict[str, Personal]] = {
        "number": Personal(INTERNAL, REGISTER, LAW, FOR_EVER),
        "unit_name": Personal(PUBLIC, REGISTER, LAW, FOR_EVER),
        "unit_uscc": Personal(PUBLIC, REGISTER, LAW, FOR_EVER),
        "unit_address": Personal(PUBLIC, REGISTER, LAW, FOR_EVER),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="household_number"),
            models.CheckConstraint(
                name="household_period", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
            models.CheckConstraint(name="household_collective_unit", condition=Q(kind="family") | ~Q(unit_name="")),
        ]
        indexes = [
            models.Index(
                fields=["org_id", "station_id"], condition=Q(until__isnull=True), name="household_of_station"
            ),
            # A number is printed without its district: the search begins with the number alone.
            models.Index(fields=["number"], name="household_by_number"),
        ]


class Member(models.Model):
    """One person in one household for one time, as this relation of the head (GB/T 4761)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    household = models.ForeignKey(Household, models.PROTECT, related_name="members")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    relation = models.CharField(max_length=2)
    since = models.DateField()
    until = models.DateField(null=True)
    cause_in = models.CharField(max_length=20)
    cause_out = models.CharField(max_length=20, blank=True)
    matter_in = models.UUIDField(null=True)
    matter_out = models.UUIDField(null=True)
    address_sealed = models.BinaryField()  # where the person is registered; under the person's own key

    personal: ClassVar[dict[str, Personal]] = {
        "relation": Personal(INTERNAL, REGISTER, LAW, FOR_EVER),
        "address_sealed": Personal(PERSONAL, REGISTER, LAW, FOR_EVER),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="member_period", condition=Q(until__isnull=True) | Q(until__gte=F("since"))),
            models.CheckConstraint(
                name="member_leaves_for_a_cause",
                condition=Q(until__isnull=True, cause_out="") | Q(until__isnull=False) & ~Q(cause_out=""),
            ),
            # A citizen is registered in one place only (户口登记条例 art. 6); a trigger keeps past periods apart.
            models.UniqueConstraint(
                fields=["person"], condition=Q(until__isnull=True), name="member_in_one_household"
            ),
            models.UniqueConstraint(
                fields=["household"],
                condition=Q(until__isnull=True, relation="02"),
                name="member_one_head",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "since"], name="member_history"),
            models.Index(fields=["household", "since"], name="member_of_household"),
            models.Index(fields=["matter_in"], condition=Q(matter_in__isnull=False), name="member_by_matter"),
        ]


class Item(models.Model):
    """What the register says of a person under one heading, from one day until another; empty: nothing any more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    name = models.CharField(max_length=20)
    value_sealed = models.BinaryField()
    since = models.DateField()
    until = models.DateField(null=True)
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "value_sealed": Personal(SENSITIVE, REGISTER, LAW, FOR_EVER),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="item_period", condition=Q(until__isnull=True) | Q(until__gte=F("since"))),
            models.UniqueConstraint(
                fields=["person", "name"], condition=Q(until__isnull=True), name="item_one_value"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "name", "since"], name="item_history"),
            models.Index(fields=["matter_id"], condition=Q(matter_id__isnull=False), name="item_by_matter"),
        ]


class RetiredNumber(models.Model):
    """An ID number that was replaced: it is never given to anybody again."""

    number_index = models.BinaryField(max_length=32, primary_key=True)
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    retired_on = models.DateField()
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "number_index": Personal(SENSITIVE, "号码不重复使用", "居民身份证法 art. 3（置信度 C）", FOR_EVER),
    }


class BirthCertificate(models.Model):
    """The certificate under which a birth was entered: no other birth is entered under it."""

    number_index = models.BinaryField(max_length=32, primary_key=True)
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "number_index": Personal(SENSITIVE, "一份出生证明只登记一次", LAW, FOR_EVER),
    }


class NumberCounter(models.Model):
    """The last household number given out in a district."""

    org_id = models.SmallIntegerField(primary_key=True)
    last = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}
