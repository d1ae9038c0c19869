"""The outbox of notices: what a person is told, in which channel, and whether it reached them."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, Personal

TOLD = "告知办件进度"
BASIS = "行政许可法 art. 32"


class Message(models.Model):
    """One notice in one channel. In-app notices are sent by being stored; the others wait for their delivery.

    The engine inserts these rows in its own statement, so the columns it does not name have defaults in the database.
    """

    IN_APP, SMS = "in_app", "sms"
    WAITING, SENDING, SENT, FAILED = "waiting", "sending", "sent", "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account_id = models.UUIDField(null=True)  # null: a code to a phone that has no account yet
    template = models.CharField(max_length=40)
    params = models.JSONField(default=dict, db_default={})
    text_zh = models.TextField()
    text_en = models.TextField()
    matter_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=10)
    dedupe = models.CharField(max_length=160, unique=True)  # matter|seq|template|channel
    state = models.CharField(max_length=10, default=WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)  # not tried again before
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # Only for sign-in codes: phone and words, sealed, emptied once delivered.
    envelope_sealed = models.BinaryField(null=True)
    fault = models.CharField(max_length=30, default="", db_default="")  # why the last attempt failed
    receipt = models.CharField(max_length=60, default="", db_default="")  # the provider's own id

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, TOLD, BASIS, "办件办结后 1 年"),
        "text_zh": Personal(INTERNAL, TOLD, BASIS, "办件办结后 1 年"),
        "text_en": Personal(INTERNAL, TOLD, BASIS, "办件办结后 1 年"),
        "params": Personal(INTERNAL, TOLD, BASIS, "办件办结后 1 年"),
        "envelope_sealed": Personal(PERSONAL, "发送登录验证码", "本人同意（个人信息保护法 art. 13）", "送达即删"),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="message_channel_known", condition=Q(channel__in=["in_app", "sms"])),
            models.CheckConstraint(
                name="message_state_known", condition=Q(state__in=["waiting", "sending", "sent", "failed"])
            ),
            models.CheckConstraint(
                name="message_waiting_has_a_time",
                condition=~Q(state__in=["waiting", "sending"]) | Q(next_at__isnull=False),
            ),
            models.CheckConstraint(
                name="message_has_a_reader",
                condition=Q(account_id__isnull=False)
                | Q(envelope_sealed__isnull=False)
                | Q(state__in=["sent", "failed"]),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="message_to_send", condition=Q(state__in=["waiting", "sending"])),
            models.Index(fields=["account_id", "-id"], name="message_inbox", condition=Q(channel="in_app")),
            models.Index(
                fields=["account_id"], name="message_unread", condition=Q(channel="in_app", read_at__isnull=True)
            ),
            models.Index(fields=["matter_id"], name="message_of_matter", condition=Q(matter_id__isnull=False)),
            BrinIndex(fields=["created_at"], name="message_by_age"),
        ]
