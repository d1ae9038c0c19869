"""A fee of one resident, the officers who care for money, and a house in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries
from minjing.kernel.identity.actor import OFFICER, Actor, Holding
from minjing.kernel.identity.models import Account, Appointment, Post, Unit
from minjing.kernel.pay import plugs
from minjing.kernel.pay.actions import attempts, orders
from minjing.kernel.pay.models import Attempt, Order
from minjing.kernel.pay.rules.amounts import Item, Waiver
from minjing.kernel.pay.tests.simulated import HOUSE, House

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)  # ten in the morning
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BASIS = {"law": "平台规则", "confidence": "C"}
PASSPORT = Item("passport", {"zh": "普通护照工本费", "en": "Passport fee"}, 12_000, BASIS)
REMARK = Item("remark", {"zh": "加注费", "en": "Fee for an annotation"}, 2_001, BASIS)
HALF = Waiver("hardship", {"zh": "困难家庭减半", "en": "Half for families in need"}, 50, BASIS)
PATH = "1."


@dataclass(frozen=True)
class City:
    """Who lives and works there."""

    lin: Actor
    chen: Actor  # handles matters
    luo: Actor  # approves fees
    zhao: Actor  # reconciles
    qian: Actor  # closes days
    unit: Unit


@pytest.fixture(autouse=True)
def house(settings: Any) -> Iterator[House]:
    settings.PAY_PROVIDERS = ["minjing.kernel.pay.tests.simulated"]
    HOUSE.reset()
    HOUSE.at(NOW)
    kept = (list(plugs.SETTLED), list(plugs.EXPIRED))
    plugs.SETTLED.clear()
    plugs.EXPIRED.clear()
    yield HOUSE
    plugs.SETTLED[:], plugs.EXPIRED[:] = kept


@pytest.fixture
def city(db: None) -> City:
    return make_city()


def make_city() -> City:
    unit = Unit.objects.create(
        code="440300", org_id=0, level="bureau", path=PATH, name={"zh": "深圳市公安局", "en": "Shenzhen Bureau"}
    )
    Unit.objects.filter(id=unit.id).update(path=f"{unit.id}.")
    unit.refresh_from_db()
    account = identity.open_account(phone="13800000001", now=NOW)
    lin = replace(queries.actor_of(account.pk, NOW), person_id=new_id())
    return City(
        lin,
        officer(unit, "clerk", "handle"),
        officer(unit, "approver", "approve_fee"),
        officer(unit, "fee_clerk", "reconcile"),
        officer(unit, "fee_approver", "close_day"),
        unit,
    )


def officer(unit: Unit, post: str, *acts: str) -> Actor:
    made = Post.objects.create(code=post, name={"zh": post, "en": post}, level="bureau", acts=list(acts))
    account = Account.objects.create(kind=OFFICER, login=f"{post}-{str(new_id())[-12:]}", created_at=NOW)
    Appointment.objects.create(account=account, unit=unit, post=made, since=NOW - DAY)
    return Actor(account.id, OFFICER, holdings=(Holding(post, unit.id, unit.path, "bureau", 0, frozenset(acts)),))


def fee(
    city: City, *, items: Any = (PASSPORT,), waivers: Any = (), subject: UUID | None = None, **more: Any
) -> Order:
    said = {"expires_at": NOW + DAY, "now": NOW, **more}
    return orders.open_order(
        subject=subject or new_id(),
        subject_number="CR02260000001",
        title={"zh": "普通护照换发", "en": "Passport renewal"},
        account_id=city.lin.account_id,
        person_id=city.lin.person_id,
        org_id=0,
        unit_id=city.unit.id,
        items=items,
        waivers=waivers,
        by=city.lin,
        **said,
    )


def begun(city: City, order: Order, channel: str = "wechat_h5", *, now: datetime = NOW) -> Attempt:
    return attempts.begin(order.id, channel, by=city.lin, now=now, key=str(new_id()))


def asked(attempt: Attempt, now: datetime) -> str:
    """Ask as the job does at its time."""
    Attempt.objects.filter(id=attempt.id, next_at__isnull=False).update(next_at=now)
    HOUSE.at(now)
    return attempts.ask(attempt.id, now=now)


def state_of(row: Any) -> str:
    return str(type(row).objects.values_list("state", flat=True).get(id=row.id))


def balance(order: Order) -> tuple[int, int, int]:
    """Return what the view says: due, paid, refunded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT due_fen, paid_fen, refunded_fen FROM pay_balance WHERE order_id = %s", [order.id])
        return tuple(int(n) for n in cursor.fetchone())  # type: ignore[return-value]


def books_close() -> None:
    """Have the database check now what it checks at the end of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
