"""Orders and what happens to their money. No row says how much was paid: that is the sum of captures (pay_balance).

Guards that hold whatever the code does stand in sql/guards.sql: captures cannot be altered, an order is settled only
by captures that reach what is due, what goes back never exceeds what was taken.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from minjing.base.ids import new_id
from minjing.base.personal import INTERNAL, Personal

PAID = "收取和退还办事费用"
BASIS = "平台规则（收费和对账）"
KEPT = "办结后 10 年（平台规则）"


class Counter(models.Model):
    """The last bill number given out, per district and year."""

    pk = models.CompositePrimaryKey("org_id", "year")
    org_id = models.SmallIntegerField()
    year = models.SmallIntegerField()
    last = models.IntegerField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        db_table = "pay_counter"


class Order(models.Model):
    """A fee that somebody owes for one subject: its items, less what is waived."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    bill_no = models.CharField(max_length=18)
    subject_id = models.UUIDField()  # the matter
    subject_number = models.CharField(max_length=30)
    purpose = models.CharField(max_length=20, default="fee")  # a matter may owe for several things: fee, delivery
    unit_id = models.IntegerField()  # whose officers waive and refund
    code = models.CharField(max_length=10, default="", db_default="")  # of the service, for deputies of limited scope
    account_id = models.UUIDField()
    person_id = models.UUIDField()
    title = models.JSONField()  # {zh, en}
    total_fen = models.IntegerField()
    waived_fen = models.IntegerField(default=0)
    due_fen = models.GeneratedField(
        expression=F("total_fen") - F("waived_fen"), output_field=models.IntegerField(), db_persist=True
    )
    state = models.CharField(max_length=10, default="open")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # settled, expired or cancelled; never moved by a later return
    receipt_id = models.UUIDField(null=True)  # the paper

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, PAID, BASIS, KEPT),
        "person_id": Personal(INTERNAL, PAID, BASIS, KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "bill_no"], name="pay_order_bill_no"),
            models.UniqueConstraint(
                fields=["org_id", "subject_id", "purpose"],
                name="pay_order_once",
                condition=Q(state__in=["open", "settled"]),
            ),
            models.CheckConstraint(
                name="pay_order_state",
                condition=Q(state__in=["open", "settled", "expired", "cancelled", "returned"]),
            ),
            models.CheckConstraint(name="pay_order_closed", condition=Q(state="open") ^ Q(closed_at__isnull=False)),
            models.CheckConstraint(
                name="pay_order_waived",
                condition=Q(total_fen__gte=0, waived_fen__gte=0, waived_fen__lte=F("total_fen")),
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="pay_order_of_subject"),
            models.Index(fields=["account_id", "-opened_at"], name="pay_order_of_account"),
            models.Index(fields=["person_id", "-opened_at"], name="pay_order_of_person"),
            models.Index(fields=["expires_at"], name="pay_order_to_expire", condition=Q(state="open")),
            models.Index(
                fields=["closed_at"],
                name="pay_order_to_receipt",
                condition=Q(state="settled", receipt_id__isnull=True),
            ),
        ]


class Item(models.Model):
    """One thing that the order is made of; it never changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="items")
    name = models.CharField(max_length=40)
    title = models.JSONField()
    fen = models.IntegerField()
    basis = models.JSONField(default=dict)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "order", "name"], name="pay_item_name"),
            models.CheckConstraint(name="pay_item_fen", condition=Q(fen__gte=0)),
        ]


class Waiver(models.Model):
    """What is not asked for: by a rule of the service, or proposed by one officer and granted by another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="waivers")
    name = models.CharField(max_length=40)  # of the rule; "officer" for one that an officer proposed
    title = models.JSONField()
    fen = models.IntegerField()
    percent = models.SmallIntegerField(null=True)
    basis = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)  # the officer's words, no names
    state = models.CharField(max_length=10)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {"reason": Personal(INTERNAL, "减免费用的理由", BASIS, KEPT)}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="pay_waiver_state", condition=Q(state__in=["granted", "proposed", "refused"], fen__gte=0)
            ),
            models.CheckConstraint(
                name="pay_waiver_decided",
                condition=Q(state="proposed", decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
            # Four eyes: only the system grants what it asked for itself.
            models.CheckConstraint(
                name="pay_waiver_four_eyes",
                condition=Q(decided_by__isnull=True)
                | ~Q(decided_by=F("asked_by"))
                | Q(asked_by="00000000-0000-0000-0000-000000000000"),
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="pay_waiver_waiting", condition=Q(state="proposed"))]


class Attempt(models.Model):
    """One try to pay. While it is not captured or closed, it has a time at which the gateway is asked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="attempts")
    number = models.CharField(max_length=32)
    seq = models.SmallIntegerField()
    channel = models.CharField(max_length=20)
    house = models.CharField(max_length=12)
    fen = models.IntegerField()
    state = models.CharField(max_length=10, default="new")
    begun_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    begun = models.JSONField(default=dict)  # where to send the payer; emptied when the attempt is over
    fault = models.CharField(max_length=60, default="", db_default="")
    asked = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    came_back_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="pay_attempt_number"),
            models.UniqueConstraint(fields=["org_id", "order", "seq"], name="pay_attempt_seq"),
            models.CheckConstraint(
                name="pay_attempt_state", condition=Q(state__in=["new", "open", "failed", "closed", "captured"])
            ),
            models.CheckConstraint(
                name="pay_attempt_is_asked",
                condition=Q(state__in=["new", "open", "failed"], next_at__isnull=False)
                | Q(state__in=["closed", "captured"], next_at__isnull=True),
            ),
            models.CheckConstraint(name="pay_attempt_fen", condition=Q(fen__gt=0)),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="pay_attempt_to_ask", condition=Q(next_at__isnull=False)),
            models.Index(fields=["number"], name="pay_attempt_by_number"),
        ]


class Capture(models.Model):
    """Money that a gateway took, as the gateway says it. Only `refunding_fen` ever moves."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="captures")
    attempt = models.OneToOneField(Attempt, models.PROTECT, related_name="capture")
    house = models.CharField(max_length=12)
    channel = models.CharField(max_length=20)
    gateway_no = models.CharField(max_length=64)
    fen = models.IntegerField()
    at = models.DateTimeField()  # by the gateway's clock
    day = models.DateField()  # of `at` in China: the bill it must stand in
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=12)  # notification, ask, close, statement
    role = models.CharField(max_length=8)  # settles, surplus
    refunding_fen = models.IntegerField(default=0)  # claimed by refunds; moved by one conditional update
    entry_id = models.UUIDField(null=True)  # in the ledger; null: from before it was kept

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "house", "gateway_no"], name="pay_capture_gateway_no"),
            models.UniqueConstraint(
                fields=["org_id", "order"], name="pay_capture_settles_once", condition=Q(role="settles")
            ),
            models.CheckConstraint(name="pay_capture_role", condition=Q(role__in=["settles", "surplus"], fen__gt=0)),
            models.CheckConstraint(
                name="pay_capture_refunding", condition=Q(refunding_fen__gte=0, refunding_fen__lte=F("fen"))
            ),
        ]
        indexes = [models.Index(fields=["house", "day"], name="pay_capture_by_day")]


class Refund(models.Model):
    """Money to give back of one capture. The same number is sent until the gateway says what became of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField()
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    capture = models.ForeignKey(Capture, models.PROTECT, related_name="refunds")
    number = models.CharField(max_length=32)
    seq = models.SmallIntegerField()
    house = models.CharField(max_length=12)
    fen = models.IntegerField()
    cause = models.CharField(max_length=14)  # double, late, wrong_amount, overpaid, withdrawn, officer
    reason = models.CharField(max_length=200, blank=True)  # the officer's words, no names
    state = models.CharField(max_length=10)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    gateway_no = models.CharField(max_length=64, default="", db_default="")
    fault = models.CharField(max_length=60, default="", db_default="")
    asked = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)  # by the gateway's clock
    day = models.DateField(null=True)  # of `done_at` in China

    personal: ClassVar[dict[str, Personal]] = {"reason": Personal(INTERNAL, "退费的理由", BASIS, KEPT)}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "number"], name="pay_refund_number"),
            models.UniqueConstraint(fields=["org_id", "order", "seq"], name="pay_refund_seq"),
            models.CheckConstraint(
                name="pay_refund_state",
                condition=Q(state__in=["proposed", "due", "pending", "done", "failed", "rejected"], fen__gt=0),
            ),
            models.CheckConstraint(
                name="pay_refund_is_asked",
                condition=Q(state__in=["due", "pending"], next_at__isnull=False)
                | Q(state__in=["proposed", "done", "failed", "rejected"], next_at__isnull=True),
            ),
            models.CheckConstraint(
                name="pay_refund_done", condition=~Q(state="done") | Q(done_at__isnull=False, day__isnull=False)
            ),
            models.CheckConstraint(
                name="pay_refund_decided",
                condition=Q(state="proposed", decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="pay_refund_four_eyes",
                condition=Q(decided_by__isnull=True) | ~Q(cause="officer") | ~Q(decided_by=F("asked_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="pay_refund_to_ask", condition=Q(next_at__isnull=False)),
            models.Index(fields=["number"], name="pay_refund_by_number"),
            models.Index(fields=["asked_at"], name="pay_refund_waiting", condition=Q(state="proposed")),
            models.Index(fields=["house", "day"], name="pay_refund_by_day", condition=Q(state="done")),
        ]


class Request(models.Model):
    """A request that must have one effect: its key, what was asked, and what became of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    key = models.CharField(max_length=64)
    operation = models.CharField(max_length=20)
    asked = models.JSONField()  # the request as it was
    answer = models.JSONField(default=dict)
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {
        "account_id": Personal(INTERNAL, "同一请求只生效一次", BASIS, "30 天"),
        "asked": Personal(INTERNAL, "同一请求只生效一次", BASIS, "30 天"),
    }

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="pay_request_key")]
        indexes = [models.Index(fields=["at"], name="pay_request_by_age")]


class Notification(models.Model):
    """What a gateway, or somebody in its name, sent us, and what was made of it; of its body only the hash."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    channel = models.CharField(max_length=20)
    at = models.DateTimeField()
    number = models.CharField(max_length=32, default="", db_default="")  # of the attempt or refund it speaks of
    verdict = models.CharField(max_length=14)  # taken, repeated, forged, not_for_us, wrong_amount, unknown
    fault = models.CharField(max_length=60, default="", db_default="")
    body_sha256 = models.BinaryField(max_length=32)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="pay_notification_by_age"),
            models.Index(fields=["number"], name="pay_notification_number", condition=~Q(number="")),
        ]


class Statement(models.Model):
    """The bill of one house for one day: awaited, read, and closed by an officer when every difference is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)  # the merchant account is the city's
    house = models.CharField(max_length=12)
    day = models.DateField()
    state = models.CharField(max_length=8, default="awaited")
    next_at = models.DateTimeField(null=True)  # when to ask for the file again
    asked = models.SmallIntegerField(default=0)
    fault = models.CharField(max_length=60, default="", db_default="")
    read_at = models.DateTimeField(null=True)
    lines = models.IntegerField(default=0)
    paid_fen = models.BigIntegerField(default=0)
    refunded_fen = models.BigIntegerField(default=0)
    charge_fen = models.BigIntegerField(default=0)
    found = models.IntegerField(default=0)  # payments that we learnt of only from this file
    closed_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "house", "day"], name="pay_statement_day"),
            models.CheckConstraint(name="pay_statement_state", condition=Q(state__in=["awaited", "read", "closed"])),
            models.CheckConstraint(
                name="pay_statement_closed",
                condition=Q(state="closed", closed_by__isnull=False, closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_by__isnull=True, closed_at__isnull=True)),
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="pay_statement_to_read", condition=Q(state="awaited"))]


class StatementLine(models.Model):
    """One row of a bill, as the house wrote it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="rows")
    house = models.CharField(max_length=12)
    line = models.IntegerField()
    kind = models.CharField(max_length=8)  # paid, refunded
    number = models.CharField(max_length=40)
    gateway_no = models.CharField(max_length=64)
    fen = models.BigIntegerField()
    charge_fen = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    personal: ClassVar[dict[str, Personal]] = {}

    class Meta:
        constraints = [models.UniqueConstraint(fields=["statement", "line"], name="pay_line_once")]
        indexes = [models.Index(fields=["house", "kind", "number"], name="pay_line_by_number")]


class Difference(models.Model):
    """Something in the books that does not fit. It has an owner from the first moment, until it is closed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org_id = models.SmallIntegerField(default=0)
    house = models.CharField(max_length=12)
    day = models.DateField()
    kind = models.CharField(max_length=24)  # a key of rules.matching.KINDS
    number = models.CharField(max_length=40)
    gateway_no = models.CharField(max_length=64, default="", db_default="")
    our_fen = models.BigIntegerField(null=True)
    their_fen = models.BigIntegerField(null=True)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="differences")
    owner_id = models.UUIDField()  # an officer's account; nobody's only where no officer holds the post
    state = models.CharField(max_length=6, default="open")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)
    reason = models.CharField(max_length=20, default="", db_default="")  # a key of rules.matching.REASONS
    note = models.CharField(max_length=300, default="", db_default="", blank=True)

    personal: ClassVar[dict[str, Personal]] = {
        "owner_id": Personal(INTERNAL, "差错处理的责任人", BASIS, KEPT),
        "note": Personal(INTERNAL, "差错处理说明", BASIS, KEPT),
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org_id", "house", "day", "kind", "number"], name="pay_difference_once"),
            models.CheckConstraint(
                name="pay_difference_closed",
                condition=Q(state="open", closed_at__isnull=True, closed_by__isnull=True, reason="")
                | (Q(state="closed", closed_at__isnull=False, closed_by__isnull=False) & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["house", "day"], name="pay_difference_by_day"),
            models.Index(fields=["owner_id", "opened_at"], name="pay_difference_open", condition=Q(state="open")),
        ]
