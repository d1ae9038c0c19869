"""Scenes of the citizen platform that people meet rarely, made in a running house by its own actions.

`python -m tests.journeys.scenes` prints where they are: a name and what its addresses are made of. The person in them
is new each time; a hall of Yantian, which no other journey enters, is full on one day and closed on another.
"""

import json
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import django

django.setup()

from django.db import transaction  # noqa: E402 - models need the set-up before them

from minjing.base import clock  # noqa: E402
from minjing.base.ids import new_id  # noqa: E402
from minjing.kernel.booking import actions as booking  # noqa: E402
from minjing.kernel.booking import queries as places  # noqa: E402
from minjing.kernel.booking.models import Item as Booked  # noqa: E402
from minjing.kernel.booking.models import Slot, Visit  # noqa: E402
from minjing.kernel.identity import actions as identity  # noqa: E402
from minjing.kernel.identity import queries as accounts  # noqa: E402
from minjing.kernel.identity.actions.mandates import Offer, answer, grant, revoke  # noqa: E402
from minjing.kernel.identity.actor import SYSTEM, Actor  # noqa: E402
from minjing.kernel.identity.models import Account, Unit  # noqa: E402
from minjing.kernel.identity.queries.checks import name_and_number  # noqa: E402
from minjing.kernel.matters import actions as matters  # noqa: E402
from minjing.kernel.notify import actions as notify  # noqa: E402
from minjing.kernel.notify.models import Message  # noqa: E402
from minjing.kernel.pay.actions import attempts, differences, waivers  # noqa: E402
from minjing.kernel.pay.actions.orders import open_order  # noqa: E402
from minjing.kernel.pay.models import Order  # noqa: E402
from minjing.kernel.pay.rules.amounts import Item  # noqa: E402
from minjing.modules.traffic.actions import accidents, drafts  # noqa: E402
from minjing.site.demo.residents import CHEN, LIN, WU, ZHENG, account, open_account  # noqa: E402
from tests.people import newcomer, photo  # noqa: E402

HALL = "hc-yantian"
SERVICE = "id_card"
LATE = timedelta(days=2)
FUTIAN = 2  # the district's number, in which its officers see to accidents


def people(now: datetime) -> tuple[list[Actor], list[str]]:
    """Return seven residents as actors at level 3, and their phones."""
    actors, phones = [], []
    for name in ("苏晚晴", "韩一诺", "彭嘉树", "罗知远", "白若溪", "贺新凉", "乔南枝"):
        one = newcomer(name)
        person = identity.ensure_person(name=one.name, id_number=one.id_number, now=now)
        account = open_account(one.phone, person, now)
        actors.append(replace(accounts.actor_of(account, now), level=3))
        phones.append(one.phone)
    return actors, phones


def officer(login: str, now: datetime) -> Actor:
    return accounts.actor_of(Account.objects.get(login=login).pk, now)


def hall(actors: list[Actor], now: datetime) -> dict[str, object]:
    """Make a full day with people who wait, a closed day, visits that were missed, and what their owner says."""
    head, clerk, place = officer("yantian.hallhead", now), officer("yantian.hall", now), places.place(HALL)
    days = [d.day for d in places.days(place, [SERVICE], now) if d.is_open]
    full, closed = [day for day in days if not first_slot(place, day).used][:-3:-1]
    slots = list(Slot.objects.filter(place_id=place.id, day=full).order_by("starts_at"))
    booking.set_capacity(HALL, full, slots[0].starts_at, slots[-1].ends_at, 0, by=head, now=now)
    booking.set_capacity(HALL, full, slots[0].starts_at, slots[0].ends_at, 1, by=head, now=now)
    mine, second, third, waiting, behind, *_ = actors
    booked = [
        booking.book(HALL, [SERVICE], slots[0].starts_at, by=one, now=now, request_id=new_id())
        for one in (second, third, waiting)
    ]
    for one in (mine, behind):
        booking.wait_for(HALL, full, [SERVICE], by=one, now=now)
    booking.cancel(booked[0].pk, ver=booked[0].ver, by=second, now=now, request_id=new_id())
    booking.sweep(now)  # what has become free is offered to who waits first
    booking.close_day(
        HALL, closed, {"zh": "系统升级，当天暂停办理。", "en": "Closed for an upgrade."}, by=head, now=now
    )

    def visit_of(one: Actor, service: str, day: date) -> Visit:
        free = places.slots(place, day, [service], now)[-1].starts_at
        return booking.book(HALL, [service], free, by=one, now=now, request_id=new_id())

    visit = visit_of(mine, "household", days[0])
    missed = [visit_of(mine, "enquiry", days[0]), visit_of(behind, "household", days[1])]
    for one in missed:  # as if they had been for the day before yesterday
        Visit.objects.filter(pk=one.pk).update(day=now.date() - LATE, starts_at=now - LATE, ends_at=now - LATE)
        Booked.objects.filter(visit_id=one.pk).update(day=now.date() - LATE)
        booking.miss(one.pk, ver=one.ver, by=clerk, now=now, request_id=new_id())
    booking.challenge(missed[1].pk, "当天地铁停运，赶到时窗口已经下班。", by=behind, now=now)
    return {"visit": visit.pk, "missed": missed[0].pk, "full_day": full, "closed_day": closed}


def first_slot(place: Any, day: date) -> Slot:
    """Return the first slot of a day."""
    return Slot.objects.filter(place_id=place.id, day=day).order_by("starts_at")[0]


def fees(actors: list[Actor], now: datetime) -> dict[str, object]:
    """Make fees that wait at each gateway, a difference in the books, a wish that waits for a second officer."""
    mine, bureau = actors[0], Unit.objects.get(parent=None)

    def owe(number: int) -> Order:
        item = Item("fee", {"zh": "普通护照工本费", "en": "Passport fee"}, 12_000)
        with transaction.atomic():
            return open_order(
                subject=new_id(), subject_number=f"CR0026000000{number}", org_id=0, unit_id=bureau.id,
                title={"zh": "普通护照换发", "en": "Passport renewal"}, account_id=mine.account_id,
                person_id=mine.person_id, items=[item], expires_at=now + timedelta(hours=6), by=mine, now=now,
            )  # fmt: skip

    said: dict[str, object] = {"due": owe(1).pk}
    for channel in ("wechat_native", "wechat_h5", "unionpay", "wechat_jsapi"):
        order = owe(len(said) + 1)
        tried = attempts.begin(order.pk, channel, by=mine, now=now, key=str(new_id()), payer="oDemo", payer_ip="::1")
        said[channel] = tried.number
    asked = owe(8)
    waivers.propose(
        asked.pk, 2000, "低保家庭，凭证明减免。", by=officer("exit.clerk", now), now=now, key=str(new_id())
    )
    found = differences.open_difference(
        house="wechat", day=now.date() - LATE, kind="theirs_only", number=f"T{now:%H%M%S}", now=now, their_fen=8000
    )
    return said | {"difference": found, "day": now.date() - LATE}


def acting(actors: list[Actor], now: datetime) -> None:
    """Make mandates in each state: offered, asked for, in force, ended; and a check that waits for an officer."""

    def offer(giver: Actor, taker: Actor, *services: str) -> UUID:
        name, number = name_and_number(taker.person_id)
        return grant(Offer(name, number, services, now.date() + timedelta(days=60)), by=giver, now=now)

    mine, second, third, fourth, *_ = actors
    offer(mine, second, "EX0003")
    offer(third, mine, "HZ0301", "HZ0302")
    answer(offer(mine, fourth, "EX0003", "EX0006"), accept=True, by=fourth, now=now)
    ended = offer(fourth, mine, "EX0003")
    answer(ended, accept=True, by=mine, now=now)
    revoke(ended, by=fourth, now=now)
    answer(offer(actors[4], actors[6], "EX0002", "EX0003"), accept=True, by=actors[6], now=now)
    check = identity.open_check(by=actors[5], session_ref=None, now=now)
    identity.counter_code(check.pk, by=actors[5], now=now)


def letters(actors: list[Actor], now: datetime) -> dict[str, object]:
    """Make a letter that nothing else could tell, and the batch it is printed in."""
    mine = actors[0]
    notify.set_postal(by=mine, name="苏晚晴", address="深圳市盐田区海景路 1 号\n3 栋 502", now=now)
    for _ in range(2):
        Message.objects.create(
            id=new_id(), org_id=0, account_id=mine.account_id, template="approved", channel=Message.LETTER,
            text_zh="您申请的「普通护照换发」已批准。", text_en="Your passport renewal is approved.",
            dedupe=str(new_id()), state=Message.WAITING, created_at=now, next_at=now,
        )  # fmt: skip
    return {"batch": notify.make_batch(by=SYSTEM, now=now)}


def counter(now: datetime) -> dict[str, object]:
    """Receive Lin at a household counter of the city."""
    made = matters.begin_reception(
        name=LIN.name, id_number=LIN.id_number, how=matters.NUMBER, reason="unreadable",
        by=officer("lianhua.clerk", now), now=now,
    )  # fmt: skip
    return {"reception": made.pk}


def form(now: datetime) -> dict[str, object]:
    """Begin Chen's renewal of a passport."""
    return {"draft": matters.draft("EX0003", by=accounts.actor_of(account(CHEN.key).pk, now), now=now).id}


def roads(now: datetime) -> dict[str, object]:
    """Make an accident that two drivers leave to an officer, and a draft of rules with its replay of two years."""
    one, other = (accounts.actor_of(account(known.key).pk, now) for known in (WU, ZHENG))
    happened, code = accidents.begin(
        "深南示范路与彩田示范路路口", "粤B2C407", injured=False, drunk=False, by=one, now=now, org_id=FUTIAN,
        spot=(22.5431, 114.0719),
    )  # fmt: skip
    accidents.join(code, "粤B577K9", drunk=False, by=other, now=now)
    for who, words in ((one, "我直行，对方从左侧并线。"), (other, "我已经打灯，对方没有减速。")):
        for view in ("front", "contact"):
            accidents.add_photo(happened.pk, view, photo(f"{view} {who.account_id}"), by=who, now=now)
        accidents.say(happened.pk, words, by=who, now=now)
    accidents.to_officer(happened.pk, "disagree", by=one, now=now)
    legal = officer("traffic.legal", now)
    draft = drafts.begin("first_offence", "首违免罚改为一年", by=legal, now=now)
    source = draft.source.replace("value: 24", "value: 12", 1)
    draft = drafts.change(draft.pk, source, seen=draft.digest, by=legal, now=now)
    today = clock.local_day(now)
    replay = drafts.ask(draft.pk, today - timedelta(days=700), today, by=legal, now=now)
    drafts.run(replay.pk, now=now)
    return {"accident": happened.pk, "rules": draft.pk, "replay": replay.pk}


def main() -> None:
    """Make the scenes and print them as JSON."""
    now = clock.now()
    actors, phones = people(now)
    said = {"phone": phones[0], "checked": phones[5], "giver": phones[4], "taker": phones[6], "hall": HALL}
    for make in (hall, fees, acting, letters):
        said |= make(actors, now) or {}
    said |= counter(now) | form(now) | roads(now)
    json.dump(said, sys.stdout, default=str)


if __name__ == "__main__":
    main()
