"""Two years of the traffic service, 14.2 million matters, through the engine's bulk path: a sample, and the hours.

Every matter is decided by the engine's rules step by step and comes in with its form sealed, its events, requests and
ledger entries; then a sequencer publishes the entries. Afterwards everything is counted and some matters refolded.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from bench import published
from bench.table import Row
from bench.traffic_mix import CLASSES, DAYS, MATTERS, Mix

if TYPE_CHECKING:
    from minjing.kernel.identity.actor import Actor
    from minjing.kernel.matters.actions import Past, PastStep

SAMPLE = int(os.environ.get("MATTERS") or 300_000)
FIRST, PEOPLE = 1_000_000, 20_000  # of the fleet's drivers: those of the demo come before
REFOLDED = 300
SECOND = timedelta(seconds=1)


def run(say: Callable[[str], None]) -> list[Row]:
    """Take the sample over, publish its entries, count."""
    place = published.own_log()
    from minjing.base.clock import now as clock_now
    from minjing.kernel.ledger import actions as ledger
    from minjing.kernel.matters import actions

    now = clock_now()
    plan = _Plan(now)
    actions.take_over_matters(plan.pasts(2_000, "warm"), source="warm", now=now)
    before = _counted()
    began = time.perf_counter()
    many = actions.take_over_matters(plan.pasts(SAMPLE, "2017"), source="platform_2017", now=now)
    seconds = time.perf_counter() - began
    counted = {name: value - before[name] for name, value in _counted().items()}
    say(f"{many:,} matters in {seconds:.0f} s: {counted}")
    _check(many, plan, counted)
    began = time.perf_counter()
    ledger.drain(clock_now())
    drained = time.perf_counter() - began
    assert published.size() >= counted["entries"], "an entry is not published"
    say(f"their entries published in {drained:.0f} s")
    published.discard(place)
    hours = MATTERS / many * (seconds + drained) / 3600
    note = f"{many:,} matters of {len(plan.services)} services in {seconds:.0f} s, one process"
    note += f"; {counted['events']:,} events, each with its request and its ledger entry, counted equal"
    note += f"; published in {drained:.0f} s more; {REFOLDED} matters refolded, none differs"
    said = "events, requests and ledger entries included; by class (made up) "
    said += ", ".join(f"{code}: {plan.drawn[code]:,}" for code in CLASSES)
    return [
        Row("replay of 14.2 million matters, bulk path", hours, None, None, "stated", None, "h", note),
        Row("matters taken over", many / seconds, None, None, "", None, "/s", said),
    ]


class _Plan:
    """Past matters of made-up people, in the order in which they came."""

    def __init__(self, now: datetime) -> None:
        from minjing.base.clock import local_day
        from minjing.kernel.identity.actions.take_over import take_over_people
        from minjing.kernel.identity.actor import RESIDENT, Actor
        from minjing.site.demo.fleet.drivers import Drivers

        self.now, self.dice, self.mix = now, Random(2017), Mix()
        drivers = Drivers(99, FIRST + PEOPLE, local_day(now))
        take_over_people(drivers.people(FIRST), source="bench", now=now, told=lambda done: None)
        ids = [drivers.person_id(n) for n in range(FIRST, FIRST + PEOPLE)]
        self.residents = [Actor(pk, RESIDENT, pk, level=3) for pk in ids]
        self.officers = _officers(now)
        self.forms = {body.service.code: _form(body, now) for body in self.mix.bodies}
        self.drawn: Counter[str] = Counter()
        self.services: set[str] = set()
        self.steps = 0

    def pasts(self, many: int, source: str) -> Iterator[Past]:
        """Yield so many matters, spread evenly over two years."""
        from minjing.kernel.matters.actions import Past

        self.drawn.clear()
        self.steps = 0
        begin = self.now - timedelta(days=DAYS)
        for n in range(many):
            body, by = self.mix.draw(self.dice), self.dice.choice(self.residents)
            code = body.service.code
            at = begin + timedelta(seconds=n * (DAYS - 60) * 86_400 // many)
            steps = self._steps(body, by, at)
            self.drawn[code[2:4]] += 1
            self.services.add(code)
            self.steps += len(steps)
            yield Past(f"{source}-{n}", code, self.forms[code], by, at, steps)

    def _steps(self, body: Any, by: Actor, at: datetime) -> list[PastStep]:
        """Return how it went: answered at once; or consented to, claimed, decided; a few refused or withdrawn."""
        from minjing.kernel.identity.actor import SYSTEM
        from minjing.kernel.matters.actions import PastStep
        from minjing.kernel.matters.rules import Ask

        start, fate = body.flow.states[body.flow.start], self.dice.random()
        if body.service.auto and "issue" in start.actions:
            return [PastStep("issue", SYSTEM, at + SECOND)]
        if fate < 0.03:
            return [PastStep("withdraw", by, at + 3_600 * SECOND)]
        steps, clock = [], at
        if "ask_consent" in start.actions:
            steps = [PastStep("ask_consent", SYSTEM, at), PastStep("agree", SYSTEM, at + 7_200 * SECOND)]
            clock += 7_200 * SECOND

        nothing = Ask()

        def step(action: str, post: str, ask: Ask = nothing) -> None:
            nonlocal clock
            clock += self.dice.randrange(600, 20_000) * SECOND
            steps.append(PastStep(action, self.officers[post], clock, ask))

        step("claim", start.post)
        if "recommend" in start.actions:
            step("recommend", start.post)
            step("claim", "traffic_approver")
        post = "traffic_approver" if "recommend" in start.actions else start.post
        if fate < 0.07 and "refuse" in start.actions:
            step("refuse", post, Ask("经核查，申请条件尚不具备。", body.flow.refusals[0].key))
        else:
            step("uphold" if "uphold" in start.actions else "approve", post, Ask("已处理，情况属实。"))
        return steps


def _officers(now: datetime) -> dict[str, Actor]:
    """Return the first holder of each post of the traffic police."""
    from minjing.kernel.identity import queries as people
    from minjing.kernel.identity.models import Appointment

    posts = ("traffic_clerk", "traffic_approver", "traffic_counter")
    found = Appointment.objects.filter(post_id__in=posts, deputy_for=None).values_list("post_id", "account_id")
    return {post: people.actor_of(account, now) for post, account in found}


def _form(body: Any, now: datetime) -> dict[str, Any]:
    from minjing.site.demo.queues import filled

    return dict(filled(body, {}, now))


def _counted() -> dict[str, int]:
    """Count matters, events, requests, entries of matters, and events whose entry is there."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM matters_matter), (SELECT count(*) FROM matters_matterevent),"
            " (SELECT count(*) FROM matters_request),"
            " (SELECT count(*) FROM ledger_outbox WHERE kind LIKE 'matters:matter:%'),"
            " (SELECT count(*) FROM matters_matterevent e JOIN ledger_outbox o ON o.id = e.entry_id"
            "   AND o.object_id = e.matter_id)"
        )
        return dict(zip(("matters", "events", "requests", "entries", "proved"), cursor.fetchone(), strict=True))


def _check(many: int, plan: _Plan, counted: dict[str, int]) -> None:
    """Fail unless nothing is lost: every event with its request and its entry, and what refolds is what stands."""
    from minjing.kernel.matters import actions

    events = many + plan.steps
    assert counted == {
        "matters": many, "events": events, "requests": events, "entries": events, "proved": events
    }, (counted, events)  # fmt: skip
    differ = actions.sample_refold(REFOLDED)
    assert not differ, differ[:1]
