"""How sure the house is of somebody: the checks, the evidence that stays of them, and other doors to an account."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, SENSITIVE, Personal
from minjing.kernel.identity.models.people import Account, Person

CHECKING = "核验本人身份"
CONSENT = "本人同意（个人信息保护法 art. 29，置信度 B）"
EVIDENCE_KEPT = "账户存续期间及注销后 3 年"
PICTURE_KEPT = "比对或民警判断完成即删，最长 7 天"


class Check(models.Model):
    """One attempt to prove something by a card, a picture or papers; what it proved is kept as Evidence."""

    LEVEL, RECOVERY, GUARDIAN, FIRM = "level", "recovery", "guardian", "firm"
    CARD, FIELDS, WAY, SELFIE, WAITING, DONE, REFUSED = (
        "card", "fields", "way", "selfie", "waiting", "done", "refused",
    )  # fmt: skip
    ENDED = (DONE, REFUSED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account = models.ForeignKey(Account, models.PROTECT, related_name="checks")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")  # who it would prove the account to be
    purpose = models.CharField(max_length=10, default=LEVEL)
    state = models.CharField(max_length=10)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    session_ref = models.UUIDField(null=True)
    device_index = models.BinaryField(max_length=32, null=True)
    said_sealed = models.BinaryField(null=True)  # what was read of the card and confirmed, or said of the papers
    reader = models.CharField(max_length=60, blank=True)  # which engine read the card; empty: typed by hand
    consented_at = models.DateTimeField(null=True)  # to a comparison of faces by machine; null: an officer compares
    challenge = models.CharField(max_length=10, blank=True)
    challenge_until = models.DateTimeField(null=True)  # null: none is open; a challenge is answered once
    tries = models.PositiveSmallIntegerField(default=0)  # before the camera
    counter_index = models.BinaryField(max_length=32, null=True)  # of the code shown at a counter
    engine = models.CharField(max_length=60, blank=True)
    distance = models.FloatField(null=True)  # as the engine counts it: 0 the same picture; no template is kept
    threshold = models.FloatField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    officer = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person": Personal(INTERNAL, CHECKING, CONSENT, EVIDENCE_KEPT),
        "device_index": Personal(PERSONAL, CHECKING, CONSENT, PICTURE_KEPT),
        "counter_index": Personal(PERSONAL, CHECKING, CONSENT, PICTURE_KEPT),
        "said_sealed": Personal(SENSITIVE, CHECKING, CONSENT, PICTURE_KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="check_ended_is_decided",
                condition=Q(state__in=("done", "refused"), decided_at__isnull=False)
                | ~Q(state__in=("done", "refused")) & Q(decided_at__isnull=True),
            ),
            # One at a time: a second page shows the same attempt.
            models.UniqueConstraint(
                fields=["account", "purpose"],
                condition=~Q(state__in=("done", "refused")),
                name="check_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=Q(state="waiting"), name="check_waiting"),
            models.Index(fields=["expires_at"], condition=~Q(state__in=("done", "refused")), name="check_expiry"),
        ]


class CheckPicture(models.Model):
    """A picture of a check: sealed under the account's key, gone when the check is decided or has lapsed."""

    FRONT, BACK, PORTRAIT, STRAIGHT, TURNED = "front", "back", "portrait", "straight", "turned"
    PAPER = "paper"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    check_of = models.ForeignKey(Check, models.CASCADE, related_name="pictures")
    part = models.CharField(max_length=10)
    content_sealed = models.BinaryField()
    taken_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "content_sealed": Personal(SENSITIVE, CHECKING, CONSENT, PICTURE_KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["check_of", "part"], name="checkpicture_one_a_part"),
        ]


class Evidence(models.Model):
    """What a check proved: method, engine, distance, threshold, time, who confirmed. No picture, no template."""

    MACHINE, OFFICER, COUNTER, PASSKEY, READER = "machine", "officer", "counter", "passkey", "reader"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account = models.ForeignKey(Account, models.PROTECT, related_name="evidence")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    check_of = models.ForeignKey(Check, models.PROTECT, null=True, related_name="+")
    level = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=10)
    engine = models.CharField(max_length=60, blank=True)
    distance = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    taken_at = models.DateTimeField()
    until = models.DateTimeField()
    session_ref = models.UUIDField(null=True)  # in which sign-in it was given
    device_index = models.BinaryField(max_length=32, null=True)  # from which browser: see rules.levels
    confirmed_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person": Personal(INTERNAL, CHECKING, CONSENT, EVIDENCE_KEPT),
        "device_index": Personal(PERSONAL, CHECKING, CONSENT, EVIDENCE_KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(name="evidence_ends_after_it", condition=Q(until__gt=F("taken_at"))),
            models.CheckConstraint(name="evidence_of_level_3_or_4", condition=Q(level__in=(3, 4))),
            # Who proves themselves does not confirm it.
            models.CheckConstraint(
                name="evidence_confirmed_by_another",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("account")),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-taken_at"], condition=Q(ended_at__isnull=True), name="evidence_valid"),
        ]


class Door(models.Model):
    """Another way into an account: an openid of WeChat, a user id of Alipay; bound to one account and no other."""

    WECHAT, ALIPAY = "wechat", "alipay"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account = models.ForeignKey(Account, models.PROTECT, related_name="doors")
    kind = models.CharField(max_length=10)
    subject_index = models.BinaryField(max_length=32)
    bound_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "subject_index": Personal(
            PERSONAL, "从微信、支付宝登录", "本人同意（个人信息保护法 art. 13）", "解除绑定即删"
        ),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_index"], name="door_to_one_account"),
            models.UniqueConstraint(fields=["account", "kind"], name="door_one_of_a_kind"),
        ]


class Recovery(models.Model):
    """A lost phone: the account moves to the new phone after the wait, unless its old phone objects."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    account = models.ForeignKey(Account, models.PROTECT, related_name="recoveries")  # the one that is recovered
    new_account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # of the new phone
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    check_of = models.ForeignKey(Check, models.PROTECT, null=True, related_name="+")
    officer = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # at the counter
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()  # when it takes effect
    word_index = models.BinaryField(max_length=32)  # of the word in the text to the old phone
    objected_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person": Personal(INTERNAL, CHECKING, CONSENT, EVIDENCE_KEPT),
        "word_index": Personal(PERSONAL, "原手机号提出异议", CONSENT, EVIDENCE_KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(objected_at__isnull=True, done_at__isnull=True),
                name="recovery_one_at_a_time",
            ),
            models.CheckConstraint(
                name="recovery_objected_or_done",
                condition=Q(objected_at__isnull=True) | Q(done_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(objected_at__isnull=True, done_at__isnull=True), name="recovery_due"
            ),
        ]


class PhoneStop(models.Model):
    """A phone whose owner wants no codes for a time: somebody else keeps asking for them."""

    LONGEST: ClassVar[timedelta] = timedelta(days=7)

    phone_index = models.BinaryField(max_length=32, primary_key=True)
    since = models.DateTimeField()
    until = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "phone_index": Personal(PERSONAL, "防止验证码轰炸", "本人同意（个人信息保护法 art. 13）", "到期即删"),
    }
