"""Questions and articles: thin tables. What was said lies sealed in the matter; here is nothing of it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, YEAR, Kept, Personal
from minjing.modules.help_desk import rules


class Question(models.Model):
    """How a question came, beside its matter: topic, channel and page, nothing personal."""

    matter_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField(default=0)
    number = models.CharField(max_length=20)
    topic = models.CharField(max_length=12)
    channel = models.CharField(max_length=6)
    route = models.CharField(max_length=120, blank=True)  # the pattern of the page's address
    machine = models.CharField(max_length=12, blank=True)  # the code of the machine it came from
    code_index = models.BinaryField(max_length=32, null=True)  # blind index of number and code, for who has no name
    taken_by = models.UUIDField(null=True)  # the operator who took the call
    asked_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "code_index": Personal(INTERNAL, "凭编号和查询码看答复", "平台规则", "提问后 1 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("asked_at", YEAR, emptied=("code_index",)),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="question_number"),
            models.CheckConstraint(name="question_channel", condition=Q(channel__in=rules.CHANNELS)),
            models.CheckConstraint(name="question_topic", condition=Q(topic__in=rules.TOPICS)),
        ]
        indexes = [models.Index(fields=["org_id", "-asked_at"], name="question_newest")]


class Article(models.Model):
    """An answer for everybody. What is published never changes: a new wording is a new article that replaces it."""

    DRAFT, PUBLISHED, WITHDRAWN = "draft", "published", "withdrawn"
    STATES = (DRAFT, PUBLISHED, WITHDRAWN)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    number = models.PositiveIntegerField()  # in the address; a new wording keeps it
    topic = models.CharField(max_length=12)
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=160)
    body_zh = models.TextField(max_length=4000)
    body_en = models.TextField(max_length=8000)
    aliases = models.JSONField(default=list)  # other words by which people look for it
    question = models.CharField(max_length=20, blank=True)  # number of the question that it grew from
    state = models.CharField(max_length=10, default=DRAFT)
    written_by = models.UUIDField()
    written_at = models.DateTimeField()
    checked_by = models.UUIDField(null=True)
    checked_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    helped = models.PositiveIntegerField(default=0)
    not_helped = models.PositiveIntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org_id", "number"], condition=Q(state="published"), name="article_one_in_force"
            ),
            models.CheckConstraint(name="article_state", condition=Q(state__in=("draft", "published", "withdrawn"))),
            models.CheckConstraint(
                name="article_checked_by_another",
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("written_by")),
            ),
            models.CheckConstraint(
                name="article_check_is_paired",
                condition=Q(checked_by__isnull=True, checked_at__isnull=True)
                | Q(checked_by__isnull=False, checked_at__isnull=False),
            ),
            models.CheckConstraint(
                name="article_published_is_checked",
                condition=~Q(state="published") | Q(checked_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "topic", "number"], name="article_by_topic")]
