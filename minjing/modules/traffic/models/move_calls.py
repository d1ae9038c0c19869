"""Calls to move a vehicle: who was told when; neither side's number is in it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import LAW

KEPT = "三十天"


class MoveCall(models.Model):
    """One call: the owner told, or nobody there to tell."""

    TOLD, NOBODY = "told", "nobody"

    matter_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    plate = models.CharField(max_length=8)
    caller_person_id = models.UUIDField()
    caller_account_id = models.UUIDField()
    owner_account_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8)
    called_at = models.DateTimeField()
    relay_number = models.CharField(max_length=20, blank=True)  # the number in between, good for some minutes
    relay_until_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "plate": Personal(INTERNAL, "挪车通知", LAW, KEPT),
        "caller_person_id": Personal(INTERNAL, "挪车通知", LAW, KEPT),
        "relay_number": Personal(INTERNAL, "挪车通知", "号码隐藏，双方都看不到对方号码", "十分钟失效"),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_movecall_state",
                condition=Q(state="told", owner_account_id__isnull=False) | Q(state="nobody"),
            ),
        ]
        indexes = [
            models.Index(fields=["plate", "called_at"], name="traffic_movecall_plate"),
            models.Index(fields=["caller_person_id", "called_at"], name="traffic_movecall_by"),
        ]
