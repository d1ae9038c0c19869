"""What Lin has behind the wheel in the demo: a chain of red lights, a lane, a place to park; paid, owed and open.

Each is entered, looked at and accepted by the acts of the house as of its day, so that its reasons, its points and
its money are those the house would have come to. What was paid stands in the books of the gateway's stand-in too:
it can come back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.queries import actor_of
from minjing.kernel.pay.actions import attempts
from minjing.kernel.pay.models import Attempt, Order
from minjing.kernel.pay.providers import Told
from minjing.kernel.pay.providers.standin.books import Books, Trade
from minjing.kernel.pay.rules.numbers import attempt_number
from minjing.modules.traffic.actions import deciding, money, violations
from minjing.modules.traffic.models import Violation
from minjing.modules.traffic.queries import registers
from minjing.site import outside
from minjing.site.demo import camera, residents
from minjing.site.demo.ambulances import reviewer
from minjing.site.demo.residents import LIN

OLD_CAR, NEW_CAR = ("粤B8A6K1", "02"), ("粤BD31415", "52")
HOUSE, CHANNEL = "wechat", "wechat_h5"
WARNED_DAYS, SECOND_DAYS = 300, 200


@dataclass(frozen=True)
class Event:
    """One violation: how many days ago, at what time, which car, what, where; how far it has come."""

    days: int
    at: time
    car: tuple[str, str]
    conduct: str
    place: str
    lat: float
    lon: float
    heading_deg: int
    end: str  # published, decided, paid


# The third red light within a year costs double; it has been accepted and waits for its money. Points of the second
# lie in the cycle before, those of the third in this one.
EVENTS = (
    Event(WARNED_DAYS, time(8, 12), OLD_CAR, "SZP01", "北环大道与新洲路路口", 22.5586, 114.0431, 90, "paid"),
    Event(SECOND_DAYS, time(18, 41), OLD_CAR, "SZP01", "深南大道与彩田路路口", 22.5430, 114.0719, 270, "paid"),
    Event(90, time(7, 55), NEW_CAR, "SZP34", "滨河大道公交专用道", 22.5266, 114.0533, 90, "paid"),
    Event(45, time(9, 3), OLD_CAR, "SZP01", "红荔路与金田路路口", 22.5521, 114.0641, 0, "decided"),
    Event(20, time(20, 26), NEW_CAR, "SZP18", "福华路 128 号路段", 22.5361, 114.0602, 180, "published"),
    Event(12, time(13, 17), NEW_CAR, "SZP05", "皇岗路与福华路路口", 22.5360, 114.0801, 0, "published"),
)


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Enter what Lin has done, oldest first; nothing if it is there."""
    vehicle = registers.vehicle_of_plate(*OLD_CAR)
    if vehicle is None or Violation.objects.filter(vehicle_id=vehicle.pk).exists():
        return
    account = residents.account(LIN.key)
    assert account is not None
    officer, driver = reviewer(), actor_of(account.pk, now)
    for event in EVENTS:
        _enter(event, officer, driver, now)
    say(f"{len(EVENTS)} violations of one driver: paid, owed and open")


def _enter(event: Event, officer: Actor, driver: Actor, now: datetime) -> None:
    day = (now.astimezone(CHINA) - timedelta(days=event.days)).date()
    at = datetime.combine(day, event.at, CHINA)
    plate, kind = event.car
    entered = violations.record(
        {
            "org_id": 1, "violated_at": at, "conduct": event.conduct, "place": event.place, "district": "440304",
            "lat": event.lat, "lon": event.lon, "heading_deg": event.heading_deg, "plate": plate,
            "plate_kind": kind,
        },
        by=SYSTEM,
        now=at + timedelta(hours=2),
    )  # fmt: skip
    camera.photograph(entered)
    violations.review(entered.pk, by=officer, now=at + timedelta(hours=20))
    if event.end == "published":
        return
    accepted = at + timedelta(days=2) if event.end == "paid" else now - timedelta(days=3)
    decision = deciding.decide(entered.pk, by=driver, now=accepted)
    if event.end == "paid":
        for charge in decision.charges.all():
            _pay(money.order_of(charge.pk, by=driver, now=accepted), accepted + timedelta(minutes=3))


def _pay(order: Order, at: datetime) -> None:
    """Pay an order at the gateway's stand-in on a past day: in its books, and told to us as it would tell."""
    number = attempt_number(order.bill_no, 1)
    attempt = Attempt.objects.create(
        org_id=order.org_id, order=order, number=number, seq=1, channel=CHANNEL, house=HOUSE, fen=order.total_fen,
        state="open", begun_at=at, expires_at=order.expires_at, next_at=at,
    )  # fmt: skip
    books = Books(outside.folder_of(settings.DATA_DIR, "wechat_pay") / "books.jsonl")
    gateway_no = f"4200{at:%y%m%d%H%M%S}{books.next_number():012d}"
    trade = Trade(
        no=number, gateway_no=gateway_no, kind="MWEB", subject=order.title["zh"], fen=attempt.fen, notify_url="",
        return_url="", token=f"demo{number}", made_at=at.timestamp(), expires_at=at.timestamp() + 7200,
        more={"attach": "", "payer": "", "asked": ""}, state="paid", paid_fen=attempt.fen, paid_at=at.timestamp(),
    )  # fmt: skip
    books.keep(trade)
    attempts.take(attempt.pk, Told(number, "paid", attempt.fen, gateway_no, at), source="ask", now=at)
