"""What another person is asked to agree to before a matter goes on: a sale, a change of owner, who drove."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW


class JointConsent(models.Model):
    """One person asked in one matter: asked → agreed or refused; over at `until_at`."""

    ASKED, AGREED, REFUSED = "asked", "agreed", "refused"

    matter_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    code = models.CharField(max_length=8)  # of the service
    asked_by_person_id = models.UUIDField()
    person_id = models.UUIDField()
    subject = models.CharField(max_length=40, blank=True)  # the plate, or the number of the violation
    state = models.CharField(max_length=8, default=ASKED)
    asked_at = models.DateTimeField()
    until_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answer_id = models.UUIDField(default=new_id)  # the answer's request, so that a second press has no second effect

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, "双方共同办理", LAW, KEPT),
        "asked_by_person_id": Personal(INTERNAL, "双方共同办理", LAW, KEPT),
        "subject": Personal(INTERNAL, "双方共同办理", LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_jointconsent_state",
                condition=Q(state="asked", answered_at__isnull=True)
                | Q(state__in=("agreed", "refused"), answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="traffic_jointconsent_two", condition=~Q(person_id=models.F("asked_by_person_id"))
            ),
        ]
        indexes = [models.Index(fields=["person_id", "state"], name="traffic_jointconsent_of")]
