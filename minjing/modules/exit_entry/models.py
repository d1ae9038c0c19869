"""Documents, endorsements, border records, and how a document reaches its holder. Numbers are sealed and indexed.

A document is one row for life; what happened to it is appended beside it (`DocumentChange`) and never rewritten.
"""

from typing import ClassVar

from django.db import connection, models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, PERSONAL, SENSITIVE, Kept, Personal

PURPOSE, LAW = "出入境证件签发与管理", "护照法 art. 7；出境入境管理法 art. 10"
KEPT = "证件失效后按出入境档案管理规定保存"
NEXT_NUMBERS = """
INSERT INTO exit_entry_numberseries (kind, last) VALUES (%s, %s)
ON CONFLICT (kind) DO UPDATE SET last = exit_entry_numberseries.last + excluded.last RETURNING last
"""
ARRIVED = ("delivered", "returned")  # a shipment that goes no further
NUMBER = Personal(SENSITIVE, PURPOSE, LAW, KEPT)


class Document(models.Model):
    """A passport or permit: of whom, of what kind, from when until when, and what it is worth now."""

    BEING_MADE, VALID, CANCELLED, LOST = "being_made", "valid", "cancelled", "lost"
    STATES = (BEING_MADE, VALID, CANCELLED, LOST)  # that it has run out is a question of the day, not a state

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)  # passport, hk_macao, taiwan
    number_sealed = models.BinaryField()
    state = models.CharField(max_length=10)
    state_at = models.DateTimeField()
    issued_date = models.DateField()
    expires_date = models.DateField()
    electronic = models.BooleanField(default=True)
    fingers_on_file = models.BooleanField(default=True)  # that they were taken; none are kept here
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {
        "number_sealed": NUMBER,
        "kind": Personal(INTERNAL, PURPOSE, LAW, KEPT),
    }

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="exit_entry_document_state", condition=Q(state__in=("being_made", "valid", "cancelled", "lost"))
            ),
            models.CheckConstraint(name="exit_entry_document_period", condition=Q(expires_date__gt=F("issued_date"))),
            # Whoever gets a new document gives up the old one: one valid of a kind, and one being made.
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(state="valid"), name="exit_entry_one_valid"
            ),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(state="being_made"), name="exit_entry_one_being_made"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "kind", "-issued_date"], name="exit_entry_document_of"),
            models.Index(fields=["matter_id"], condition=Q(matter_id__isnull=False), name="exit_entry_document_by"),
        ]


class DocumentNumber(models.Model):
    """The key table of numbers: hashed, one for each document there ever was, so that none is given out twice."""

    number_index = models.BinaryField(max_length=32, primary_key=True)
    document = models.OneToOneField(Document, models.PROTECT, related_name="key")

    personal: ClassVar[dict[str, Personal]] = {"number_index": NUMBER}


class NumberSeries(models.Model):
    """The last number given out of each kind of document."""

    kind = models.CharField(max_length=10, primary_key=True)
    last = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    @classmethod
    def take(cls, kind: str, count: int = 1) -> range:
        """Return the next serial numbers of a kind; its row stays locked to the end of the transaction."""
        with connection.cursor() as cursor:
            cursor.execute(NEXT_NUMBERS, [kind, count])
            last: int = cursor.fetchone()[0]
        return range(last - count + 1, last + 1)


class DocumentChange(models.Model):
    """What happened to a document and when: appended, never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    document = models.ForeignKey(Document, models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=20)  # issued, made, replaced, lost, stolen, found_void, handed_over …
    matter_id = models.UUIDField(null=True)
    by = models.UUIDField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [models.Index(fields=["document", "at"], name="exit_entry_change_of")]


class Annotation(models.Model):
    """Something entered in a passport (加注): a name borne before, the number of a former passport."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    document = models.ForeignKey(Document, models.PROTECT, related_name="annotations")
    kind = models.CharField(max_length=20)
    text_sealed = models.BinaryField()
    made_date = models.DateField()
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"text_sealed": NUMBER}


class Endorsement(models.Model):
    """Leave to travel, written to a permit: where to, how often, until when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    document = models.ForeignKey(Document, models.PROTECT, related_name="endorsements")
    code = models.CharField(max_length=10)  # of data/endorsement_kinds.yaml
    destination = models.CharField(max_length=10)  # hongkong, macao, taiwan
    state = models.CharField(max_length=10)  # being_made, valid, cancelled
    issued_date = models.DateField()
    until_date = models.DateField()
    trips = models.PositiveSmallIntegerField(null=True)  # null: many
    matter_id = models.UUIDField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"code": Personal(INTERNAL, PURPOSE, LAW, KEPT)}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="exit_entry_endorsement_state", condition=Q(state__in=("being_made", "valid", "cancelled"))
            ),
            models.CheckConstraint(
                name="exit_entry_endorsement_period", condition=Q(until_date__gte=F("issued_date"))
            ),
        ]
        indexes = [models.Index(fields=["document", "-until_date"], name="exit_entry_endorsement_of")]


class BorderRecord(models.Model):
    """One crossing of the border. Where a person went is sensitive: the whole of it is sealed, the day too."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    crossing_sealed = models.BinaryField()

    personal: ClassVar[dict[str, Personal]] = {
        "crossing_sealed": Personal(
            SENSITIVE, "本人查询出入境记录", "出境入境管理法 art. 5", "边防检查机关保存；演示数据为虚构"
        )
    }

    class Meta:
        indexes = [models.Index(fields=["person"], name="exit_entry_border_of")]


class Shipment(models.Model):
    """A document on its way by post: what the carrier was told, and where it is by its own word."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    matter_id = models.UUIDField(unique=True)
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    waybill = models.CharField(max_length=20, blank=True)  # the carrier's number; empty until it has answered
    state = models.CharField(max_length=12)  # to_order, ordered, picked_up, moving, delivered, returned
    state_at = models.DateTimeField()
    address_sealed = models.BinaryField()
    tries = models.PositiveSmallIntegerField(default=0)

    personal: ClassVar[dict[str, Personal]] = {
        "address_sealed": Personal(PERSONAL, "证件邮寄", "申请人的选择", "签收后 90 日删除"),
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("state_at", 90, ("address_sealed",), {"state__in": ARRIVED}),)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["waybill"], condition=~Q(waybill=""), name="exit_entry_waybill"),
        ]


class Scan(models.Model):
    """One event the carrier told: once, however often it is pushed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="scans")
    number = models.CharField(max_length=40)  # the carrier's own id of the event
    what = models.CharField(max_length=12)
    place = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "place": Personal(INTERNAL, "证件邮寄", "申请人的选择", "签收后 90 日删除")
    }

    kept: ClassVar[tuple[Kept, ...]] = (Kept("shipment__state_at", 90, ("place",), {"shipment__state__in": ARRIVED}),)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shipment", "number"], name="exit_entry_scan_once")]


class PickUp(models.Model):
    """A box of a pick-up cabinet that holds a document: opened once, by a code that runs out."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    matter_id = models.UUIDField()
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    box = models.CharField(max_length=8)
    code_index = models.BinaryField(max_length=32, unique=True)
    code_sealed = models.BinaryField()  # shown to the holder again, never to anybody else
    put_at = models.DateTimeField()
    until_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)  # taken back to the hall, the code having run out

    personal: ClassVar[dict[str, Personal]] = {
        "code_index": Personal(PERSONAL, "自助取证", "申请人的选择", "取走后即失效"),
        "code_sealed": Personal(PERSONAL, "自助取证", "申请人的选择", "取走后即失效"),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["box"],
                condition=Q(opened_at__isnull=True, emptied_at__isnull=True),
                name="exit_entry_box_in_use",
            ),
            models.CheckConstraint(
                name="exit_entry_opened_or_emptied",
                condition=Q(opened_at__isnull=True) | Q(emptied_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["matter_id"], name="exit_entry_pick_up_of")]
