"""What the watch keeps: the last beat, a day of lag by the minute, alarms, and break-glass."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

WORDS = Personal(INTERNAL, "说明值守经过和紧急查看的理由", "个人信息保护法 art. 51", "与台账相同")


class Beat(models.Model):
    """The one row by which every process knows how far the ledger lies behind."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()  # when it was measured
    lag_s = models.FloatField()
    size = models.BigIntegerField()  # of the last checkpoint seen in the public files
    checked = models.BigIntegerField()  # entries whose public and private halves were compared so far
    doubts = models.JSONField(default=list)  # checks that could not be made this round, by name

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.CheckConstraint(name="beat_is_one", condition=Q(id=1))]


class Minute(models.Model):
    """The worst lag of a minute and the size at its end; a day of them is kept."""

    at = models.DateTimeField(primary_key=True)
    lag_s = models.FloatField()
    size = models.BigIntegerField()

    personal: ClassVar[dict[str, Personal]] = {}


class Alarm(models.Model):
    """What does not fit, since when, and who has taken note."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20)  # what sort of finding: lag, promise, entry, file …
    about = models.CharField(max_length=200)  # what it is about: one open alarm for each
    text = models.JSONField()  # {zh, en}: what was found
    index = models.BigIntegerField(null=True)  # the entry concerned
    row = models.CharField(max_length=120, blank=True)  # the row or file concerned
    since = models.DateTimeField()  # from when the fifteen minutes count
    raised_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    acknowledged_by = models.UUIDField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"note": WORDS}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=Q(ended_at__isnull=True), name="alarm_stands_once"
            ),
            models.CheckConstraint(
                name="alarm_acknowledged_is_paired",
                condition=Q(acknowledged_by__isnull=True, acknowledged_at__isnull=True)
                | Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["-raised_at"], name="alarm_newest")]


class Glass(models.Model):
    """A break-glass: who asked why, who confirmed, until when the record is open for the asker."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reason = models.CharField(max_length=200)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    confirmed_by = models.UUIDField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"reason": WORDS}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="glass_by_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="glass_confirmed_says_all",
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True, until__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, until__gt=F("confirmed_at")),
            ),
            models.CheckConstraint(
                name="glass_is_bounded",
                condition=Q(until__isnull=True) | Q(until__lte=F("confirmed_at") + timedelta(hours=1)),
            ),
        ]
        indexes = [models.Index(fields=["asked_by", "until"], name="glass_of_account")]
