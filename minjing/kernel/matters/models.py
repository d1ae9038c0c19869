"""Procedures and matters: thin tables; integrity lives in the database, transitions in sql/."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, SENSITIVE, Personal

FORM = Personal(SENSITIVE, "办理本人申请的事项", "户口登记条例 art. 5", "办结后按户籍档案管理规定保存")


class Procedure(models.Model):
    """An immutable published version of a service: form, flow, texts. A trigger refuses every change of its body."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=12)
    version = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64)
    body = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.UUIDField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="procedure_version"),
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to__isnull=True), name="procedure_current"),
        ]


class Calendar(models.Model):
    """A revision of the working-day calendar: days off and made-up days, known until a day."""

    revision = models.AutoField(primary_key=True)
    known_until = models.DateField()
    days_off = models.JSONField()
    made_up = models.JSONField()
    source = models.CharField(max_length=200)
    published_at = models.DateTimeField()
    published_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}


class Draft(models.Model):
    """An application being filled in: saved page by page, resumed on any device, pinned to its version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    account_id = models.UUIDField()
    person_id = models.UUIDField(null=True)
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="drafts")
    answers_sealed = models.BinaryField(null=True)
    pages_done = models.JSONField(default=list)
    stash_sealed = models.BinaryField(null=True)  # a page posted after the session had ended, until its owner is back
    started_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    matter_id = models.UUIDField(null=True)  # set once, by the submission
    mandate_id = models.UUIDField(null=True)  # by which another fills it in for the person

    personal: ClassVar[dict[str, Personal]] = {"answers_sealed": FORM, "stash_sealed": FORM}

    class Meta:
        indexes = [models.Index(fields=["account_id", "saved_at"]), models.Index(fields=["expires_at"])]


class Matter(models.Model):
    """One matter: where it stands, who has it, until when. Changed only by a transition (sql/transition.sql)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    number = models.CharField(max_length=20)
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="matters")
    code = models.CharField(max_length=12)
    unit_id = models.IntegerField()  # the unit that has it now
    station_id = models.IntegerField()  # the station that is responsible for it
    received_at_unit = models.IntegerField(null=True)  # the station at whose counter it was taken in; null: online
    state = models.CharField(max_length=30)
    post = models.CharField(max_length=40, blank=True)  # who must act now; empty: the applicant or nobody
    ver = models.PositiveIntegerField()
    person_id = models.UUIDField()  # the applicant; the key of this person seals the form
    account_id = models.UUIDField()  # the account that is told
    mandate_id = models.UUIDField(null=True)  # by which that account acts for the person; null: the person's own
    subject_index = models.BinaryField(max_length=32)  # blind index of the person the matter is about
    answers_sealed = models.BinaryField()
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField()
    due_provisional = models.BooleanField(default=False)
    yellow_at = models.DateTimeField()
    step_since = models.DateTimeField()
    paused_since = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=30, blank=True)
    lapses_at = models.DateTimeField(null=True)
    claimed_by = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    acts = models.JSONField(default=dict)  # action → account that did it last: for "must be another person"
    open_tasks = models.PositiveSmallIntegerField(default=0)
    extension_days = models.PositiveSmallIntegerField(default=0)
    asked = models.JSONField(default=list)  # material names being asked for
    asked_days = models.PositiveSmallIntegerField(default=0)  # the extension that waits for approval
    back_to = models.CharField(max_length=30, blank=True)  # where a pause returns to; the decision taken up
    outcome = models.CharField(max_length=20, blank=True)
    closed_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"answers_sealed": FORM, "subject_index": FORM}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="matter_number"),
            models.CheckConstraint(
                name="matter_claim_is_paired",
                condition=Q(claimed_by__isnull=True, claimed_at__isnull=True)
                | Q(claimed_by__isnull=False, claimed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="matter_closed_has_outcome",
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""),
            ),
            models.CheckConstraint(name="matter_due_after_submission", condition=Q(due_at__gte=F("submitted_at"))),
        ]
        indexes = [
            # The officer's queue: what my unit and post must act on, most urgent first.
            models.Index(
                fields=["org_id", "unit_id", "post", "due_at"],
                include=["claimed_by", "yellow_at", "id"],
                condition=Q(closed_at__isnull=True, paused_since__isnull=True),
                name="matter_queue",
            ),
            # The lights: stored instants under one partial index, so that a supervisor's page never scans.
            models.Index(
                fields=["org_id", "yellow_at", "due_at", "unit_id"],
                condition=Q(closed_at__isnull=True, paused_since__isnull=True),
                name="matter_lights",
            ),
            models.Index(fields=["lapses_at"], condition=Q(lapses_at__isnull=False), name="matter_lapses"),
            models.Index(fields=["account_id", "-submitted_at"], name="matter_mine"),
            models.Index(fields=["person_id"], condition=Q(mandate_id__isnull=False), name="matter_by_mandate"),
            # Same person, same service, still open: the duplicate check; closed ones too, for the officers' search.
            models.Index(fields=["subject_index", "code"], name="matter_duplicate"),
            # Received by week: rows lie in the order they came, so a few blocks tell where to look.
            BrinIndex(fields=["submitted_at"], name="matter_received"),
            # Clocks that stand still, for the queue of what waits for applicants.
            models.Index(
                fields=["org_id", "station_id", "due_at"],
                include=["code"],
                condition=Q(paused_since__isnull=False, closed_at__isnull=True),
                name="matter_paused",
            ),
            # What lies with an approver, by the station it came from, counted without a look at the rows; and what is
            # to be corrected or reopened.
            models.Index(
                fields=["org_id", "station_id", "due_at"],
                include=["unit_id", "code", "id"],
                condition=Q(
                    post__in=("station_approver", "branch_approver", "bureau_approver"),
                    closed_at__isnull=True,
                    paused_since__isnull=True,
                ),
                name="matter_deciding",
            ),
            models.Index(
                fields=["org_id", "unit_id", "post"],
                condition=Q(state__in=("correcting", "reopening"), closed_at__isnull=True),
                name="matter_review",
            ),
            # Extensions that wait for approval: very few at any time.
            models.Index(
                fields=["org_id", "station_id"],
                condition=Q(asked_days__gt=0, closed_at__isnull=True),
                name="matter_asked_days",
            ),
            # An officer's desk, most urgent first: a page of it reads fifty rows and not the whole desk.
            models.Index(
                fields=["claimed_by", "due_at", "id"],
                condition=Q(claimed_by__isnull=False, closed_at__isnull=True),
                name="matter_claimed",
            ),
            models.Index(
                fields=["org_id", "unit_id", "closed_at"],
                condition=Q(closed_at__isnull=False),
                name="matter_closed_by_unit",
            ),
            # What a counter has taken in for other stations.
            models.Index(
                fields=["received_at_unit", "due_at"],
                condition=Q(received_at_unit__isnull=False, closed_at__isnull=True),
                name="matter_taken_in",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(due_provisional=True, closed_at__isnull=True),
                name="matter_provisional",
            ),
        ]


class Reception(models.Model):
    """Somebody at a counter: who received them, how they showed who they are, what was filed and handed over.

    The station at whose counter it is need not be the responsible one (全城通): `received_at` is the receipt of
    the responsible station for what was handed over.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()  # of the unit at whose counter it was
    unit_id = models.IntegerField()
    officer_id = models.UUIDField()
    person_id = models.UUIDField()
    account_id = models.UUIDField()
    how = models.CharField(max_length=10)  # card: read by a reader; number: typed in
    reason = models.CharField(max_length=20, blank=True)  # why a number was typed in
    begun_at = models.DateTimeField()
    code = models.CharField(max_length=12, blank=True)
    matter_id = models.UUIDField(null=True, unique=True)
    filed_at = models.DateTimeField(null=True)
    station_id = models.IntegerField(null=True)  # the responsible one
    papers = models.JSONField(default=list)  # names of the materials whose originals were shown
    received_at = models.DateTimeField(null=True)
    received_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, "窗口受理", "户口登记条例 art. 5", "办结后按户籍档案管理规定保存"),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reception_number_has_reason",
                condition=Q(how="card", reason="") | (Q(how="number") & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="reception_filed_is_paired",
                condition=Q(matter_id__isnull=True, filed_at__isnull=True, station_id__isnull=True)
                | Q(matter_id__isnull=False, filed_at__isnull=False, station_id__isnull=False),
            ),
            models.CheckConstraint(
                name="reception_receipt_is_paired",
                condition=Q(received_at__isnull=True, received_by__isnull=True)
                | Q(received_at__isnull=False, received_by__isnull=False, filed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org_id", "unit_id", "-begun_at"], name="reception_by_counter"),
            models.Index(fields=["filed_at"], condition=Q(filed_at__isnull=False), name="reception_filed"),
        ]


class Counter(models.Model):
    """The last number given out, per district and year: numbers have no gaps that nobody can explain."""

    pk = models.CompositePrimaryKey("org_id", "year")
    org_id = models.SmallIntegerField()
    year = models.SmallIntegerField()
    last = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}


class MatterEvent(models.Model):
    """What happened to a matter, appended by the transition itself; partitioned by month in PostgreSQL."""

    pk = models.CompositePrimaryKey("matter_id", "seq", "at")
    matter_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    org_id = models.SmallIntegerField()
    action = models.CharField(max_length=30)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField()
    post = models.CharField(max_length=40, blank=True)
    unit_id = models.IntegerField(null=True)
    request_id = models.UUIDField()
    note_sealed = models.BinaryField(null=True)  # what the officer wrote; sealed under the applicant's key
    detail = models.JSONField(default=dict)  # nothing personal: reason codes, material names, the values after
    entry_id = models.UUIDField()  # its ledger entry

    personal: ClassVar[dict[str, Personal]] = {"note_sealed": FORM}

    class Meta:
        managed = False
        db_table = "matters_matterevent"


class Request(models.Model):
    """A request that has had its effect: asking again returns the same answer."""

    id = models.UUIDField(primary_key=True)
    matter_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}


class Task(models.Model):
    """A part of a matter done beside it by another post or unit; the join waits until none is open."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    matter_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    unit_id = models.IntegerField()
    post = models.CharField(max_length=40)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.UUIDField(null=True)
    result = models.CharField(max_length=20, blank=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="task_done_is_paired",
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["org_id", "unit_id", "post", "due_at"],
                condition=Q(done_at__isnull=True),
                name="task_queue",
            ),
            models.Index(fields=["matter_id"], name="task_matter"),
        ]


class Material(models.Model):
    """A paper that belongs to a draft or a matter: uploaded, or already held by an authority."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft_id = models.UUIDField(null=True)
    matter_id = models.UUIDField(null=True)
    name = models.CharField(max_length=40)
    file_id = models.UUIDField(null=True)  # null: held already, nothing to upload
    held_ref = models.CharField(max_length=80, blank=True)
    added_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [
            models.Index(fields=["matter_id"], condition=Q(matter_id__isnull=False), name="material_by_matter"),
            models.Index(fields=["draft_id"], condition=Q(draft_id__isnull=False), name="material_by_draft"),
            models.Index(fields=["file_id"], condition=Q(file_id__isnull=False), name="material_by_file"),
        ]


class Rating(models.Model):
    """What the applicant thought of it, 1 to 5 stars, once a matter."""

    matter_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    unit_id = models.IntegerField()
    code = models.CharField(max_length=12)
    stars = models.PositiveSmallIntegerField()
    words_sealed = models.BinaryField(null=True)
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"words_sealed": FORM}

    class Meta:
        constraints = [models.CheckConstraint(name="rating_one_to_five", condition=Q(stars__gte=1, stars__lte=5))]
        indexes = [models.Index(fields=["org_id", "at"])]


class Migration(models.Model):
    """A bulk move of running matters to a new version: its mapping, and what each matter was before, for the undo."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=12)
    source = models.ForeignKey(Procedure, models.PROTECT, related_name="+")
    target = models.ForeignKey(Procedure, models.PROTECT, related_name="+")
    mapping = models.JSONField()
    moved = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField()
    applied_by = models.UUIDField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}


class MigratedMatter(models.Model):
    """What one matter was before a migration moved it, and the version it had then: enough to move it back."""

    pk = models.CompositePrimaryKey("migration_id", "matter_id")
    migration_id = models.UUIDField()
    matter_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    from_state = models.CharField(max_length=30)
    from_post = models.CharField(max_length=40, blank=True)
    from_unit = models.IntegerField()
    from_back_to = models.CharField(max_length=30, blank=True)

    personal: ClassVar[dict[str, Personal]] = {}
