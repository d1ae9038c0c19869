"""The exit-entry journey on 200 phones at once, with 100,000 users in the house: a hundred pages a second.

The whole house runs as `minjing up` starts it (two web workers, worker, sequencer, witnesses, the stand-ins of the
world outside with WeChat Pay among them), on the same two cores as the phones. Each walk is a user of its own: front
page, search, guide, documents, the form of an endorsement page by page, check, submission, fee, the cashier's address
(asked of the gateway over HTTP), visits, matters, messages. Pictures and styles, which a phone keeps, are not asked
for again; signing in is done beforehand, since one address may not ask for thousands of codes.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from bench import house, people
from bench.table import Row, at_least, at_most, percentile
from bench.walk import Order as WalkOrder
from bench.walk import Walked
from minjing.site import processes
from tests.ports import free_port

USERS = int(os.environ.get("USERS") or 100_000)
PHONES, RATE = 200, 100
SECONDS = float(os.environ.get("SECONDS") or 60)
WALKERS = 1500  # sessions made ready; a walk is about twenty pages
WARM_S = 10.0
SETTLES_S = 120.0
FIRST_PHONE = 19_600_000_000
SPARE_PORTS = 17  # of the house beside that of its pages


def run(say: Callable[[str], None]) -> list[Row]:
    """Make the users, start the house, let the phones walk, and look at each page's times."""
    place = own_place()
    try:
        ready = users(say)
        return measured(ready, say)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def own_place() -> Path:
    """Give the house a folder of its own with the city's keys: its log begins with this run, its witnesses too."""
    place = Path(tempfile.mkdtemp(prefix="phones-", dir=house.DATA_DIR))
    shutil.copytree(house.DATA_DIR / "keys", place / "keys", ignore=shutil.ignore_patterns("policy.txt"))
    os.environ["DATA_DIR"] = str(place)
    return place


def measured(ready: Sequence[Mapping[str, str]], say: Callable[[str], None]) -> list[Row]:
    """Start the house, let the phones walk, and return what they found."""
    half = len(ready) // 4
    with whole_house() as port:
        walked(WalkOrder(port, ready[:half], 40, 30, WARM_S))
        say(f"the phones begin: {PHONES}, {RATE} pages a second, {SECONDS:.0f} s")
        found = walked(WalkOrder(port, ready[half:], PHONES, RATE, SECONDS))
        paid = receipts_once_told(found.whole)
    for page, seconds in sorted(found.seconds.items(), key=lambda item: -percentile(item[1], 0.95)):
        say(f"{page:18} {len(seconds):5}  p50 {ms(seconds, 0.5):6.1f}  p95 {ms(seconds, 0.95):6.1f} ms")
    say(f"{found.whole} walks whole, {paid} fees paid")
    if paid < found.whole:
        raise RuntimeError("somebody walked to the end and their fee is not paid")
    if found.broken:
        raise RuntimeError(f"{len(found.broken)} walks strayed: {found.broken[:3]}")
    every = [second for seconds in found.seconds.values() for second in seconds]
    slowest = max((ms(seconds, 0.95), page) for page, seconds in found.seconds.items() if len(seconds) > 50)
    note = (
        f"{USERS:,} users; {len(every):,} pages at {len(every) / found.took_s:.0f}/s, {found.whole} walks whole; "
        f"p50 {ms(every, 0.5):.1f}, p99 {ms(every, 0.99):.0f} ms; slowest page {slowest[1]}: p95 {slowest[0]:.0f} ms"
    )
    return [
        at_most("a page of the exit-entry journey, 200 phones, p95", ms(every, 0.95), 100, "ms", note=note),
        at_least("pages served on the journey", len(every) / found.took_s, 0.95 * RATE, "/s"),
    ]


def receipts() -> int:
    """Return how many fees the house has taken for paid."""
    from minjing.kernel.pay.models import Order

    return Order.objects.filter(state="settled").count()


def receipts_once_told(awaited: int) -> int:
    """Return how many fees are taken for paid once as many are as awaited: a gateway tells of them when it can."""
    deadline = time.monotonic() + SETTLES_S
    while (paid := receipts()) < awaited and time.monotonic() < deadline:
        time.sleep(1)
    return paid


def ms(seconds: list[float], part: float) -> float:
    """Return the milliseconds within which `part` of the answers came."""
    return 1000 * percentile(seconds, part)


def walked(order: WalkOrder) -> Walked:
    """Let phones walk, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.walk"], input=pickle.dumps(order), capture_output=True, cwd=house.ROOT,
        timeout=order.seconds + 120, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    found: Walked = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    return found


def is_well(port: int) -> bool:
    """Say whether each part of the house is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def whole_house() -> Iterator[int]:
    """Run `minjing up` on this benchmark's database; yield the port of its pages."""
    port = free_port(SPARE_PORTS)
    command = [sys.executable, "-m", "minjing.site.cli", "up"]
    parent = subprocess.Popen(
        command, env={**os.environ, "PORT": str(port)}, cwd=house.ROOT, stdout=subprocess.DEVNULL
    )
    try:
        processes.wait_until_served(port)
        deadline = time.monotonic() + SETTLES_S
        while not is_well(port):  # the log has a hundred thousand new people to take in first
            assert time.monotonic() < deadline, "the house did not come to rest"
            time.sleep(1)
        yield port
    finally:
        parent.send_signal(signal.SIGINT)
        parent.wait(60)


def users(say: Callable[[str], None]) -> list[Mapping[str, str]]:
    """Make the users with accounts, checks of level 3 and travel documents; return the sessions of the walkers.

    Walkers are heads of households of the demo city: an endorsement online is for whoever is registered here.
    """
    import django

    django.setup()
    from minjing.base.clock import now as clock_now
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.modules.exit_entry.actions.take_over import Stocked, take_over
    from minjing.modules.exit_entry.models import Document
    from minjing.modules.household import queries as register

    now = clock_now()
    have = set(Document.objects.filter(kind="hk_macao").values_list("person_id", flat=True))
    heads = [(person, org) for person, _, org in register.heads_with_birth(4 * WALKERS) if person not in have]
    walkers = dict(heads[:WALKERS])
    everybody = {**walkers, **{person: 1 + n % 11 for n, person in enumerate(strangers(USERS - len(walkers), now))}}
    say(f"{len(everybody):,} people known")
    accounts = with_accounts(list(everybody), now, reachable=len(walkers))
    issued = now.date() - timedelta(days=1200)
    endorsed = [("HK-G-1Y1", "hongkong", now.date() - timedelta(days=360))]
    stock = [Stocked(person, org, "hk_macao", issued, 10, endorsed=endorsed) for person, org in everybody.items()]
    take_over(stock, {}, by=SYSTEM, now=now)
    say(f"{len(accounts):,} accounts with travel documents, {len(walkers):,} walkers")
    return [people.session(account, "resident", now) for account in accounts[: len(walkers)]]


def strangers(count: int, now: datetime) -> list[UUID]:
    """Make people known who are registered elsewhere."""
    from minjing.base import idnumber
    from minjing.kernel.identity import actions as identity

    born = (now - timedelta(days=13_000)).date()
    numbers = [idnumber.compose("430105", born + timedelta(days=n // 900), 1 + n % 900) for n in range(count)]
    names = [f"行{chr(0x4E00 + n % 5000)}{chr(0x5200 + n // 5000)}" for n in range(count)]
    return identity.ensure_people_bulk(list(zip(names, numbers, strict=True)), now=now)


def with_accounts(persons: Sequence[UUID], now: datetime, *, reachable: int) -> list[UUID]:
    """Give each an account and a check at the counter, and the first ones a phone that can be texted; in order."""
    from minjing.base.ids import new_id
    from minjing.kernel.identity import sealing
    from minjing.kernel.identity.models import Account, Evidence, PersonKey
    from minjing.kernel.identity.queries import PHONE

    accounts, keys = [], []
    for n, person in enumerate(persons):
        account = Account(
            id=new_id(), kind=Account.RESIDENT, person_id=person, level=2, created_at=now,
            phone_index=sealing.blind_index("phone", str(FIRST_PHONE + n)),
        )  # fmt: skip
        if n < reachable:
            keys.append(PersonKey(owner_id=account.id, wrapped=sealing.new_key(account.id), created_at=now))
            account.phone_sealed = sealing.seal(account.id, PHONE, str(FIRST_PHONE + n))
        account.login = str(account.id)
        account.set_unusable_password()
        accounts.append(account)
    Account.objects.bulk_create(accounts, batch_size=5_000)
    PersonKey.objects.bulk_create(keys)
    checks = [
        Evidence(
            account_id=account.id, person_id=account.person_id, level=3, method=Evidence.COUNTER, taken_at=now,
            until=now + timedelta(days=365),
        )
        for account in accounts
    ]  # fmt: skip
    Evidence.objects.bulk_create(checks, batch_size=5_000)
    return [account.id for account in accounts]
