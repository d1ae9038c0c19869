"""People, accounts, units and posts, looks; codes and sessions at the doors."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, PUBLIC, SENSITIVE, THREE_YEARS, Kept, Personal

SERVICE = "办理公安政务服务事项"
RETAINED = "账户存续期间及注销后 3 年"


class Person(models.Model):
    """A human being known to the city, found by the blind index of the ID number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    id_index = models.BinaryField(max_length=32, null=True, unique=True)
    # Officers' search by exact name; many people share one.
    name_index = models.BinaryField(max_length=32, null=True, db_index=True)
    name_sealed = models.BinaryField()
    id_number_sealed = models.BinaryField()
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "name_index": Personal(PERSONAL, "按姓名查找本人", "户口登记条例 art. 4", "永久（户籍档案）"),
        "name_sealed": Personal(PERSONAL, SERVICE, "户口登记条例 art. 4", "永久（户籍档案）"),
        "id_number_sealed": Personal(SENSITIVE, SERVICE, "居民身份证法 art. 3（置信度 C）", "永久（户籍档案）"),
        "id_index": Personal(SENSITIVE, "按号码查找本人", "居民身份证法 art. 3（置信度 C）", "永久（户籍档案）"),
    }


class PersonKey(models.Model):
    """The key of one person, wrapped under the master key; deleting the row erases the person (crypto-erase).

    The owner is a Person, or an Account for what belongs to the door itself (the phone) or whose holder has not
    yet said who they are. No foreign key: the key goes alone, the rows it opened stay and say nothing.
    """

    owner_id = models.UUIDField(primary_key=True)
    wrapped = models.BinaryField(max_length=96)
    created_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts; Django's and allauth's way in."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(login=username)


class Account(AbstractBaseUser):
    """A door for one person: residents by phone and code, officers by login, password and second factor."""

    RESIDENT, OFFICER, SYSTEM = "resident", "officer", "system"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (RESIDENT, OFFICER, SYSTEM)])
    login = models.CharField(max_length=40, unique=True)  # officers: their name at the door; residents: the id
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="accounts")
    phone_index = models.BinaryField(max_length=32, null=True, unique=True)
    phone_sealed = models.BinaryField(null=True)
    display_name = models.CharField(max_length=30, blank=True)  # officers only: shown on acts
    police_number = models.CharField(max_length=12, blank=True)
    level = models.PositiveSmallIntegerField(default=1)  # identity level reached, 1..4
    language = models.CharField(max_length=7, default="zh-hans")
    elder_mode = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[AccountManager] = AccountManager()

    personal: ClassVar[dict[str, Personal]] = {
        "phone_sealed": Personal(PERSONAL, "登录与办件通知", "本人同意（个人信息保护法 art. 13）", RETAINED),
        "phone_index": Personal(PERSONAL, "按手机号登录", "本人同意（个人信息保护法 art. 13）", RETAINED),
        "display_name": Personal(PUBLIC, "执法公示", "人民警察法 art. 23", "任职期间"),
        "police_number": Personal(PUBLIC, "执法公示", "人民警察法 art. 23", "任职期间"),
    }


class Unit(models.Model):
    """A unit of the police in the tree bureau → branch → station."""

    BUREAU, BRANCH, STATION = "bureau", "branch", "station"

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=20, unique=True)
    org_id = models.SmallIntegerField()  # the district; 0 is the whole city
    level = models.CharField(max_length=8, choices=[(v, v) for v in (BUREAU, BRANCH, STATION)])
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=60, unique=True)  # ids from the root, each followed by a dot: "1.4.27."
    name = models.JSONField()  # {zh, en}
    address = models.JSONField(default=dict)  # {zh, en}
    phone = models.CharField(max_length=20, blank=True)  # of the unit, public
    hours = models.JSONField(default=dict)  # {zh, en}: when the counter is open
    lon = models.FloatField(null=True)  # WGS-84
    lat = models.FloatField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [models.Index(fields=["org_id", "level"])]


class Post(models.Model):
    """A post that can be held in a unit: station_clerk, branch_approver, … and the three administrators."""

    code = models.CharField(max_length=40, primary_key=True)
    name = models.JSONField()
    level = models.CharField(max_length=8)  # the level of unit it exists in
    acts = models.JSONField(default=list)  # what its holder may do; flows name posts, pages name acts

    personal: ClassVar[dict[str, Personal]] = {}


class Appointment(models.Model):
    """Who holds which post in which unit, from when until when; a deputy's stands beside the holder's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="appointments")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="appointments")
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    deputy_for = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="deputies")
    scope = models.JSONField(default=list)  # service codes a deputy may handle; empty: all of the post's
    made_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="appointment_ends_after_it_starts",
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
            ),
            models.CheckConstraint(
                name="deputy_is_time_boxed",
                condition=Q(deputy_for__isnull=True) | Q(until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "until"], name="appointment_by_account"),
            models.Index(fields=["unit", "post"], name="appointment_by_post"),
        ]


class Session(AbstractBaseSession):
    """A sign-in that lasts: only the hash of its key is kept, so that a copy of the database opens no session."""

    session_key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the cookie, in hex
    ref = models.UUIDField(default=new_id, unique=True)  # names the session on the page that lists them
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="sessions")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    device = models.CharField(max_length=40, blank=True)  # "Chrome · Android": coarse on purpose

    personal: ClassVar[dict[str, Personal]] = {
        "device": Personal(INTERNAL, "本人查看登录设备", "网络安全法 art. 21", "会话结束后即删"),
    }

    class Meta:
        indexes = [models.Index(fields=["account", "-seen_at"], name="session_by_account")]

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the store that reads and writes these rows."""
        from minjing.kernel.identity.sessions import SessionStore

        return SessionStore


class Erasure(models.Model):
    """A wish to erase a person: one administrator asks, another confirms; nobody erases alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="erasures")
    ground = models.CharField(max_length=30)  # a key of ERASURE_GROUNDS
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="erasure_by_two_people", condition=Q(done_by__isnull=True) | ~Q(done_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="erasure_done_is_paired",
                condition=Q(done_by__isnull=True, done_at__isnull=True)
                | Q(done_by__isnull=False, done_at__isnull=False),
            ),
        ]


class LookNote(models.Model):
    """A look that the lot has drawn: the officer is asked for a note, which a peer reviews.

    The note is sealed under the key of the person looked at: erasing them erases what was said of them.
    """

    FITS, DOES_NOT_FIT, UNCLEAR = "fits", "does_not_fit", "unclear"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    entry_id = models.UUIDField()  # of the look, in the ledger
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="look_notes")  # who looked
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    bound = models.BooleanField()  # whether an open matter stood behind the look
    asked_at = models.DateTimeField()  # the instant of the look
    due_at = models.DateTimeField()
    note_sealed = models.BinaryField(null=True)
    answered_at = models.DateTimeField(null=True)
    reviewer = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    assigned_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # the supervisor
    settled_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person": Personal(INTERNAL, "抽查查看记录", "个人信息保护法 art. 54", "说明复核后 3 年"),
        "note_sealed": Personal(PERSONAL, "抽查查看记录", "个人信息保护法 art. 54", "说明复核后 3 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("reviewed_at", THREE_YEARS),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "entry_id"], name="looknote_once_a_look"),
            models.CheckConstraint(
                name="looknote_reviewed_by_another",
                condition=Q(reviewer__isnull=True) | ~Q(reviewer=F("account")),
            ),
            models.CheckConstraint(
                name="looknote_answer_is_paired",
                condition=Q(note_sealed__isnull=True, answered_at__isnull=True)
                | Q(note_sealed__isnull=False, answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="looknote_review_is_paired",
                condition=Q(verdict="", reviewed_at__isnull=True)
                | Q(
                    verdict__in=("fits", "does_not_fit", "unclear"),
                    reviewed_at__isnull=False,
                    answered_at__isnull=False,
                    reviewer__isnull=False,
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "due_at"], condition=Q(answered_at__isnull=True), name="looknote_unanswered"
            ),
            models.Index(
                fields=["reviewer", "assigned_at"],
                condition=Q(answered_at__isnull=False, reviewed_at__isnull=True),
                name="looknote_unreviewed",
            ),
            models.Index(fields=["unit", "due_at"], condition=Q(settled_at__isnull=True), name="looknote_unsettled"),
        ]


class HiddenLook(models.Model):
    """The leave to hide one officer's looks at one person for a time: asked by one, given beforehand by another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="hidden_looks")  # whose looks are hidden
    acts_for = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # the officer stood in for
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    basis = models.CharField(max_length=30)  # a key of hidden_bases
    facts_sealed = models.BinaryField()  # why, in the asker's words; under the person's key
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    approver = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    granted = models.BooleanField(null=True)
    ended_at = models.DateTimeField(null=True)  # ended before its time: what it hid shows itself at once

    personal: ClassVar[dict[str, Personal]] = {
        "person": Personal(INTERNAL, "依法暂不告知查看记录", "个人信息保护法 art. 35", "到期公开后 3 年"),
        "facts_sealed": Personal(PERSONAL, "依法暂不告知查看记录", "个人信息保护法 art. 35", "到期公开后 3 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("until", THREE_YEARS),)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hiddenlook_by_two_people", condition=Q(approver__isnull=True) | ~Q(approver=F("account"))
            ),
            models.CheckConstraint(
                name="hiddenlook_twelve_months_at_most",
                condition=Q(until__gt=F("asked_at")) & Q(until__lte=F("asked_at") + timedelta(days=365)),
            ),
            models.CheckConstraint(
                name="hiddenlook_decision_is_paired",
                condition=Q(approver__isnull=True, decided_at__isnull=True, granted__isnull=True)
                | Q(approver__isnull=False, decided_at__isnull=False, granted__isnull=False),
            ),
            models.CheckConstraint(
                name="hiddenlook_decided_after_asked",
                condition=Q(decided_at__isnull=True) | Q(decided_at__gte=F("asked_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["account", "person", "until"], name="hiddenlook_in_force"),
            models.Index(fields=["unit"], condition=Q(decided_at__isnull=True), name="hiddenlook_undecided"),
        ]


class HiddenTally(models.Model):
    """How many looks a unit has hidden in a month: counted with the look itself, published when the month is over."""

    id = models.BigAutoField(primary_key=True)
    org_id = models.SmallIntegerField()
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    month = models.DateField()  # its first day
    looks = models.PositiveIntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "unit", "month"], name="hiddentally_once_a_month"),
        ]


class Tally(models.Model):
    """How often something was tried since when: the limits on codes and sign-ins, one row a key."""

    key_index = models.BinaryField(max_length=32, primary_key=True)  # blind index of "what|who"
    since = models.DateTimeField()
    count = models.PositiveIntegerField()

    personal: ClassVar[dict[str, Personal]] = {
        "key_index": Personal(PERSONAL, "防止滥用验证码与猜测口令", "网络安全法 art. 21", "24 小时"),
    }


class ApiToken(models.Model):
    """A bearer token of the API: only its hash is kept."""

    hash = models.BinaryField(max_length=32, primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}


class PhoneCode(models.Model):
    """A one-time code on its way to a phone: hashed, short-lived, few attempts.

    It belongs to the browser that asked for it (the handle), so that nobody can use up a stranger's attempts.
    """

    handle_hash = models.BinaryField(max_length=32, primary_key=True)
    phone_index = models.BinaryField(max_length=32)
    code_hash = models.BinaryField(max_length=32)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {
        "phone_index": Personal(PERSONAL, "验证手机号", "本人同意（个人信息保护法 art. 13）", "10 分钟"),
    }

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="phonecode_expiry")]
