"""The outbox of notices: what a person is told, in which channel, and whether it reached them."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, YEAR, Kept, Personal
from minjing.kernel.notify import rules

TOLD = "告知办件进度"
BASIS = "行政许可法 art. 32"
CONSENT = "本人同意（个人信息保护法 art. 13）"


class Message(models.Model):
    """One notice in one channel. In-app notices are sent by being stored; the others wait for their delivery.

    The engine inserts these rows in its own statement, so the columns it does not name have defaults in the database.
    """

    IN_APP, SMS, WECHAT, EMAIL, PUSH, LETTER = rules.CHANNELS
    WAITING, SENDING, SENT, FAILED, SKIPPED = "waiting", "sending", "sent", "failed", "skipped"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account_id = models.UUIDField(null=True)  # null: a code to a phone that has no account yet
    template = models.CharField(max_length=40)
    params = models.JSONField(default=dict, db_default={})
    text_zh = models.TextField()
    text_en = models.TextField()
    matter_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=10)
    dedupe = models.CharField(max_length=160)  # matter|seq|template|channel
    state = models.CharField(max_length=10, default=WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)  # not tried again before
    created_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True)  # when its channels were chosen: once an occasion
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # Only for what goes to a phone or a house that no account stands for: address and words, emptied once delivered.
    envelope_sealed = models.BinaryField(null=True)
    fault = models.CharField(max_length=30, default="", db_default="")  # why the last attempt failed
    receipt = models.CharField(max_length=60, default="", db_default="")  # the provider's own id
    carrier = models.CharField(max_length=10, default="", db_default="")  # which provider may have it
    report = models.CharField(max_length=12, default="", db_default="")  # what the provider said of its arrival
    reported_at = models.DateTimeField(null=True)
    batch_id = models.UUIDField(null=True)  # letters: the day's batch they are printed with

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, TOLD, BASIS, "发出后 1 年"),
        "text_zh": Personal(INTERNAL, TOLD, BASIS, "发出后 1 年"),
        "text_en": Personal(INTERNAL, TOLD, BASIS, "发出后 1 年"),
        "params": Personal(INTERNAL, TOLD, BASIS, "发出后 1 年"),
        "envelope_sealed": Personal(PERSONAL, "发送登录验证码和书面通知", CONSENT, "送达即删"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("created_at", YEAR),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe"], name="message_once"),
            models.CheckConstraint(name="message_channel_known", condition=Q(channel__in=list(rules.CHANNELS))),
            models.CheckConstraint(
                name="message_state_known",
                condition=Q(state__in=["waiting", "sending", "sent", "failed", "skipped"]),
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
            models.Index(
                fields=["account_id", "-created_at", "-id"], name="message_inbox", condition=Q(channel="in_app")
            ),
            models.Index(
                fields=["account_id"], name="message_unread", condition=Q(channel="in_app", read_at__isnull=True)
            ),
            models.Index(fields=["matter_id"], name="message_of_matter", condition=Q(matter_id__isnull=False)),
            models.Index(fields=["batch_id"], name="message_of_batch", condition=Q(batch_id__isnull=False)),
            BrinIndex(fields=["created_at"], name="message_by_age"),
        ]


class Wishes(models.Model):
    """How one person wants to be told: by which channels of which topics, and when not. No row: as the city does."""

    account_id = models.UUIDField(primary_key=True)
    channels = models.JSONField(default=dict)  # {topic: [channel]}
    quiet = models.CharField(max_length=12, blank=True)  # "22:00-08:00", "none"; empty: the city's hours
    updated_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "channels": Personal(INTERNAL, "按本人意愿发送通知", CONSENT, "账户存续期间"),
        "quiet": Personal(INTERNAL, "按本人意愿发送通知", CONSENT, "账户存续期间"),
    }


class Address(models.Model):
    """Where a person is reached beside the phone: WeChat, e-mail, a browser's push, a letter box; sealed.

    It counts from `confirmed_at` until `ended_at`; before, it waits for the code or the link that was given out.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    channel = models.CharField(max_length=10)
    address_sealed = models.BinaryField(null=True)  # null: a code was given out, nobody has used it yet
    address_index = models.BinaryField(max_length=32, null=True)
    label = models.CharField(max_length=60, blank=True)  # masked, for its owner: l***@example.com
    confirm_hash = models.BinaryField(max_length=32, null=True, unique=True)
    confirm_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=20, blank=True)

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, "送达通知", CONSENT, "本人解除后 1 年"),
        "address_sealed": Personal(PERSONAL, "送达通知", CONSENT, "本人解除即停用，1 年后删除"),
        "address_index": Personal(PERSONAL, "按地址查找本人", CONSENT, "本人解除后 1 年"),
        "label": Personal(INTERNAL, "本人查看已绑定的地址", CONSENT, "本人解除后 1 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("ended_at", YEAR),)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="address_channel_known", condition=Q(channel__in=["wechat", "email", "push", "letter"])
            ),
            models.CheckConstraint(
                name="address_confirmed_is_whole",
                condition=Q(confirmed_at__isnull=True) | Q(address_sealed__isnull=False, address_index__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["channel", "address_index"],
                name="address_of_one_person",  # a WeChat account or a browser tells one person only
                condition=Q(channel__in=["wechat", "push"], confirmed_at__isnull=False, ended_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["account_id", "channel"],
                name="address_one_of_a_kind",
                condition=Q(
                    channel__in=["wechat", "email", "letter"], confirmed_at__isnull=False, ended_at__isnull=True
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["account_id"],
                name="address_in_use",
                condition=Q(confirmed_at__isnull=False, ended_at__isnull=True),
            ),
        ]


class Carrier(models.Model):
    """How an SMS provider fares: its share of the messages now, and its last trouble."""

    name = models.CharField(max_length=10, primary_key=True)
    share = models.PositiveSmallIntegerField()
    faults = models.PositiveIntegerField(default=0)  # since it was last well
    fault = models.CharField(max_length=30, blank=True)
    fault_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}


class Batch(models.Model):
    """The letters of one day, printed and posted together."""

    MADE, PRINTED, POSTED = "made", "printed", "posted"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    day_date = models.DateField()
    number = models.CharField(max_length=20, unique=True)  # 20261127-1
    letters = models.PositiveIntegerField()
    state = models.CharField(max_length=8, default=MADE)
    made_at = models.DateTimeField()
    printed_at = models.DateTimeField(null=True)
    printed_by = models.UUIDField(null=True)
    posted_at = models.DateTimeField(null=True)
    posted_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(name="batch_state_known", condition=Q(state__in=["made", "printed", "posted"])),
            models.CheckConstraint(
                name="batch_printed_is_paired",
                condition=Q(printed_at__isnull=True, printed_by__isnull=True)
                | Q(printed_at__isnull=False, printed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_posted_is_paired",
                condition=Q(posted_at__isnull=True, posted_by__isnull=True)
                | Q(posted_at__isnull=False, posted_by__isnull=False),
            ),
        ]


class Heard(models.Model):
    """A call of a provider that was answered: the same one again gets the same answer and does nothing."""

    key = models.CharField(max_length=80, primary_key=True)  # source|its own id of the message
    at = models.DateTimeField()
    answer_sealed = models.BinaryField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "answer_sealed": Personal(PERSONAL, "重复推送时给出同一答复", "平台规则", "1 小时"),
    }

    class Meta:
        indexes = [BrinIndex(fields=["at"], name="heard_by_age")]
