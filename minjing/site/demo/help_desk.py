"""The help desk of the demo: articles, three hundred questions of the last weeks, a machine, city-wide filings."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import city_wide, queries
from minjing.kernel.matters.errors import MatterError
from minjing.modules.help_desk import actions
from minjing.modules.help_desk import queries as desk_queries
from minjing.modules.help_desk.models import Article
from minjing.modules.household import queries as register
from minjing.portals.kiosk import actions as kiosk
from minjing.site.demo.queues import filled

QUESTIONS = 300
WEEKS = 12
RATED = 0.3  # share of the answers that were rated
CALLS = 0.35  # share of questions that came by telephone
OPEN = 14  # the newest wait for an operator
COUNTERS = ("440304004", "440303004", "440305007", "440306018", "440307014", "440309002")
# What stands at the counters of the demo: filed where people happen to be, for where they are registered.
FILINGS = ("HZ1001", "HZ1003", "HZ1202", "HZ1203", "HZ1204", "HZ0804", "HZ1202", "HZ1003")
PER_SERVICE = 7


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Fill the help desk and the counters with instants of the past; the same each time."""
    if Article.objects.exists():
        return
    drawn = random.Random(84464600)  # noqa: S311 - a demo must be the same each time; the desk's number of 2017
    data = yaml.safe_load((Path(__file__).parent / "help_desk.yaml").read_text(encoding="utf-8"))
    desk, second = _officer("desk", now), _officer("desk2", now)
    _articles(data["articles"], desk, second, now)
    asked = _questions(data, drawn, (desk, second), now)
    machine, _ = kiosk.register(
        "FT-01",
        Unit.objects.get(code=COUNTERS[0]).pk,
        {"zh": "福田派出所户政大厅东侧", "en": "Futian station, east side of the hall"},
        by=desk,
        now=now - timedelta(days=30),
    )
    say(f"{len(data['articles'])} articles, {asked} questions, the machine {machine.code}")
    say(f"{_filings(drawn, now)} filings at counters, most of them for another station")


def _officer(login: str, now: datetime) -> Actor:
    return people.actor_of(Account.objects.get(login=login).pk, now)


@transaction.atomic
def _articles(listed: list[Mapping[str, Any]], writer: Actor, checker: Actor, now: datetime) -> None:
    for number, one in enumerate(listed):
        at = now - timedelta(days=100 - number)
        texts = {"title_zh": one["zh"][0], "body_zh": one["zh"][1], "title_en": one["en"][0], "body_en": one["en"][1]}
        made = actions.write_article(texts, one["topic"], aliases=one["aliases"], by=writer, now=at)
        if number < len(listed) - 1:  # the last one waits for its second person
            actions.publish_article(made.id, by=checker, now=at + timedelta(hours=3))


@transaction.atomic
def _questions(data: Mapping[str, Any], drawn: random.Random, desk: tuple[Actor, Actor], now: datetime) -> int:
    asks = [(one, words) for one in data["articles"] for words in one["asks"]]
    moments = sorted(_moment(drawn, now) for _ in range(QUESTIONS))
    for number, at in enumerate(moments):
        one, words = asks[number % len(asks)] if number < len(asks) else drawn.choice(asks)
        said = f"{drawn.choice(data['openers'])}{words}{drawn.choice(data['closers'])}" if words[0] > "z" else words
        waits = number >= QUESTIONS - OPEN
        answer = "" if waits else f"您好。{one['zh'][1]}" if words[0] > "z" else f"Hello. {one['en'][1]}"
        _asked(
            one["topic"],
            said,
            answer,
            drawn,
            desk,
            at if not waits else now - timedelta(minutes=7 * (QUESTIONS - number)),
        )
    return QUESTIONS


def _moment(drawn: random.Random, now: datetime) -> datetime:
    """Return an instant of the last weeks, in office hours as a rule."""
    day = now.astimezone(CHINA) - timedelta(days=drawn.randrange(1, WEEKS * 7))
    return day.replace(hour=drawn.choice((9, 9, 10, 10, 11, 14, 15, 15, 16, 17, 20)), minute=drawn.randrange(60))


def _asked(
    topic: str, words: str, answer: str, drawn: random.Random, desk: tuple[Actor, Actor], at: datetime
) -> None:
    operator = desk[drawn.randrange(2)]
    if drawn.random() < CALLS:
        called = answer if drawn.random() < 0.8 else ""
        taken = actions.take_call(words, topic, answer=called, by=operator, now=at, request_id=new_id())
        if called or not answer:
            return
    else:
        taken = actions.ask(words, topic, route=ROUTES.get(topic, ""), by=None, now=at, request_id=new_id())
    if answer:
        minutes = drawn.choice((6, 9, 12, 18, 25, 33, 41, 52, 58, 75, 110, 180, 260))
        later = at + timedelta(minutes=minutes)
        matters.act(taken.matter_id, "claim", ver=1, by=operator, now=later, request_id=new_id())
        matters.act(taken.matter_id, "answer", ver=2, by=operator, now=later, request_id=new_id(), note=answer)
        if drawn.random() < RATED:
            by = desk_queries.by_code(taken.number, taken.code, later).by
            stars = drawn.choice((5, 5, 5, 4, 4, 3, 2))
            matters.rate(taken.matter_id, stars, by=by, now=later + timedelta(hours=1))


ROUTES = {
    "account": "sign-in/code/",
    "identity": "sign-in/who/",
    "household": "apply/<str:code>/",
    "page": "drafts/<uuid:draft_id>/materials/",
    "papers": "matters/<str:number>/",
}


def _filings(drawn: random.Random, now: datetime) -> int:
    """File at counters for people registered elsewhere; what the register refuses is left out."""
    stations = {unit.code: unit for unit in Unit.objects.filter(level=Unit.STATION)}
    heads = {code: register.heads_of(stations[code].pk)[-60:] for code in COUNTERS}
    made = 0
    for number in range(PER_SERVICE * len(FILINGS)):
        code = FILINGS[number % len(FILINGS)]
        home = COUNTERS[number % len(COUNTERS)]
        counter = drawn.choice(COUNTERS) if number % 5 else home
        at = now - timedelta(days=drawn.randrange(2, 170), minutes=drawn.randrange(400))
        if heads[home] and _filed(code, home, stations[counter], heads[home].pop(), at, drawn):
            made += 1
    return made


def _filed(code: str, home: str, counter: Unit, person_id: Any, at: datetime, drawn: random.Random) -> bool:
    clerk = Account.objects.filter(appointments__post_id="station_clerk", appointments__unit=counter).earliest(
        "login"
    )
    by = people.actor_of(clerk.pk, at)
    _, body = queries.service(code)
    known = {**queries.prefills(body, person_id, at), **(_other_head(person_id, at) if code == "HZ0804" else {})}
    shown = identity.look(by, [person_id], ["name", "id_number"], reason="counter", now=at)
    try:
        with transaction.atomic():
            row = matters.begin_reception(**shown[person_id], how=matters.CARD, by=by, now=at)
            filed_at = at + timedelta(minutes=drawn.randrange(5, 19), seconds=drawn.randrange(60))
            matters.file_at_counter(
                row.id,
                code,
                filled(body, {**known, "for_whom": "self", "office": home}, filed_at),
                station_code=home,
                originals=[spec.name for spec in body.service.materials],
                by=by,
                now=filed_at,
                request_id=new_id(),
            )
    except MatterError:
        return False
    return city_wide.is_city_wide(code)


def _other_head(person_id: Any, at: datetime) -> dict[str, Any]:
    """Return what a head says who hands the household over to husband or wife; nothing where there is neither."""
    members = register.prefill(person_id, "members", at) or []
    spouse = next((member for member in members if member["relation"] in ("妻", "夫")), None)
    if spouse is None:
        return {}
    return {
        "old_head_name": register.prefill(person_id, "name", at),
        "old_head_id": register.prefill(person_id, "id_number", at),
        "new_head_name": spouse["name"],
        "new_head_id": spouse["id_number"],
    }
