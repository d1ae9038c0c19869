"""Ambulances on their missions: who sends, what came in, where they drove, which violations they explain.

Tracks are kept as arrays, one row a mission and batch: a day of 864,000 fixes is 24 bytes a fix and read back as one
buffer, where a row a fix costs 40 times the rows and four times the space. What was taken in is never altered. Where
an ambulance fetched somebody is near a home: tracks are read for a match or a replay only, and deleted in time.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, Kept, Personal
from minjing.modules.traffic.models.senders import SYSTEMS, Sender

PURPOSE, LAW = "核查因避让急救车辆造成的违法", "违法行为处理程序规定（条号未核）；平台规则"
TRACKS_KEPT = "6 个月（平台规则），被采为证据的路段随违法案卷"


class DispatchSystem(Sender):
    """A system that sends missions and tracks: of the emergency medical centre, of a hospital."""

    LEDGER = "traffic:dispatch"

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.CheckConstraint(name="traffic_dispatch_system", condition=Q(system__in=SYSTEMS))]


class Base(models.Model):
    """Where ambulances stand: ground that shows in which system a track is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    name_zh = models.CharField(max_length=40, unique=True)
    name_en = models.CharField(max_length=60)
    lat = models.FloatField()
    lon = models.FloatField()

    personal: ClassVar[dict[str, Personal]] = {}


class Approach(models.Model):
    """An approach that a camera watches: its stop line and the heading in which it is driven."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    code = models.CharField(max_length=20, unique=True)
    place = models.CharField(max_length=80)
    lat = models.FloatField()
    lon = models.FloatField()
    heading_deg = models.SmallIntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="traffic_approach_heading", condition=Q(heading_deg__gte=0, heading_deg__lt=360)
            )
        ]
        indexes = [models.Index(fields=["lat", "lon"], name="traffic_approach_where")]


class Mission(models.Model):
    """One run of an ambulance: on from `began_at` until `ended_at`. Where it goes and for whom is not kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    dispatch = models.ForeignKey(DispatchSystem, models.PROTECT, related_name="missions")
    number = models.CharField(max_length=40)  # the dispatch system's own
    callsign = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # Held away from the match while somebody has to look at its tracks: clock, gcj02; "" while nothing is wrong.
    doubt = models.CharField(max_length=8, blank=True, default="")

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispatch", "number"], name="traffic_mission_once"),
            models.CheckConstraint(
                name="traffic_mission_period", condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at"))
            ),
        ]
        indexes = [models.Index(fields=["began_at"], name="traffic_mission_when")]


class Batch(models.Model):
    """One message of a dispatch system: once, however often it is sent. What is held keeps its words for a person."""

    TAKEN, HELD, DISCARDED = "taken", "held", "discarded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    dispatch = models.ForeignKey(DispatchSystem, models.PROTECT, related_name="batches")
    key = models.CharField(max_length=64)
    way = models.CharField(max_length=4)  # http, mqtt
    sent_at = models.DateTimeField()
    came_at = models.DateTimeField()
    system = models.CharField(max_length=8)  # as it says
    digest = models.BinaryField(max_length=32)  # SHA-256 of the message
    fixes = models.IntegerField()
    findings = models.JSONField(default=list)  # [{code, …}]
    state = models.CharField(max_length=10)
    message_sealed = models.BinaryField(null=True)  # while it is held, and until its pictures are kept
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "message_sealed": Personal(PERSONAL, PURPOSE, LAW, "处理后即删除"),
        "decided_by": Personal(INTERNAL, PURPOSE, LAW, TRACKS_KEPT),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("came_at", 184, where={"parts__isnull": True}),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispatch", "key"], name="traffic_batch_once"),
            models.CheckConstraint(name="traffic_batch_state", condition=Q(state__in=("taken", "held", "discarded"))),
            models.CheckConstraint(
                name="traffic_batch_held", condition=~Q(state="held") | Q(message_sealed__isnull=False)
            ),
            models.CheckConstraint(
                name="traffic_batch_decided",
                condition=Q(decided_by__isnull=True, decided_at__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["came_at"], condition=Q(state="held"), name="traffic_batch_waits"),
            models.Index(
                fields=["came_at"],
                condition=Q(state="taken", message_sealed__isnull=False),
                name="traffic_batch_owed",
            ),
        ]


class TrackPart(models.Model):
    """The fixes of one mission in one batch, in WGS-84 and in order: seconds, lat, lon as little-endian doubles.

    Sealed: a mission ends where somebody lives who is ill.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    mission = models.ForeignKey(Mission, models.PROTECT, related_name="parts")
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="parts")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.IntegerField()
    source_system = models.CharField(max_length=8)
    fixes_sealed = models.BinaryField()

    personal: ClassVar[dict[str, Personal]] = {"fixes_sealed": Personal(PERSONAL, PURPOSE, LAW, TRACKS_KEPT)}

    class Meta:
        constraints = [
            models.CheckConstraint(name="traffic_track_system", condition=Q(source_system__in=SYSTEMS)),
            models.CheckConstraint(name="traffic_track_count", condition=Q(count__gt=0)),
        ]
        indexes = [models.Index(fields=["first_at"], name="traffic_track_when")]


class Candidate(models.Model):
    """That an ambulance may explain a violation: the stretch that matched, and what an officer said to it."""

    WAITING, CONFIRMED, REJECTED = "waiting", "confirmed", "rejected"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation_id = models.UUIDField()
    mission = models.ForeignKey(Mission, models.PROTECT, related_name="candidates")
    found_at = models.DateTimeField()
    passed_at = models.DateTimeField()
    distance_m = models.SmallIntegerField()
    evidence = models.JSONField()  # {stretch, track, heading_deg, approach_deg, limits}: what stands as the proof
    state = models.CharField(max_length=10, default=WAITING)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    personal: ClassVar[dict[str, Personal]] = {
        "evidence": Personal(INTERNAL, PURPOSE, LAW, "随违法案卷保存"),
        "decided_by": Personal(INTERNAL, PURPOSE, LAW, "随违法案卷保存"),
        "reason": Personal(INTERNAL, PURPOSE, LAW, "随违法案卷保存"),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["violation_id", "mission"], name="traffic_candidate_once"),
            models.CheckConstraint(
                name="traffic_candidate_decided",
                condition=Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state__in=("confirmed", "rejected"), decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org_id", "found_at"], condition=Q(state="waiting"), name="traffic_candidate_waits")
        ]


class YieldingClaim(models.Model):
    """What a driver said: I made way, then and there. And what was found."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    violation_id = models.UUIDField()
    person_id = models.UUIDField()
    said_at = models.DateTimeField()  # when it was, as the driver says
    lat = models.FloatField()
    lon = models.FloatField()
    asked_at = models.DateTimeField()
    candidate = models.ForeignKey(Candidate, models.PROTECT, null=True, related_name="claims")

    personal: ClassVar[dict[str, Personal]] = {
        "person_id": Personal(INTERNAL, PURPOSE, LAW, "随违法案卷保存"),
        "said_at": Personal(INTERNAL, PURPOSE, LAW, "随违法案卷保存"),
    }

    class Meta:
        indexes = [models.Index(fields=["violation_id"], name="traffic_claim_of")]


class RecorderReport(models.Model):
    """That somebody did not make way, as an ambulance's recorder saw it: once; it becomes a violation to review."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    dispatch = models.ForeignKey(DispatchSystem, models.PROTECT, related_name="reports")
    mission = models.ForeignKey(Mission, models.PROTECT, related_name="reports")
    key = models.CharField(max_length=64)
    violation_id = models.UUIDField()
    came_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dispatch", "key"], name="traffic_report_once")]
