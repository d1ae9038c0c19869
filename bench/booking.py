"""Bookings a second, over many slots and on one hot slot: our one statement beside SELECT … FOR UPDATE."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bench import house
from bench.table import Row, at_least, at_most, faster, median, percentile

SECONDS = float(os.environ.get("SECONDS") or 6)
REPEATS = 3
PROCESSES, THREADS = 4, 8  # 32 clients at a time
MANY = 200  # slots that "many" are spread over
ROOM = 2_000_000_000  # minutes: the slots of this run never fill up


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure both ways in turn, three times each, over many slots and on one."""
    prepare()
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(REPEATS):
        for where in ("many", "hot"):
            for kind in ("ours", "locked"):
                rate, p99 = measured(kind, where)
                found.setdefault((kind, where), []).append((rate, p99))
                say(f"{where}, {kind}: {rate:,.0f}/s, p99 {p99:,.0f} ms")
    check()
    rows = []
    for where, words, least in (("many", f"over {MANY} slots", 500), ("hot", "on one slot", 150)):
        ours, locked = (median([rate for rate, _ in found[kind, where]]) for kind in ("ours", "locked"))
        slowest = max(p99 for _, p99 in found["ours", where])
        clients = f"{PROCESSES * THREADS} clients"
        rows += [
            at_least(f"bookings {words}", ours, least, "/s", locked, f"{clients}; peer: SELECT … FOR UPDATE"),
            at_most(f"bookings {words}, p99", slowest, 500, "ms", note=f"{clients}, the slowest of {REPEATS} runs"),
        ]
    hot = [median([rate for rate, _ in found[kind, "hot"]]) for kind in ("ours", "locked")]
    return [
        *rows,
        faster("bookings on one slot beside SELECT … FOR UPDATE", *hot, 1.0, "/s", "the same rows written"),
    ]


def prepare() -> None:
    """Make a place whose slots never fill up."""
    import django

    django.setup()
    from datetime import timedelta

    from minjing.base.clock import now
    from minjing.kernel.booking import actions, queries
    from minjing.kernel.booking.models import Place, Slot
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.kernel.identity.models import Unit

    if Place.objects.filter(code="bench").exists():
        return
    words = {"zh": "测试", "en": "bench"}
    actions.put_place(
        code="bench", unit_code=Unit.objects.filter(level="branch").order_by("id")[0].code, kind="bench", name=words,
        address=words, lon=None, lat=None, hours=[["09:00", "12:00"], ["14:00", "18:00"]], slot_min=30, counters=10,
        offers=[("passport", words, 10)], demo=True, by=SYSTEM, now=now(),
    )  # fmt: skip
    today = now().date()
    actions.open_days("bench", today + timedelta(days=1), today + timedelta(days=40), by=SYSTEM, now=now())
    Slot.objects.filter(place_id=queries.place("bench").id).update(capacity=ROOM)


def check() -> None:
    """Fail unless every slot's count is the sum of what was booked: a fast count that is wrong would be none."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM booking_slot s WHERE s.used <> coalesce((SELECT sum(p.minutes) FROM booking_part p"
            " WHERE p.slot_id = s.id), 0)"
        )
        assert cursor.fetchone()[0] == 0, "a slot is not the sum of its parts"


def measured(kind: str, where: str) -> tuple[float, float]:
    """Return bookings a second of all clients together, and the 99th percentile of one booking in ms."""
    command = [sys.executable, "-m", "bench.booking", kind, where, str(SECONDS)]
    started = [
        subprocess.Popen(
            [*command, str(n)], env=dict(os.environ), cwd=house.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]  # fmt: skip
    try:
        for client in started:
            assert client.stdout is not None
            assert client.stdout.readline().strip() == "ready"
        for client in started:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        told = [json.loads(client.stdout.readline()) for client in started if client.stdout]
    finally:
        for client in started:
            client.kill()
            client.wait()
    times = [t for one in told for t in one["times"]]
    return sum(len(one["times"]) / one["took"] for one in told), 1000 * percentile(times, 0.99)


# ---- a client -------------------------------------------------------------------------------------------


def main(kind: str, where: str, seconds: float, client: int) -> None:
    """Book for some seconds in several threads; print how long each booking took."""
    step = prepared(kind, where)
    for _ in range(20):
        step(0)
    print("ready", flush=True)
    sys.stdin.readline()
    times: list[list[float]] = [[] for _ in range(THREADS)]
    began = time.perf_counter()

    def work(thread: int) -> None:
        n = 0
        while (start := time.perf_counter()) < began + seconds:
            step(client * 1_000_003 + thread * 7919 + n)
            times[thread].append(time.perf_counter() - start)
            n += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"took": time.perf_counter() - began, "times": [t for listed in times for t in listed]}))


def prepared(kind: str, where: str) -> Callable[[int], None]:
    """Return one booking by somebody new, in one of the two ways."""
    import django

    django.setup()
    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.booking import actions, queries
    from minjing.kernel.booking.models import Slot
    from minjing.kernel.identity.actor import Actor

    place = queries.place("bench")
    starts = list(Slot.objects.filter(place_id=place.id).order_by("pk").values_list("starts_at", flat=True)[:MANY])
    starts = starts if where == "many" else starts[:1]

    def ours(n: int) -> None:
        by = Actor(new_id(), "resident", person_id=new_id(), level=2)
        actions.book("bench", ["passport"], starts[n % len(starts)], by=by, now=now(), request_id=new_id())

    return ours if kind == "ours" else locked(place, starts)


def locked(place: Any, starts: list[Any]) -> Callable[[int], None]:
    """Return the usual way: lock the slot, look whether there is room, write the same rows, commit."""
    from datetime import timedelta

    from django.db import transaction

    from minjing.base.clock import local_day, now
    from minjing.base.ids import new_id
    from minjing.kernel.booking import queries, rules, store
    from minjing.kernel.booking.models import Item, Part, Request, Slot, Visit
    from minjing.kernel.booking.words import told
    from minjing.kernel.identity.actor import Actor
    from minjing.kernel.ledger import actions as ledger
    from minjing.kernel.notify import actions as notify

    @transaction.atomic
    def step(n: int) -> None:
        at, start = now(), starts[n % len(starts)]
        by = Actor(new_id(), "resident", person_id=new_id(), level=2)
        assert not queries.missed_times(by.person_id, at)
        slot = Slot.objects.select_for_update().get(pk=rules.slot_id(place.id, start))
        if slot.used + 10 > slot.capacity:
            raise RuntimeError("full")
        slot.used += 10
        slot.save(update_fields=["used"])
        visit = Visit(
            id=new_id(), org_id=place.org_id, place_id=place.id, code=store.new_code(), kind="online", state="booked",
            services=["passport"], minutes=10, day=local_day(start), starts_at=start,
            ends_at=start + timedelta(minutes=30), account_id=by.account_id, person_id=by.person_id, created_at=at,
        )  # fmt: skip
        visit.save(force_insert=True)
        Part.objects.create(slot_id=slot.pk, visit_id=visit.pk, minutes=10)
        Item.objects.create(visit_id=visit.pk, service="passport", person_id=by.person_id, day=visit.day)
        Request.objects.create(id=new_id(), visit_id=visit.pk, act="booked", at=at)
        ledger.append(store.entry_of(visit, place, "booked", by, at, {}))
        text = told("visit_booked", place, starts_at=start, services=["passport"], code=visit.code)
        notify.announce([by.account_id], template="visit_booked", text=text, about=str(visit.pk), now=at,
                        channels=("in_app", "sms"))  # fmt: skip

    return step


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
