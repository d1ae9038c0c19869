"""Rules that somebody tries out on past violations: the changed pack, and what each replay of it came to."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

WORK = Personal(INTERNAL, "法制工作留痕", "规章制定程序中的评估（平台规则）", "最后保存或推演后三年（平台规则）")


class RuleDraft(models.Model):
    """A changed copy of one pack of rules; never in force: what is in force are the files of the packs alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    title = models.CharField(max_length=60)
    base = models.CharField(max_length=24)  # the pack it is a copy of: shenzhen, points_2022 …
    source = models.TextField()  # YAML, as `packs.written` writes it
    pack = models.CharField(max_length=16)  # version of the rules in force when it was begun
    digest = models.CharField(max_length=16)  # version of the rules with this draft in them
    by = models.UUIDField()
    made_at = models.DateTimeField()
    saved_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"by": WORK}

    class Meta:
        indexes = [models.Index(fields=["org_id", "-made_at"], name="traffic_draft_newest")]


class DraftReplay(models.Model):
    """One replay of a draft over a period: how far it is, and the figures it came to, of which nobody can be told."""

    WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    draft = models.ForeignKey(RuleDraft, models.PROTECT, related_name="replays")
    source = models.TextField()  # of the draft as it was replayed
    pack = models.CharField(max_length=16)  # the rules in force that it is compared with
    digest = models.CharField(max_length=16)
    from_date = models.DateField()
    until_date = models.DateField()  # the last day
    state = models.CharField(max_length=8, default="waiting")
    done_percent = models.SmallIntegerField(default=0)
    violations = models.IntegerField(default=0)  # read so far, those before the period among them
    figures = models.JSONField(default=dict)
    by = models.UUIDField()
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"by": WORK}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_replay_state", condition=Q(state__in=("waiting", "running", "done", "failed"))
            ),
            models.CheckConstraint(name="traffic_replay_days", condition=Q(until_date__gte=models.F("from_date"))),
            models.CheckConstraint(
                name="traffic_replay_percent", condition=Q(done_percent__gte=0, done_percent__lte=100)
            ),
        ]
        indexes = [models.Index(fields=["draft", "-asked_at"], name="traffic_replay_newest")]
