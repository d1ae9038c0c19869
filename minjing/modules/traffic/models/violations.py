"""Violations, what each was charged and why, and what followed: decisions, money, suspensions, strikes, points.

A violation carries the sums of its newest outcome, so that a list needs no second look and a bulk load no second
table; why it came to them is one `Outcome` row for each evaluation, appended and never changed. Vehicles and persons
are named by id without a foreign key, as in the registers.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

PURPOSE, LAW = "道路交通安全违法行为处理", "道路交通安全法 art. 87-91, 107-114；违法行为处理程序规定"
KEPT = "按违法行为处理档案管理规定保存"
HELD = Personal(INTERNAL, PURPOSE, LAW, KEPT)


class Violation(models.Model):
    """One violation: `recorded` → `reviewed` → `published` → `decided` → `paid`; `struck` from any of them."""

    RECORDED, REVIEWED, PUBLISHED, DECIDED, PAID, STRUCK = (
        "recorded", "reviewed", "published", "decided", "paid", "struck",
    )  # fmt: skip
    STATES = (RECORDED, REVIEWED, PUBLISHED, DECIDED, PAID, STRUCK)
    SHOWN = (PUBLISHED, DECIDED, PAID, STRUCK)  # the driver sees it

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    number = models.CharField(max_length=24)
    violated_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    conduct = models.CharField(max_length=8)  # of data/conducts.yaml
    city = models.CharField(max_length=16, default="shenzhen", db_default="shenzhen")
    district = models.CharField(max_length=6, blank=True, default="", db_default="")
    place = models.CharField(max_length=80)
    lat = models.FloatField(null=True)  # WGS-84; the system it came in is kept
    lon = models.FloatField(null=True)
    source_crs = models.CharField(max_length=8, default="wgs84", db_default="wgs84")
    heading_deg = models.SmallIntegerField(null=True)
    vehicle_id = models.UUIDField(null=True)
    plate = models.CharField(max_length=8, blank=True, default="", db_default="")
    plate_kind = models.CharField(max_length=2, blank=True, default="", db_default="")
    person_id = models.UUIDField(null=True)  # the driver, once known
    source = models.CharField(max_length=10, default="camera", db_default="camera")
    checked = models.BooleanField(default=False, db_default=False)  # an officer has looked at the evidence
    accident = models.BooleanField(default=False, db_default=False)
    act_id = models.UUIDField(null=True)  # shared by several violations of one act
    local = models.BooleanField(default=True, db_default=True)  # as the register said of that time
    held_since_date = models.DateField(null=True)  # registered or last passed on, as the register said of that time
    ground = models.CharField(max_length=24, blank=True, default="", db_default="")  # of removal; "" while it stands
    evidence = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))  # file ids, kinds
    state = models.CharField(max_length=10)
    reviewed_by = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    # What it comes to by its newest outcome.
    kind = models.CharField(max_length=10, default="charged", db_default="charged")
    fine_fen = models.IntegerField(default=0, db_default=0)
    points = models.SmallIntegerField(default=0, db_default=0)
    suspension_months = models.SmallIntegerField(default=0, db_default=0)

    personal: ClassVar[dict[str, Personal]] = {
        "plate": HELD,
        "person_id": HELD,
        "place": HELD,
        "evidence": HELD,
        "reviewed_by": HELD,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="traffic_violation_number"),
            models.CheckConstraint(
                name="traffic_violation_state",
                condition=Q(state__in=("recorded", "reviewed", "published", "decided", "paid", "struck")),
            ),
            models.CheckConstraint(name="traffic_violation_struck", condition=Q(state="struck") | Q(ground="")),
            models.CheckConstraint(
                name="traffic_violation_sums", condition=Q(fine_fen__gte=0, points__gte=0, suspension_months__gte=0)
            ),
        ]
        indexes = [
            models.Index(
                fields=["vehicle_id", "violated_at"],
                condition=Q(vehicle_id__isnull=False),
                name="traffic_violation_vehicle",
            ),
            models.Index(
                fields=["person_id", "violated_at"],
                condition=Q(person_id__isnull=False),
                name="traffic_violation_person",
            ),
            models.Index(
                fields=["org_id", "recorded_at"], condition=Q(state="recorded"), name="traffic_violation_review"
            ),
            # The desk of the whole city takes the oldest first, whichever district it is of.
            models.Index(
                fields=["recorded_at", "id"], condition=Q(state="recorded"), name="traffic_violation_waiting"
            ),
            # Those that have a position, for the match with ambulances of one day.
            models.Index(fields=["violated_at"], condition=Q(lat__isnull=False), name="traffic_violation_when"),
        ]


class ViolationPhoto(models.Model):
    """A picture that stands as evidence of a violation: who took it, where the file lies."""

    CAMERA, RECORDER, REPORT = "camera", "recorder", "report"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation = models.ForeignKey(Violation, models.PROTECT, related_name="photos")
    kind = models.CharField(max_length=10)
    file_id = models.UUIDField()
    came_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"file_id": HELD}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["violation", "file_id"], name="traffic_violation_photo_once"),
            models.CheckConstraint(
                name="traffic_violation_photo_kind", condition=Q(kind__in=("camera", "recorder", "report"))
            ),
        ]
        indexes = [models.Index(fields=["file_id"], name="traffic_violation_photo_file")]


class Outcome(models.Model):
    """What one evaluation of a violation came to, and why: appended, never changed; the newest counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation = models.ForeignKey(Violation, models.PROTECT, related_name="outcomes")
    seq = models.SmallIntegerField()
    kind = models.CharField(max_length=10)  # charged, warned, removed, merged, no_rule
    fine_fen = models.IntegerField()
    points = models.SmallIntegerField()
    suspension_months = models.SmallIntegerField()
    reasons = models.JSONField()  # [{rule, slot, words, facts, article, confidence}]
    would_change = models.JSONField()  # [{words, facts, fine_fen, …}]
    pack = models.CharField(max_length=16)  # the version of the rules
    cause = models.CharField(max_length=10)  # initial, struck, cascade
    caused_by = models.UUIDField(null=True)  # the strike
    made_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"reasons": HELD, "would_change": HELD}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["violation", "seq"], name="traffic_outcome_seq")]


class Strike(models.Model):
    """That a violation has fallen: why, on what evidence, by whom, and what the cascade changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="strike")
    ground = models.CharField(max_length=24)
    evidence = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)  # the officer's words
    matter_id = models.UUIDField(null=True)
    by = models.UUIDField()
    at = models.DateTimeField()
    differences = models.JSONField()  # [{violation, before, after, back_fen}]

    personal: ClassVar[dict[str, Personal]] = {"evidence": HELD, "reason": HELD, "by": HELD}


class Decision(models.Model):
    """The decision on a violation: a penalty or a warning, its number, its day, until when it is to be paid."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="decision")
    number = models.CharField(max_length=24)
    person_id = models.UUIDField()
    account_id = models.UUIDField(null=True)  # of the driver, who may have none when decided at the counter
    kind = models.CharField(max_length=8)  # penalty, warning
    fine_fen = models.IntegerField()  # as decided; what counts now stands in the violation
    points = models.SmallIntegerField()
    instalments = models.SmallIntegerField(default=1)
    decided_at = models.DateTimeField()
    decided_by = models.UUIDField()
    due_date = models.DateField()
    paper_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"person_id": HELD, "account_id": HELD, "decided_by": HELD}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="traffic_decision_number"),
            models.CheckConstraint(
                name="traffic_decision_parts", condition=Q(instalments__gte=1, instalments__lte=12)
            ),
        ]
        indexes = [models.Index(fields=["person_id", "decided_at"], name="traffic_decision_of")]


class Charge(models.Model):
    """One part of a fine with its own order: paid, given back in part or whole, or let go."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)  # the subject of the order in kernel pay
    org_id = models.SmallIntegerField()
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="charges")
    seq = models.SmallIntegerField()
    fen = models.IntegerField()  # of the fine itself
    surcharge_fen = models.IntegerField(default=0)  # as it stood when the order was opened
    due_date = models.DateField()
    order_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, default="due")  # due, open, paid, dropped
    paid_at = models.DateTimeField(null=True)
    returned_fen = models.IntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "seq"], name="traffic_charge_seq"),
            models.CheckConstraint(
                name="traffic_charge_sums",
                condition=Q(
                    fen__gte=0, surcharge_fen__gte=0, surcharge_fen__lte=models.F("fen"), returned_fen__gte=0
                ),
            ),
            models.CheckConstraint(
                name="traffic_charge_state", condition=Q(state__in=("due", "open", "paid", "dropped"))
            ),
        ]


class Suspension(models.Model):
    """A licence is withheld (暂扣) from one day until another, for one violation.

    `until_date` is the first day on which it is the holder's again. It ends by being lifted, when its ground falls,
    or by the licence being returned when its days are over; a strike that leaves less brings `until_date` forward.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person_id = models.UUIDField()
    violation = models.OneToOneField(Violation, models.PROTECT, related_name="suspension")
    from_date = models.DateField()
    until_date = models.DateField()
    lifted_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"person_id": HELD}

    class Meta:
        constraints = [
            models.CheckConstraint(name="traffic_suspension_days", condition=Q(until_date__gt=models.F("from_date"))),
            models.CheckConstraint(
                name="traffic_suspension_end", condition=Q(lifted_at__isnull=True) | Q(returned_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "until_date"], name="traffic_suspension_of"),
            models.Index(
                fields=["until_date"],
                condition=Q(lifted_at__isnull=True, returned_at__isnull=True),
                name="traffic_suspension_due",
            ),
        ]


class PointsEntry(models.Model):
    """Points that no violation here accounts for: paid in another city, or taken off by study."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person_id = models.UUIDField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=10)  # elsewhere, reduced, cleared
    points = models.SmallIntegerField()  # added where elsewhere, taken off otherwise
    entered_at = models.DateTimeField(null=True)  # when it came to be known here; with `at` where it was at once
    city = models.CharField(max_length=16, blank=True)
    reference = models.CharField(max_length=40)  # the other city's decision, or the matter: entered once
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"person_id": HELD, "reference": HELD}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "kind", "reference"], name="traffic_points_once"),
            models.CheckConstraint(
                name="traffic_points_kind", condition=Q(kind__in=("elsewhere", "reduced", "cleared"), points__gt=0)
            ),
        ]
        indexes = [models.Index(fields=["person_id", "at"], name="traffic_points_of")]


class Objection(models.Model):
    """That a matter objects to a violation: its reasons, clock and answer stand in the matter."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation = models.ForeignKey(Violation, models.PROTECT, related_name="objections")
    matter_id = models.UUIDField(unique=True)
    ground = models.CharField(max_length=24)
    made_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {"ground": HELD}
