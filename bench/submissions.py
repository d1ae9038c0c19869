"""Submissions a second over HTTP: JSON API, token, full validation; beside a bare Django view with one INSERT."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from PIL import Image

from bench import load, web
from bench.table import Row, at_least, median

SECONDS = 6.0
REPEATS = 3
CONNECTIONS = 16
MOST = 1600  # requests made ready for each second
CODE = "HZ0601"  # moving out: one paper sent in, two held by the register
PAPER = "move_in_permit"
RESIDENTS = 11  # one of each district, about
FIRST_PHONE = 19_700_000_000
MOVES = {
    "members_along": False, "migrate_reason": "work", "destination_addr": "广东省广州市天河区示例路 12 号",
    "permit_kind": "permit", "permit_no": "粤准迁0012345",
}  # fmt: skip


class Application(NamedTuple):
    """A resident's account and token, what they answer, and the paper that they have sent in."""

    account_id: UUID
    token: str
    answers: dict[str, Any]
    paper: str


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure ours and the bare view in turn, under the same server, the generator on the same cores."""
    import django

    django.setup()
    applications = ready()
    say(f"{len(applications)} residents with a token, form of {len(applications[0].answers)} answers")
    ours, bare = [], []
    with web.served() as port, web.served("bench.peers.bare.wsgi:application") as bare_port:
        make_bare()
        load.send(order(port, requests(applications), 2.0))
        load.send(order(bare_port, bare_requests(applications), 1.0))
        for _ in range(REPEATS):
            answers = load.send(order(port, requests(applications), SECONDS))
            ours.append(answers.rate)
            bare.append(load.send(order(bare_port, bare_requests(applications), SECONDS)).rate)
            say(f"ours {ours[-1]:,.0f}/s (p95 {answers.ms(0.95):.0f} ms), bare view {bare[-1]:,.0f}/s")
    check()
    note = "peer: a bare Django view with one INSERT; generator on the same two cores"
    return [at_least("submissions over HTTP", median(ours), 1000, "/s", median(bare), note)]


def order(port: int, made: list[bytes], seconds: float) -> load.Order:
    """Return the order of a run."""
    return load.Order(port, made, CONNECTIONS, seconds, expected=201)


def ready() -> list[Application]:
    """Return residents of all districts: the token of each and what they answer."""
    from minjing.base.clock import now as clock_now
    from minjing.kernel.files import actions as files
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.identity import queries as identity_queries
    from minjing.kernel.matters import queries
    from minjing.modules.household import queries as register
    from minjing.site.demo.queues import filled
    from minjing.site.demo.residents import open_account

    now = clock_now()
    _, body = queries.service(CODE)
    stations = [unit for unit in queries.stations() if register.heads_of(unit.id)]
    made = []
    for n, unit in enumerate(stations[:: max(1, len(stations) // RESIDENTS)]):
        head = register.heads_of(unit.id)[-1]
        account = open_account(str(FIRST_PHONE + n), head, now)
        known = {
            "person_name": register.prefill(head, "name", now),
            "person_id": register.prefill(head, "id_number", now),
            "office": unit.code,
        }
        said = {**queries.prefills(body, head, now), **MOVES, **known}
        by = identity_queries.actor_of(account, now)
        paper = files.store(picture(n), by=by, owner_person=head, name="permit.png", now=now)
        token = identity.token_for(account, now)
        made.append(Application(account, token, filled(body, said, now), str(paper.id)))
    return made


def requests(applications: list[Application]) -> list[bytes]:
    """Return submissions, each with a request id of its own, the residents taking turns."""
    return [
        web.request("POST", "/api/matters", {"Authorization": f"Bearer {who.token}"}, _body(who))
        for who in (applications[n % len(applications)] for n in range(int(MOST * SECONDS)))
    ]


def _body(who: Application) -> dict[str, Any]:
    materials = {PAPER: [who.paper]}
    return {"code": CODE, "answers": who.answers, "materials": materials, "request_id": str(uuid4())}


def picture(shade: int) -> bytes:
    """Return a small picture of a paper."""
    made = BytesIO()
    Image.new("L", (60, 40), 100 + shade).save(made, "PNG")
    return made.getvalue()


def bare_requests(applications: list[Application]) -> list[bytes]:
    """Return the same bodies for the bare view; it takes more of them in the same time."""
    bodies = [web.request("POST", "/keep", {}, _body(who)) for who in applications]
    return [bodies[n % len(bodies)] for n in range(int(4 * MOST * SECONDS))]


def make_bare() -> None:
    """Make the table of the bare view."""
    from django.db import connection

    from bench.peers.bare.urls import CREATE

    with connection.cursor() as cursor:
        cursor.execute(CREATE)


def check() -> None:
    """See that what was submitted is whole: number, event, ledger entry, request and notice for each matter."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT (m.org_id, m.number)), count(e.seq), count(r.id), count(o.id)"
            " FROM matters_matter m LEFT JOIN matters_matterevent e ON e.matter_id = m.id AND e.seq = 1"
            " LEFT JOIN matters_request r ON r.matter_id = m.id LEFT JOIN ledger_outbox o ON o.id = e.entry_id"
            " WHERE m.code = %s AND m.ver = 1 AND m.submitted_at > now() - interval '10 minutes'",
            [CODE],
        )
        counted = cursor.fetchone()
    assert counted[0] > 0
    assert len(set(counted)) == 1, counted
