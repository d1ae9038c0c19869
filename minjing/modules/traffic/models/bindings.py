"""Which vehicles and licences an account has bound: one's own at once, another's with the owner's consent."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.personal import INTERNAL, PERSONAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW, Dated
from minjing.modules.traffic.models.licences import Licence
from minjing.modules.traffic.models.vehicles import Vehicle


class Binding(Dated):
    """A binding: asked → bound → ended, or asked → declined. Own ones are bound at once."""

    OWN, OTHER, LICENCE = "own", "other", "licence"
    ASKED, BOUND, DECLINED, ENDED = "asked", "bound", "declined", "ended"
    OPEN = (ASKED, BOUND)

    account_id = models.UUIDField()  # whose binding it is
    person_id = models.UUIDField()  # who the account was proved to be
    kind = models.CharField(max_length=8)
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, null=True, related_name="bindings")
    licence = models.ForeignKey(Licence, models.PROTECT, null=True, related_name="bindings")
    owner_person_id = models.UUIDField(null=True)  # who was asked; another owner later has to be asked anew
    user_sealed = models.BinaryField(null=True)  # how the user named themselves to the owner, under the owner's key
    state = models.CharField(max_length=8)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField(null=True)  # an ask lapses, and an owner may lend for some days only
    ended_by = models.CharField(max_length=8, blank=True)  # owner, user, transfer

    personal: ClassVar[dict[str, Personal]] = {
        "owner_person_id": Personal(INTERNAL, "绑定机动车", LAW, KEPT),
        "person_id": Personal(INTERNAL, "绑定机动车", LAW, KEPT),
        "user_sealed": Personal(
            PERSONAL, "车主知道谁请求绑定", "本人同意（个人信息保护法 art. 13）", "绑定结束后按业务档案保存"
        ),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_binding_what",
                condition=Q(kind__in=("own", "other"), vehicle__isnull=False, licence__isnull=True)
                | Q(kind="licence", vehicle__isnull=True, licence__isnull=False),
            ),
            models.CheckConstraint(
                name="traffic_binding_state", condition=Q(state__in=("asked", "bound", "declined", "ended"))
            ),
            models.CheckConstraint(
                name="traffic_binding_consent",  # nobody binds another's vehicle without an answer
                condition=~Q(kind="other") | ~Q(state="bound") | Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="traffic_binding_term", condition=Q(until_at__isnull=True) | Q(until_at__gt=F("asked_at"))
            ),
            models.UniqueConstraint(
                fields=["account_id", "vehicle"],
                condition=Q(state__in=("asked", "bound"), vehicle__isnull=False),
                name="traffic_binding_vehicle_once",
            ),
            models.UniqueConstraint(
                fields=["account_id"],
                condition=Q(state="bound", kind="licence"),
                name="traffic_binding_one_licence",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner_person_id"], condition=Q(state__in=("asked", "bound")), name="traffic_binding_asked"
            ),
            models.Index(fields=["account_id", "state"], name="traffic_binding_of"),
        ]
