"""One day at twenty times the mean, through HTTP: its busiest minutes, and whether anything is lost.

14.2 million matters in two years are 19,452 a day; twenty times that is 389,041. A tenth of a day falls into its
busiest hour, and the busiest minute has half as much again as that hour's mean (both made up): 16.2 matters a second.
For each that comes in, residents look at their list three times.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from bench import load, web
from bench.table import Row, at_least, at_most
from bench.traffic_mix import DAYS, MATTERS, Mix

TIMES, HOUR_SHARE, MINUTE_PEAK = 20, 0.1, 1.5
A_DAY = MATTERS / DAYS * TIMES
RATE = A_DAY * HOUR_SHARE / 3_600 * MINUTE_PEAK
SECONDS = float(os.environ.get("SECONDS") or 150)
READS = 3
RESIDENTS = 60
FIRST_PHONE = 19_610_000_000


def run(say: Callable[[str], None]) -> list[Row]:
    """Send the busiest minutes at their rate; count afterwards what was acknowledged and what there is."""
    import django

    django.setup()
    people = [_resident(n) for n in range(RESIDENTS)]
    answers = _asked(people)
    say(f"{len(answers)} services can be asked for again and again by API; {RATE:.1f}/s, {A_DAY:,.0f} a day")
    made, ids = _requests(people, answers, int(RATE * SECONDS))
    reads = [web.request("GET", "/api/matters", _bearer(people[n % RESIDENTS])) for n in range(len(made) * READS)]
    with web.served() as port:
        warm, _ = _requests(people, answers, 40)
        load.send(load.Order(port, warm, 4, 10.0, 8.0, 201))
        found: dict[str, load.Answers] = {}
        orders = {
            "writes": load.Order(port, made, 32, SECONDS, RATE, 201),
            "reads": load.Order(port, reads, 32, SECONDS, RATE * READS, 200),
        }
        threads = [threading.Thread(target=_send, args=(name, order, found)) for name, order in orders.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    writes, lists = found["writes"], found["reads"]
    acknowledged = writes.statuses[201]
    kept, classes = _kept(ids)
    times = f"p95 {writes.ms(0.95):.0f} ms, lists {lists.ms(0.95):.0f} ms"
    say(f"{acknowledged:,} acknowledged, {kept:,} kept whole; {times}")
    share = f"{len(answers)} services, by class {classes}; p50 {writes.ms(0.5):.0f}, p99 {writes.ms(0.99):.0f} ms"
    note = f"{SECONDS:.0f} s of the busiest minutes at {RATE:.1f}/s of {A_DAY:,.0f} a day; {share}"
    lost = f"{acknowledged:,} acknowledged; each with its number, request, events and every event's ledger entry"
    return [
        at_most("a day at 20 × the mean: submissions, p95", writes.ms(0.95), 100, "ms", note=note),
        at_most("a day at 20 × the mean: own list, p95", lists.ms(0.95), 100, "ms", note=f"at {RATE * READS:.0f}/s"),
        at_most("acknowledged and lost", acknowledged - kept, 0, "", note=lost),
        at_least("matters acknowledged a second", acknowledged / writes.took_s, RATE * 0.97, "/s"),
    ]


def _send(name: str, order: load.Order, found: dict[str, load.Answers]) -> None:
    found[name] = load.send(order)


class _Person:
    """A resident with a car, a licence and a token."""

    def __init__(self, account: UUID, person: UUID, token: str, known: dict[str, Any]) -> None:
        self.account, self.person, self.token, self.known = account, person, token, known


def _bearer(who: _Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


def _resident(n: int) -> _Person:
    from minjing.base.clock import local_day
    from minjing.base.clock import now as clock_now
    from minjing.base.idnumber import compose
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.identity import queries as people
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.modules.traffic.actions import bindings, registers
    from minjing.site.demo.residents import open_account

    now = clock_now()
    today, born = local_day(now), date(1985, 3, 2) + timedelta(days=n)
    number = compose("440304", born, 733)
    person = identity.ensure_person(name="林建夫", id_number=number, now=now)
    account = open_account(str(FIRST_PHONE + n), person, now)
    plate, vin = f"粤Y7{n:04d}", f"LDEMY0000Y{n:07d}"
    car = {
        "org_id": 1, "plate": plate, "plate_kind": "02", "colour": "white", "owner_person_id": person,
        "inspected_until_date": today + timedelta(days=20), "vin": vin, "brand": "示范", "model": "EV-1",
        "body": "car", "energy": "petrol", "made_date": date(2022, 1, 1), "registered_date": date(2022, 6, 1),
    }  # fmt: skip
    registers.register_vehicle(car, by=SYSTEM, now=now - timedelta(days=400))
    licence = {
        "org_id": 1, "person_id": person, "file_number": f"4477{n:08d}", "classes": "C1",
        "first_issued_date": date(2016, 3, 10), "valid_from_date": date(2022, 3, 10),
        "valid_until_date": today + timedelta(days=40),
    }  # fmt: skip
    registers.issue_licence(licence, by=SYSTEM, now=now - timedelta(days=400))
    by = people.actor_of(account, now)
    bindings.bind(plate, vin[-4:], by=by, now=now)
    bindings.bind_licence(str(licence["file_number"]), by=by, now=now)
    known = {"plate": plate, "vin": vin, "vin_tail": vin[-4:], "own_consent": True, "data_consent": True}
    return _Person(account, person, identity.token_for(account, now), known)


def _asked(people: Sequence[_Person]) -> dict[str, list[dict[str, Any]]]:
    """Return, by service, the answers of each resident, of those services that can be asked for again and again.

    Each is tried twice in a transaction that is undone: what needs papers, a visit or a star is left out, and what
    can be had once only.
    """
    from django.db import transaction

    from minjing.base.clock import now as clock_now
    from minjing.kernel.identity import queries as identity
    from minjing.kernel.matters import actions, queries

    now, first, found = clock_now(), people[0], {}
    by = identity.actor_of(first.account, now)
    with transaction.atomic():
        for body in queries.current():
            code = body.service.code
            if not code.startswith("JT"):
                continue
            try:
                with transaction.atomic():
                    said = _answers(body, first, now)
                    for _ in range(2):
                        actions.submit_whole(code, said, by=by, now=now, request_id=uuid4())
                found[code] = body
            except Exception:  # noqa: S112 - whatever it lacks, it is left out and counted
                continue
        transaction.set_rollback(True)
    return {code: [_answers(body, who, now) for who in people] for code, body in found.items()}


def _answers(body: Any, who: _Person, now: Any) -> dict[str, Any]:
    from minjing.kernel.matters import queries
    from minjing.site.demo.queues import filled

    return dict(filled(body, {**queries.prefills(body, who.person, now), **who.known}, now))


def _requests(
    people: Sequence[_Person], answers: dict[str, list[dict[str, Any]]], many: int
) -> tuple[list[bytes], list[UUID]]:
    from minjing.kernel.matters import queries

    dice, mix = Random(389), Mix([queries.service(code)[1] for code in answers])
    made, ids = [], []
    for n in range(many):
        code, who = mix.draw(dice).service.code, n % RESIDENTS
        request_id = uuid4()
        said = {"code": code, "answers": answers[code][who], "materials": {}, "request_id": str(request_id)}
        made.append(web.request("POST", "/api/matters", _bearer(people[who]), said))
        ids.append(request_id)
    return made, ids


def _kept(ids: Sequence[UUID]) -> tuple[int, str]:
    """Count the requests whose matter is whole: numbered, its events in one row, each with its entry."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.code, m.ver = count(e.seq) AND count(e.seq) = count(o.id) AND m.number <> ''"
            " FROM matters_request r JOIN matters_matter m ON m.id = r.matter_id"
            " JOIN matters_matterevent e ON e.matter_id = m.id"
            " LEFT JOIN ledger_outbox o ON o.id = e.entry_id AND o.object_id = m.id"
            " WHERE r.id = ANY(%s) AND r.seq = 1 GROUP BY r.id, m.id",
            [list(ids)],
        )
        rows = cursor.fetchall()
    classes = Counter(code[2:4] for code, whole in rows if whole)
    return sum(whole for _, whole in rows), ", ".join(f"{c}: {many:,}" for c, many in sorted(classes.items()))
