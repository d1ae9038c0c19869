"""Writes under the protocol of OpenCRVS's performance test: a million records, a thousand users, a steady rate.

Their writes are declaring and registering an event. Ours: residents submit and withdraw, officers claim and put
back, all through the JSON API. A thousand users with a pause of 25 seconds between two writes make 40 a second.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, zip_longest
from uuid import uuid4

from bench import load, people, submissions, web
from bench.table import Row, at_most

USERS = 1000
PAUSE_S = 25
SECONDS = 30.0
LIMITS = {0.50: 100, 0.95: 300, 0.99: 500}  # milliseconds; theirs


def run(say: Callable[[str], None]) -> list[Row]:
    """Write at a steady rate and see how long each write takes."""
    import django

    django.setup()
    rate = USERS / PAUSE_S
    steps, submitted = actions(int(rate * SECONDS)), submissions.requests(submissions.ready())
    say(f"{len(steps)} steps in open matters and as many submissions ready")
    rows = []
    with web.served() as port:
        load.send(load.Order(port, submitted[:60], 4, 5.0, expected=201))
        for name, made, expected in (("submissions", submitted[60:], 201), ("steps", steps, 200)):
            answers = load.send(load.Order(port, made, 64, SECONDS / 2, rate, expected))
            say(f"{name}: " + ", ".join(f"p{100 * part:.0f} {answers.ms(part):.0f} ms" for part in LIMITS))
            note = f"{len(answers.seconds)} answers, none failed, {rate:.0f}/s"
            rows += [
                at_most(f"{name} with 1,000,000 matters, p{100 * part:.0f}", answers.ms(part), most, "ms", note=note)
                for part, most in LIMITS.items()
            ]
    return rows


def actions(count: int) -> list[bytes]:
    """Return steps in matters of their own: officers claim what waits, residents withdraw what they asked for."""
    from bench.bulk import resident_accounts
    from minjing.base.clock import now as clock_now
    from minjing.kernel.identity import actions as identity
    from minjing.kernel.matters.models import Matter

    now = clock_now()
    waiting = Matter.objects.filter(state="submitted", closed_at=None, paused_since=None)
    own_accounts = resident_accounts(USERS)  # they withdraw; officers claim what others asked for
    claims, withdrawals = [], []
    clerks = people.holders("station_clerk", 200)
    each = count // len(clerks) + 2
    for account, unit in clerks:
        token = identity.token_for(account, now)
        free = (
            waiting.filter(station_id=unit, claimed_by=None).exclude(account_id__in=own_accounts).order_by("due_at")
        )
        claims += [_step(token, "claim", *row) for row in free.values_list("id", "ver")[:each]]
    tokens = {account: identity.token_for(account, now) for account in own_accounts}
    own = waiting.filter(account_id__in=tokens).values_list("account_id", "id", "ver")
    withdrawals = [_step(tokens[account], "withdraw", matter, ver) for account, matter, ver in own]
    turns = chain.from_iterable(zip_longest(claims, withdrawals))
    return [made for made in turns if made is not None][:count]


def _step(token: str, action: str, matter: object, ver: int) -> bytes:
    body = {"ver": ver, "request_id": str(uuid4())}
    return web.request("POST", f"/api/matters/{matter}/actions/{action}", {"Authorization": f"Bearer {token}"}, body)
