"""What the smaller registers share: a state that holds from an instant, and every state that ended kept whole.

`since_at` moves forward with each change; the database then keeps the row as it was in `RegisterPast`. Vehicles and
licences, of which a city has millions, keep typed rows of their own.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

LAW = "道路交通安全法；道路交通事故处理程序规定；机动车驾驶证申领和使用规定"
KEPT = "按道路交通管理业务档案管理规定保存"


class Dated(models.Model):
    """A row of a register: what it is now, and since when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    since_at = models.DateTimeField()

    class Meta:
        abstract = True


class RegisterPast(models.Model):
    """A state of a row that has ended, [since, until); written by the database when the row changes."""

    register = models.CharField(max_length=20)  # accident, permit, testbooking, binding
    row_id = models.UUIDField()
    since_at = models.DateTimeField()
    until_at = models.DateTimeField()
    facts = models.JSONField()

    personal: ClassVar[dict[str, Personal]] = {
        "facts": Personal(
            INTERNAL, "道路交通管理登记的历史", LAW, KEPT
        ),  # ids, kinds and days; nothing sealed is in it
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["register", "row_id", "since_at"], name="traffic_registerpast_once"),
            models.CheckConstraint(name="traffic_registerpast_days", condition=Q(until_at__gt=F("since_at"))),
        ]
