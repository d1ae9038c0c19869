"""Calls to move a vehicle: who was told when, what was answered, which number lay in between; neither side's own is
in it.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import LAW

KEPT = "三十天"
ON_FILE = Personal(INTERNAL, "挪车通知", LAW, KEPT)


class MoveCall(models.Model):
    """One call: the owner told, or nobody there to tell; the relay asked for → bound → ended, or it has failed."""

    TOLD, NOBODY = "told", "nobody"
    ASKED, BOUND, ENDED, FAILED = "asked", "bound", "ended", "failed"

    matter_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    plate = models.CharField(max_length=8)
    caller_person_id = models.UUIDField()
    caller_account_id = models.UUIDField()
    owner_account_id = models.UUIDField(null=True)
    owner_person_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=10, blank=True)  # exit, fire, parking, road
    place = models.CharField(max_length=60, blank=True)
    called_at = models.DateTimeField()
    link_index = models.BinaryField(max_length=32, null=True)  # of the address by which the owner answers
    link_until_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=8, blank=True)  # coming, soon, cannot, misuse
    answered_at = models.DateTimeField(null=True)
    relay_state = models.CharField(max_length=8, blank=True)
    relay_ref = models.CharField(max_length=32, blank=True)  # the relay's own name of the binding
    relay_number = models.CharField(max_length=20, blank=True)  # the number in between, good for some minutes
    relay_until_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "plate": ON_FILE,
        "place": ON_FILE,
        "caller_person_id": ON_FILE,
        "owner_person_id": ON_FILE,
        "link_index": Personal(INTERNAL, "挪车通知", "车主凭短信链接回复", "两小时失效"),
        "relay_number": Personal(INTERNAL, "挪车通知", "号码隐藏，双方都看不到对方号码", "十分钟失效"),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_movecall_state",
                condition=Q(state="told", owner_account_id__isnull=False) | Q(state="nobody"),
            ),
            models.CheckConstraint(
                name="traffic_movecall_relay",
                condition=Q(relay_state__in=("", "asked", "failed"), relay_number="")
                | Q(relay_state="bound", relay_until_at__isnull=False)
                | Q(relay_state="ended", relay_number=""),
            ),
            models.CheckConstraint(
                name="traffic_movecall_answer",
                condition=Q(answer="", answered_at__isnull=True)
                | Q(answer__in=("coming", "soon", "cannot", "misuse"), answered_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["link_index"], condition=Q(link_index__isnull=False), name="traffic_movecall_link"
            ),
        ]
        indexes = [
            models.Index(fields=["plate", "called_at"], name="traffic_movecall_plate"),
            models.Index(fields=["caller_person_id", "called_at"], name="traffic_movecall_by"),
            models.Index(
                fields=["relay_until_at"], condition=Q(relay_state="bound"), name="traffic_movecall_bound"
            ),
        ]  # fmt: skip


class RelayedCall(models.Model):
    """A telephone call through the relay, by its report: when, how long, connected or not; who is said nowhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    call = models.ForeignKey(MoveCall, models.CASCADE, related_name="relayed")
    number = models.CharField(max_length=64)  # the relay's name of the telephone call
    by_caller = models.BooleanField()  # the one who asked rang; else the owner rang back
    rang_at = models.DateTimeField()
    talked_s = models.PositiveIntegerField()  # 0: not answered

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="traffic_relayed_once")]
