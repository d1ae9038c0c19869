"""Places, slots and visits: thin tables. Capacity is kept by the database: `used` never exceeds `capacity`."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, TWO_YEARS, YEAR, Kept, Personal
from minjing.kernel.booking.rules import LIVE, STATES
from minjing.kernel.identity.models import Unit

VISIT = Personal(INTERNAL, "安排到场办理的时间", "行政许可法 art. 5（便民）", "到场日后 2 年")


class Place(models.Model):
    """A place where people are seen: a group of counters with opening hours, in a hall or station."""

    id = models.AutoField(primary_key=True)
    org_id = models.SmallIntegerField()
    code = models.CharField(max_length=30, unique=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")  # who runs it
    kind = models.CharField(max_length=30)  # exit_entry_hall, household_counter, …: what services name
    name = models.JSONField()
    address = models.JSONField()
    lon = models.FloatField(null=True)  # WGS-84
    lat = models.FloatField(null=True)
    hours = models.JSONField()  # [["09:00", "12:00"], …] on working days
    slot_min = models.PositiveSmallIntegerField()
    counters = models.PositiveSmallIntegerField()
    demo = models.BooleanField(default=False)  # hours and counters are made up

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(name="booking_place_has_slots", condition=Q(slot_min__gte=5, slot_min__lte=240))
        ]


class Offer(models.Model):
    """A service that a place offers, and its minutes at the counter."""

    id = models.AutoField(primary_key=True)
    place = models.ForeignKey(Place, models.CASCADE, related_name="offers")
    service = models.CharField(max_length=40)
    title = models.JSONField()
    minutes = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "service"], name="booking_offer_once"),
            models.CheckConstraint(name="booking_offer_takes_time", condition=Q(minutes__gte=1)),
        ]


class Day(models.Model):
    """One day of a place: opened or closed, and the last ticket number given out."""

    pk = models.CompositePrimaryKey("place_id", "day")
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    day = models.DateField()
    org_id = models.SmallIntegerField()
    tickets = models.PositiveIntegerField(default=0)
    closed_why = models.JSONField(null=True)  # {zh, en}: closed by the place's supervisor

    personal: ClassVar[dict[str, Personal]] = {}


class Slot(models.Model):
    """Some minutes of a place: what it can take and what is taken, in minutes of counter time.

    `used` is the sum of the slot's parts. It is changed only by the statements in sql/, one conditional update each.
    """

    id = models.BigIntegerField(primary_key=True)  # place and minute: rules.slot_id
    org_id = models.SmallIntegerField()
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.CheckConstraint(name="booking_never_oversold", condition=Q(used__lte=F("capacity")))]
        indexes = [models.Index(fields=["place", "starts_at"], name="booking_slot_of_place")]


class Visit(models.Model):
    """Somebody's time at a place: booked online or by a ticket at the hall, for one service or several."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    code = models.CharField(max_length=10)  # what the slip's QR code carries
    kind = models.CharField(max_length=8)  # online, walk_in
    state = models.CharField(max_length=10, choices=[(state, state) for state in STATES])
    ver = models.PositiveIntegerField(default=1)
    services = models.JSONField()
    minutes = models.PositiveSmallIntegerField()
    day = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    account_id = models.UUIDField(null=True)  # who is told; null: a ticket without a name
    person_id = models.UUIDField(null=True)  # who comes
    subject_id = models.UUIDField(null=True)  # what it is for: a draft, then a matter; the owner of the id knows
    held_until = models.DateTimeField(null=True)
    prolonged_at = models.DateTimeField(null=True)  # when the hold was lengthened for a check of identity: once
    created_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    ticket = models.CharField(max_length=8, default="", blank=True)
    arrived_at = models.DateTimeField(null=True)
    queue_at = models.DateTimeField(null=True)  # the order of calling
    called_at = models.DateTimeField(null=True)
    calls = models.PositiveSmallIntegerField(default=0)
    counter = models.PositiveSmallIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    excused_at = models.DateTimeField(null=True)  # a missed visit that does not count

    personal: ClassVar[dict[str, Personal]] = {"account_id": VISIT, "person_id": VISIT}

    kept: ClassVar[tuple[Kept, ...]] = (Kept("day", TWO_YEARS),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "code"], name="booking_visit_code"),
            models.CheckConstraint(name="booking_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(
                name="booking_held_has_an_end", condition=~Q(state="held") | Q(held_until__isnull=False)
            ),
            models.CheckConstraint(
                name="booking_closed_is_not_live",
                condition=Q(state__in=LIVE, closed_at__isnull=True)
                | (~Q(state__in=LIVE) & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "-starts_at"], name="booking_mine"),
            models.Index(fields=["person_id", "closed_at"], name="booking_missed", condition=Q(state="missed")),
            models.Index(fields=["held_until"], name="booking_held", condition=Q(state="held")),
            models.Index(fields=["starts_at"], name="booking_to_come", condition=Q(state="booked")),
            models.Index(
                fields=["place", "queue_at"], name="booking_queue", condition=Q(state__in=["waiting", "called"])
            ),
            models.Index(fields=["place", "day"], name="booking_of_day"),
            models.Index(fields=["subject_id"], name="booking_subject", condition=Q(subject_id__isnull=False)),
        ]


class Part(models.Model):
    """What a visit takes of one slot. A part whose time to be held is over counts as free and is taken away by
    whoever wants the room, or by the sweep.
    """

    pk = models.CompositePrimaryKey("slot_id", "visit_id")
    slot_id = models.BigIntegerField()
    visit_id = models.UUIDField()
    minutes = models.PositiveSmallIntegerField()
    held_until = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [
            models.Index(fields=["visit_id"], name="booking_part_of_visit"),
            models.Index(
                fields=["slot_id", "held_until"], name="booking_part_held", condition=Q(held_until__isnull=False)
            ),
        ]


class Item(models.Model):
    """One service of a visit. A key table, unique over the whole city: one visit a person, service and day."""

    pk = models.CompositePrimaryKey("visit_id", "service")
    visit_id = models.UUIDField()
    service = models.CharField(max_length=40)
    person_id = models.UUIDField(null=True)
    day = models.DateField()
    live = models.BooleanField(default=True)
    held_until = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"person_id": VISIT}

    kept: ClassVar[tuple[Kept, ...]] = (Kept("day", TWO_YEARS),)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "service", "day"],
                condition=Q(live=True, person_id__isnull=False),
                name="booking_one_a_day",
            )
        ]


class Request(models.Model):
    """A request that has had its effect: asking again returns the same answer. Each act on a visit has one."""

    id = models.UUIDField(primary_key=True)
    visit_id = models.UUIDField()
    act = models.CharField(max_length=20)
    at = models.DateTimeField()
    entry_id = models.UUIDField(null=True)  # of the act in the ledger; null: from before it was kept

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [models.Index(fields=["visit_id"], name="booking_request_of_visit")]


class Wait(models.Model):
    """Somebody's place on the waiting list of a day: the first whose visit fits is offered what becomes free."""

    WAITING, OFFERED, TAKEN, OVER, LEFT = "waiting", "offered", "taken", "over", "left"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    day = models.DateField()
    services = models.JSONField()
    account_id = models.UUIDField()
    person_id = models.UUIDField()
    subject_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, default=WAITING)
    visit_id = models.UUIDField(null=True)  # what was offered
    since = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"account_id": VISIT, "person_id": VISIT}

    kept: ClassVar[tuple[Kept, ...]] = (Kept("day", TWO_YEARS),)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "place", "day"],
                condition=Q(state__in=["waiting", "offered"]),
                name="booking_waits_once",
            )
        ]
        indexes = [
            models.Index(fields=["place", "day", "id"], name="booking_waiting", condition=Q(state="waiting")),
            models.Index(fields=["account_id", "-since"], name="booking_my_waits"),
            models.Index(fields=["visit_id"], name="booking_offered", condition=Q(state="offered")),
        ]


class Challenge(models.Model):
    """What somebody says against a visit being counted as missed, and what the place's supervisor decided."""

    visit_id = models.UUIDField(primary_key=True)
    org_id = models.SmallIntegerField()
    place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    person_id = models.UUIDField()  # whose key seals the words
    account_id = models.UUIDField()
    words_sealed = models.BinaryField()
    asked_at = models.DateTimeField()
    excused = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": VISIT,
        "person_id": VISIT,
        "words_sealed": Personal(PERSONAL, "核实爽约记录", "本人同意（个人信息保护法 art. 13）", "决定后 1 年"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (
        Kept("decided_at", YEAR, emptied=("words_sealed",)),
        Kept("asked_at", TWO_YEARS),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="booking_challenge_decided",
                condition=Q(excused__isnull=True, decided_at__isnull=True, decided_by__isnull=True)
                | Q(excused__isnull=False, decided_at__isnull=False, decided_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["place", "asked_at"], name="booking_challenged", condition=Q(decided_at__isnull=True)
            )
        ]


class TermsRow(models.Model):
    """A revision of the city's terms (cities/*/booking.yaml); the newest is in force."""

    revision = models.AutoField(primary_key=True)
    body = models.JSONField()
    published_at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}
