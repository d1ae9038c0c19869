"""The register of accidents: what happened, who was in it, what both signed or an officer determined.

What a party says in own words is sealed under their key. Photos lie in kernel/files, under their owner's key.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, Personal
from minjing.modules.traffic.models.dated import KEPT, LAW, Dated

PURPOSE = "道路交通事故处理"
ON_FILE = Personal(INTERNAL, PURPOSE, LAW, KEPT)


class Accident(Dated):
    """An accident: open → joined → proposed → settled by both; or with an officer → determined; or given up."""

    OPEN, JOINED, PROPOSED, SETTLED = "open", "joined", "proposed", "settled"
    WITH_OFFICER, DETERMINED, WITHDRAWN, LAPSED = "with_officer", "determined", "withdrawn", "lapsed"
    ENDED = (SETTLED, DETERMINED, WITHDRAWN, LAPSED)

    number = models.CharField(max_length=20)
    kind = models.CharField(
        max_length=10, default="quick"
    )  # quick: settled by the parties; simple, general: officers
    state = models.CharField(max_length=12)
    happened_at = models.DateTimeField()
    place = models.CharField(max_length=80)
    lat = models.FloatField(null=True)  # WGS-84
    lon = models.FloatField(null=True)
    source_crs = models.CharField(max_length=8, default="wgs84")
    injured = models.BooleanField(default=False)
    situation = models.CharField(max_length=20, blank=True)  # one of the nine of data/accidents.yaml
    at_fault = models.CharField(max_length=4, blank=True)  # a, b, both: whose act the situation names
    proposed_by = models.CharField(max_length=1, blank=True)  # the side that said so; the other one agrees or not
    code_index = models.BinaryField(max_length=32, null=True)  # of the code by which the other phone joins
    code_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    officer_id = models.UUIDField(null=True)  # who has it (account)
    taken_at = models.DateTimeField(null=True)  # when the officer took it over
    due_date = models.DateField(null=True)  # until when it is to be determined
    determined_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=20, blank=True)  # why it went to an officer: injured, disagree …
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "code_index": Personal(PERSONAL, PURPOSE, "当事人的选择", "三十分钟失效"),
        "place": ON_FILE,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="traffic_accident_number"),
            models.UniqueConstraint(
                fields=["code_index"], condition=Q(code_index__isnull=False), name="traffic_accident_code"
            ),
            models.CheckConstraint(
                name="traffic_accident_state",
                condition=Q(
                    state__in=(
                        "open", "joined", "proposed", "settled", "with_officer", "determined", "withdrawn", "lapsed",
                    )
                ),
            ),
            models.CheckConstraint(
                name="traffic_accident_injured",  # whoever is hurt is no matter for two phones
                condition=Q(injured=False) | Q(state__in=("with_officer", "determined", "withdrawn")),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["org_id", "opened_at"], condition=Q(state="with_officer"), name="traffic_accident_waiting"
            ),
            models.Index(fields=["happened_at"], name="traffic_accident_day"),
        ]


class AccidentParty(models.Model):
    """One of those in an accident, with their vehicle, and what they have signed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    accident = models.ForeignKey(Accident, models.PROTECT, related_name="parties")
    side = models.CharField(max_length=1)  # a: who began, b: who joined
    account_id = models.UUIDField(null=True)
    person_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    plate = models.CharField(max_length=8)
    insurer = models.CharField(max_length=40, blank=True)
    said_sealed = models.BinaryField(null=True)  # own words, under the party's key
    found_sealed = models.BinaryField(null=True)  # what an officer found, and why, under the party's key
    damage = models.CharField(max_length=60, blank=True)  # which parts: front, left door …
    liability = models.CharField(max_length=10, blank=True)  # full, main, equal, minor, none, unclear
    joined_at = models.DateTimeField()
    photos_shown = models.SmallIntegerField(default=0)  # how many of the other side's this one has been shown
    signed_at = models.DateTimeField(null=True)
    signed_sha256 = models.BinaryField(max_length=32, null=True)  # of the words that were signed
    signed_entry_id = models.UUIDField(null=True)  # the ledger's entry of the act of signing
    paper_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "said_sealed": Personal(PERSONAL, PURPOSE, LAW, KEPT),
        "found_sealed": Personal(PERSONAL, PURPOSE, LAW, KEPT),
        "plate": ON_FILE,
        "person_id": ON_FILE,
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["accident", "side"], name="traffic_party_side"),
            models.UniqueConstraint(fields=["accident", "person_id"], name="traffic_party_once"),
            models.CheckConstraint(
                name="traffic_party_signed",
                condition=Q(signed_at__isnull=True, signed_sha256__isnull=True, signed_entry_id__isnull=True)
                | Q(signed_at__isnull=False, signed_sha256__isnull=False, signed_entry_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "joined_at"], name="traffic_party_of"),
            models.Index(
                fields=["vehicle_id", "joined_at"],
                condition=Q(vehicle_id__isnull=False),
                name="traffic_party_vehicle",
            ),
        ]


class AccidentPhoto(models.Model):
    """A photo of an accident: which view it shows, whose it is, where the file lies."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    accident = models.ForeignKey(Accident, models.PROTECT, related_name="photos")
    party = models.ForeignKey(AccidentParty, models.PROTECT, related_name="photos")
    view = models.CharField(max_length=10)  # front, back, contact, whole
    file_id = models.UUIDField()
    taken_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "view", "file_id"], name="traffic_photo_once"),
        ]
