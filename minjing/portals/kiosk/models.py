"""The machine, who stood at it from when to when, and what it was asked to print: thin tables (ADR 9)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, YEAR, Kept, Personal


class Machine(models.Model):
    """One machine in a hall: known by the token in its browser, of which only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    code = models.CharField(max_length=12)  # on its sticker, and in each entry that it causes
    unit_id = models.IntegerField()  # the station in whose hall it stands
    spot = models.JSONField()  # {zh, en}: where in the hall
    token_hash = models.BinaryField(max_length=32, null=True, unique=True)
    pairing_index = models.BinaryField(max_length=32, null=True, unique=True)  # the code that pairs a browser, once
    pairing_until = models.DateTimeField(null=True)
    registered_by = models.UUIDField()
    registered_at = models.DateTimeField()
    paired_at = models.DateTimeField(null=True)
    paper_out_at = models.DateTimeField(null=True)  # since when it has no paper
    retired_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        # Of a machine, not of a person: the hash of the code with which an officer pairs it.
        "pairing_index": Personal(INTERNAL, "自助机配对", "平台规则", "配对后即删"),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "code"], name="machine_code"),
            models.CheckConstraint(
                name="machine_pairing_is_paired",
                condition=Q(pairing_index__isnull=True, pairing_until__isnull=True)
                | Q(pairing_index__isnull=False, pairing_until__isnull=False),
            ),
        ]


class Visit(models.Model):
    """One person at one machine, from letting in to wiping: what was done on it is found by it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    machine_id = models.UUIDField()
    account_id = models.UUIDField()
    begun_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=10, blank=True)  # button, timeout, next: how it ended

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, "查明自助机上的操作", "网络安全法 art. 21", "1 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("begun_at", YEAR),)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="visit_end_is_paired",
                condition=Q(ended_at__isnull=True, why="") | (Q(ended_at__isnull=False) & ~Q(why="")),
            ),
            # The machine serves one person at a time: who is let in next ends the visit before.
            models.UniqueConstraint(
                fields=["org_id", "machine_id"], condition=Q(ended_at__isnull=True), name="visit_one_at_a_machine"
            ),
        ]
        indexes = [models.Index(fields=["org_id", "machine_id", "-begun_at"], name="visit_newest")]


class PrintJob(models.Model):
    """A receipt or a paper on its way to the printer of a machine; what nobody fetched is cancelled at the wipe."""

    RECEIPT, PAPER = "receipt", "paper"
    WAITING, PRINTED, CANCELLED = "waiting", "printed", "cancelled"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    machine_id = models.UUIDField()
    visit_id = models.UUIDField()
    kind = models.CharField(max_length=7)
    matter_id = models.UUIDField()
    paper_id = models.UUIDField(null=True)
    state = models.CharField(max_length=9, default=WAITING)
    queued_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(name="printjob_kind", condition=Q(kind__in=("receipt", "paper"))),
            models.CheckConstraint(name="printjob_state", condition=Q(state__in=("waiting", "printed", "cancelled"))),
            models.CheckConstraint(
                name="printjob_done_is_paired",
                condition=Q(state="waiting", done_at__isnull=True) | (~Q(state="waiting") & Q(done_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["org_id", "machine_id", "-queued_at"], name="printjob_newest")]
