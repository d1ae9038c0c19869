"""Who may act for whom: relatives and firms by mandate, minors by their guardians."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, PUBLIC, SENSITIVE, THREE_YEARS, Kept, Personal
from minjing.kernel.identity.models.levels import Check
from minjing.kernel.identity.models.people import Account, Person

ACTING = "委托他人代为办理"
AGREED = "双方同意（民法典 art. 161，置信度 B）"
KEPT = "终止后 3 年"


class Mandate(models.Model):
    """A dated, scoped, revocable right to act for another; a guardian's stands on the register or on papers."""

    RELATIVE, FIRM, GUARDIAN = "relative", "firm", "guardian"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=10)
    giver = models.ForeignKey(Person, models.PROTECT, related_name="+")  # for whom; of a firm: who speaks for it
    taker = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")  # who acts; null until answered
    taker_index = models.BinaryField(max_length=32)  # of the ID number of whom it was offered to
    uscc = models.CharField(max_length=18, blank=True)
    firm_name = models.CharField(max_length=120, blank=True)
    services = models.JSONField(default=list)  # codes; empty: all, for guardians alone
    names_sealed = models.BinaryField()  # of both, as the giver said them; under the giver's key
    source = models.CharField(max_length=10)  # giver | register | officer
    check_of = models.ForeignKey(Check, models.PROTECT, null=True, related_name="+")
    offered_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    accepted = models.BooleanField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    personal: ClassVar[dict[str, Personal]] = {
        "giver": Personal(INTERNAL, ACTING, AGREED, KEPT),
        "taker": Personal(INTERNAL, ACTING, AGREED, KEPT),
        "taker_index": Personal(SENSITIVE, ACTING, AGREED, KEPT),
        "names_sealed": Personal(PERSONAL, ACTING, AGREED, KEPT),
        "uscc": Personal(PUBLIC, ACTING, AGREED, KEPT),
        "firm_name": Personal(PUBLIC, ACTING, AGREED, KEPT),
    }

    kept: ClassVar[tuple[Kept, ...]] = (
        Kept("until", THREE_YEARS),
        Kept("revoked_at", THREE_YEARS),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="mandate_ends_after_it", condition=Q(until__gt=F("since"))),
            models.CheckConstraint(
                name="mandate_two_years_at_most",
                condition=Q(kind="guardian") | Q(until__lte=F("since") + timedelta(days=731)),
            ),
            models.CheckConstraint(
                name="mandate_answer_is_paired",
                condition=Q(answered_at__isnull=True, accepted__isnull=True)
                | Q(answered_at__isnull=False, accepted__isnull=False),
            ),
            models.CheckConstraint(
                name="mandate_taken_by_somebody", condition=~Q(accepted=True) | Q(taker__isnull=False)
            ),
            models.CheckConstraint(
                name="mandate_not_to_oneself", condition=Q(taker__isnull=True) | ~Q(taker=F("giver"))
            ),
            models.CheckConstraint(name="mandate_names_its_firm", condition=~Q(kind="firm") | ~Q(uscc="")),
            models.CheckConstraint(
                name="mandate_of_guardian_by_register_or_officer",
                condition=~Q(kind="guardian") | Q(source__in=("register", "officer")),
            ),
        ]
        indexes = [
            models.Index(fields=["taker", "giver"], condition=Q(revoked_at__isnull=True), name="mandate_in_force"),
            models.Index(fields=["taker_index"], condition=Q(answered_at__isnull=True), name="mandate_offered"),
            models.Index(fields=["giver", "-offered_at"], name="mandate_by_giver"),
        ]
