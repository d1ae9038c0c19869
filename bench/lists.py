"""Pages over HTTP with a million matters in the database, 200,000 of them open: 50 requests a second each."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from bench import load, people, web
from bench.table import Row, at_most

RATE = 50
SECONDS = 15.0
CONNECTIONS = 64


def run(say: Callable[[str], None]) -> list[Row]:
    """Ask for each page at a fixed rate, through the pages as a browser gets them."""
    import django

    django.setup()
    pages = asked()
    rows = []
    with web.served() as port:
        for name, (made, expected) in pages.items():
            warm = [made[n % len(made)] for n in range(100)]
            load.send(load.Order(port, warm, 4, 5.0, expected=expected))
            repeated = [made[n % len(made)] for n in range(int(RATE * SECONDS))]
            answers = load.send(load.Order(port, repeated, CONNECTIONS, SECONDS, RATE, expected))
            p50, p95, p99 = answers.ms(0.5), answers.ms(0.95), answers.ms(0.99)
            say(f"{name}: p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms, {len(answers.seconds)} answers")
            note = f"p50 {p50:.1f}, p99 {p99:.1f} ms at {RATE}/s"
            rows.append(at_most(f"{name}, p95 with 1,000,000 matters", p95, 50, "ms", note=note))
    return rows


def asked() -> dict[str, tuple[list[bytes], int]]:
    """Return for each page the requests of many people, and the status they get."""
    from bench.bulk import resident_accounts
    from minjing.base.clock import now as clock_now
    from minjing.kernel.matters.models import Matter

    now = clock_now()
    accounts = resident_accounts(200)
    residents = {account: people.session(account, "resident", now) for account in accounts}
    clerks = [(people.session(account, "officer", now), unit) for account, unit in people.holders("station_clerk")]
    watching = [people.session(account, "officer", now) for account, _ in people.holders("supervisor", 12)]
    lists = [web.request("GET", "/matters/", headers) for headers in residents.values()]
    queues = [web.request("GET", "/officer/", headers) for headers, _ in clerks]
    lights = [web.request("GET", "/officer/supervision/", headers) for headers in watching]
    matters, searches = [], []
    known = Matter.objects.filter(account_id__in=accounts).values_list("account_id", "number", "station_id")
    by_station: dict[int, list[str]] = {}
    for account, number, station in known:
        by_station.setdefault(station, []).append(number)
        matters.append(web.request("GET", f"/matters/{number}/", residents[account]))
    for headers, unit in clerks:
        matters += [web.request("GET", f"/officer/matters/{n}/", headers) for n in by_station.get(unit, [])]
        numbers = Matter.objects.filter(station_id=unit).values_list("number", flat=True)[:20]
        searches += [_search(headers, number) for number in numbers]
    matters = matters[::7] + matters[3::7]  # residents' and officers' by turns
    return {
        "resident's list": (lists, 200),
        "officer's queue": (queues, 200),
        "matter page": (matters, 200),
        "supervisor's lights": (lights, 200),
        "search by number": (searches, 302),
    }


def _search(headers: dict[str, str], number: str) -> bytes:
    body = urlencode({"q": number})
    sent = {**headers, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    return web.request("POST", "/officer/search/", sent) + body.encode()
