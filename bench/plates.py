"""Plate numbers picked under load, none given twice: our one conditional statement beside SELECT … FOR UPDATE.

Everybody has fifty numbers offered and goes for the three most popular of them first, so that many want the same
number at once; then for any other.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bench import house
from bench.table import Row, at_least, faster, median

PEOPLE, REPEATS = 1_600, 3
PROCESSES, THREADS = 4, 4
KIND = "99"  # a kind of its own


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure both ways in turn; fail when a number was given twice or somebody got none."""
    found: dict[str, list[float]] = {"ours": [], "locked": []}
    for _ in range(REPEATS):
        for kind, rates in found.items():
            prepare()
            rates.append(measured(kind))
            check()
            say(f"{kind}: {rates[-1]:,.0f} picks/s")
    ours, locked = median(found["ours"]), median(found["locked"])
    clients = f"{PROCESSES * THREADS} clients, {PEOPLE:,} people, popular ones tried first; none given twice"
    return [
        at_least("plate numbers picked", ours, 300, "/s", locked, f"{clients}; peer: SELECT … FOR UPDATE"),
        faster("plate numbers picked beside SELECT … FOR UPDATE", ours, locked, 1.0, "/s", "the same rows written"),
    ]


def prepare() -> None:
    """Make a fresh pool and draw for everybody."""
    import django

    django.setup()
    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.modules.traffic.actions import plate_numbers
    from minjing.modules.traffic.models import PlateNumber, PlateOffer

    PlateOffer.objects.filter(plate_kind=KIND).delete()
    PlateNumber.objects.filter(plate_kind=KIND).delete()
    plate_numbers.open_pool([f"粤Y{n:05d}" for n in range(PEOPLE * 2)], KIND, by=SYSTEM, now=now())
    for _ in range(PEOPLE):
        plate_numbers.draw(new_id(), KIND, by=SYSTEM, now=now())


def check() -> None:
    """Fail unless everybody holds one number: a fast pick that is wrong would be none."""
    from minjing.modules.traffic.models import PlateNumber

    held = list(PlateNumber.objects.filter(plate_kind=KIND, state="held").values_list("holder_person_id", flat=True))
    assert len(held) == len(set(held)) == PEOPLE, f"{len(held)} numbers are held by {len(set(held))} of {PEOPLE}"


def measured(kind: str) -> float:
    """Return picks a second of all clients together."""
    command = [sys.executable, "-m", "bench.plates", kind]
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
        began = time.perf_counter()
        for client in started:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        told = [json.loads(client.stdout.readline()) for client in started if client.stdout]
        took = time.perf_counter() - began
    finally:
        for client in started:
            client.kill()
            client.wait()
    return sum(one["picks"] for one in told) / took


# ---- a client -------------------------------------------------------------------------------------------


def main(kind: str, client: int) -> None:
    """Pick for this client's share of the people in several threads; print how many numbers were had."""
    pick, offers = prepared(kind, client)
    print("ready", flush=True)
    sys.stdin.readline()
    had = [0] * THREADS

    def work(thread: int) -> None:
        for offer in offers[thread::THREADS]:
            had[thread] += any(pick(offer, plate) for plate in wished(offer.plates))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"picks": sum(had)}), flush=True)


def wished(plates: list[str]) -> list[str]:
    """Return the numbers in the order somebody tries them."""
    popular = sorted(plates)[:3]
    rest = [plate for plate in plates if plate not in popular]
    random.shuffle(rest)
    return popular + rest


def prepared(kind: str, client: int) -> tuple[Callable[[Any, str], bool], list[Any]]:
    """Return one way of picking, and this client's offers."""
    import django

    django.setup()
    from django.db import transaction

    from minjing.base.clock import now
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.kernel.ledger import actions as ledger
    from minjing.modules.traffic import events
    from minjing.modules.traffic.actions import plate_numbers
    from minjing.modules.traffic.models import PlateNumber, PlateOffer

    def ours(offer: Any, plate: str) -> bool:
        try:
            plate_numbers.pick(offer.pk, plate, KIND, offer.person_id, by=SYSTEM, now=now())
        except plate_numbers.NotFree:
            return False
        return True

    @transaction.atomic
    def locked(offer: Any, plate: str) -> bool:
        at = now()
        row = PlateNumber.objects.select_for_update().get(plate=plate, plate_kind=KIND)
        found = PlateOffer.objects.get(pk=offer.pk)
        if row.state != PlateNumber.FREE or plate not in found.plates or found.expires_at < at:
            return False
        before = PlateNumber.objects.select_for_update().filter(holder_person_id=offer.person_id, state="held")
        before.update(state="free", holder_person_id=None, held_at=None, held_until_at=None)
        row.state, row.holder_person_id = PlateNumber.HELD, offer.person_id
        row.held_at, row.held_until_at = at, at + plate_numbers.KEPT_FOR
        row.save()
        said = {"offer": offer.pk, "kind_of": KIND, "until": row.held_until_at, "by": SYSTEM.account_id}
        ledger.append(ledger.entry(events.PLATE_KEPT, said, at=at, subject_id=offer.person_id))
        return True

    offers = list(PlateOffer.objects.filter(plate_kind=KIND).order_by("pk"))[client::PROCESSES]
    return (ours if kind == "ours" else locked), offers


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
