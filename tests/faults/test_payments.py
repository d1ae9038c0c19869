"""Payments by the thousand, over real HTTP, through everything that goes wrong; the books balance to the fen.

The three gateways are processes of their own that lose, repeat, delay and reorder their notifications, name wrong
amounts, take other amounts than were asked, lose answers, refuse cards, take money after they said that the order is
closed, fail refunds, are down, and are killed (-9) while payers pay. Our own process dies at any place around a call
(an exception that nothing catches rolls its transaction back, as a death does). PAYMENTS=10000 is the long run.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.db.models import F, Sum

from minjing.base.ids import new_id
from minjing.kernel.pay import channels as known
from minjing.kernel.pay import plugs
from minjing.kernel.pay.actions import attempts, orders, refunds, statements, upkeep
from minjing.kernel.pay.actions.notifications import take_notification
from minjing.kernel.pay.errors import ChannelSilent, PayError
from minjing.kernel.pay.models import Attempt, Capture, Difference, Order, Refund, Statement
from minjing.kernel.pay.providers import Begun
from minjing.kernel.pay.providers.tests import conftest as gateways
from minjing.kernel.pay.rules.amounts import Item
from minjing.kernel.pay.tests.conftest import BASIS, City, make_city
from tests.ports import free_port

pytestmark = pytest.mark.django_db(transaction=True)
PAYMENTS = int(os.environ.get("PAYMENTS") or 40)
PAYERS = 6
PATIENCE = 15  # seconds, and presses
KILLS = max(2, PAYMENTS // 1000)
SEED = int(os.environ.get("PAYMENTS_SEED") or 20261127)
OUR_DEATHS = 0.01  # of our calls to a gateway, before or after it
LATER = timedelta(hours=2)
REPORT = Path(os.environ.get("PAYMENTS_REPORT") or os.devnull)
TROUBLES: dict[str, tuple[float, float]] = {  # name → share, value
    "lose_notice": (0.10, 1), "repeat_notice": (0.10, 2), "reorder_notice": (0.30, 1.5), "delay_notice": (0.05, 1),
    "forge_notice": (0.03, 1), "wrong_fen": (0.02, 100), "capture_fen": (0.01, 7), "lose_answer": (0.03, 1),
    "down": (0.02, 502), "refuse_payment": (0.05, 1), "capture_late": (0.20, 0.3), "pending_refund": (0.20, 0.5),
    "fail_refund": (0.02, 1),
}  # fmt: skip


class Died(BaseException):
    """Our process died here."""


class Gateways:
    """The three gateways as one process that is killed and started again where it was."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port(3)
        self.all = {
            name: gateways.Gateway(name, f"http://127.0.0.1:{self.port + n}", folder / name)
            for n, name in enumerate(gateways.HOUSES)
        }
        self.calm = False
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        pairs = [f"{name}={self.port + n}" for n, name in enumerate(self.all)]
        program = [sys.executable, "-m", "minjing.kernel.pay.providers.standin", str(self.folder), *pairs]
        process = subprocess.Popen(
            program, env={**os.environ, "STANDIN_TIME_SCALE": "0.02"}, stdout=subprocess.DEVNULL
        )
        for gateway in self.all.values():
            gateways.wait_for(lambda g=gateway: gateways._answers(g.url), process, 20)
            if not self.calm:
                for name, (share, value) in TROUBLES.items():
                    gateway.tell(trouble=name, times=-1, share=share, value=value, seed=SEED)
        return process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)
        self.process = self._started()

    def settle_down(self) -> None:
        self.calm = True
        for gateway in self.all.values():
            gateway.tell(calm=True)


@pytest.fixture
def houses(keys: Path, tmp_path: Path) -> Iterator[Gateways]:
    shutil.copytree(keys, tmp_path / "outside")
    running = Gateways(tmp_path / "outside")
    yield running
    running.process.kill()
    running.process.wait(5)


keys = gateways.keys  # a fixture of theirs: the keys, made once


@pytest.fixture
def city(houses: Gateways, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    built = {name: gateways.channel(name, houses.all) for name in gateways.CHANNELS}
    monkeypatch.setattr(known, "_built", lambda modules: built)
    kept = (list(plugs.SETTLED), list(plugs.EXPIRED))
    plugs.SETTLED.clear()
    plugs.EXPIRED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Ear)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PAY_NOTIFY_URL = settings.BASE_URL = f"http://127.0.0.1:{server.server_port}"
    yield make_city()
    server.shutdown()
    server.server_close()
    plugs.SETTLED[:], plugs.EXPIRED[:] = kept


class Ear(BaseHTTPRequestHandler):
    """Takes notifications as the view does, and sometimes dies over one."""

    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        channel = self.path.rsplit("/", 1)[1]
        try:
            said = take_notification(channel, dict(self.headers), body, address=self.client_address[0], now=now())
            if DICE.random() < OUR_DEATHS:
                return  # it is in the books, but the gateway never hears so
            self.send_response(said.status)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)
        except Exception as fault:
            SEEN[f"ear: {type(fault).__name__}"] += 1
            with contextlib.suppress(OSError):
                self.send_error(500)
        finally:
            connection.close()

    def log_message(self, *args: Any) -> None:
        pass


DICE = random.Random(SEED)
SEEN: Counter[str] = Counter()
AHEAD = [timedelta(0)]


def now() -> datetime:
    return datetime.now(UTC) + AHEAD[0]


def dying(channel: Any) -> None:
    """Let our process die around some of its calls to this channel."""
    for name in ("begin", "ask", "close", "refund", "ask_refund"):
        call = getattr(channel, name)

        def around(asked: Any, call: Any = call) -> Any:
            dice = DICE.random()
            if dice < OUR_DEATHS / 2:
                raise Died
            answer = call(asked)
            if dice > 1 - OUR_DEATHS / 2:
                raise Died
            return answer

        setattr(channel, name, around)


def one_payer(city: City, houses: Gateways, n: int) -> None:
    """Owe a fee and try to pay it, once or twice, with all the patience and impatience that people have."""
    dice = random.Random(SEED + n)
    item = Item("fee", {"zh": "证件工本费", "en": "Document fee"}, dice.randrange(1, 50_000), BASIS)
    at = now()
    order = orders.open_order(
        subject=new_id(), subject_number=f"CR{n:011d}", title={"zh": "证件换发", "en": "Renewal"},
        account_id=city.lin.account_id, person_id=city.lin.person_id, org_id=0, unit_id=city.unit.id, items=[item],
        waivers=[], by=city.lin, now=at, expires_at=at + timedelta(hours=1),
    )  # fmt: skip
    browser = gateways.Browser()
    begun = [began(city, order, dice) for _ in range(1 + (dice.random() < 0.15))]  # some try two ways, and pay both
    for house, where in filter(None, begun):
        if dice.random() < 0.12:
            continue  # looks at the page and goes away
        for _ in range(1 + (dice.random() < 0.3)):
            press(browser, where, houses.all[house], "fail" if dice.random() < 0.1 else "pay")
    if dice.random() < 0.08:  # the applicant thinks better of it; what was paid goes back
        with contextlib.suppress(Died, PayError):
            refunds.refund_all(order.subject_id, by=city.lin, now=now())
    browser.http.close()
    connection.close()


def began(city: City, order: Order, dice: random.Random) -> tuple[str, Begun] | None:
    """Begin an attempt, with the patience to press again while the gateway is away."""
    name = dice.choice(gateways.CHANNELS)
    for _ in range(PATIENCE):
        try:
            attempt = attempts.begin(
                order.id, name, by=city.lin, now=now(), key=str(new_id()), payer="oLin", payer_ip="192.0.2.7"
            )
            return name.partition("_")[0], Begun(**attempt.begun)
        except ChannelSilent:
            time.sleep(1)
        except (Died, PayError):
            return None
    return None


def press(browser: gateways.Browser, where: Begun, gateway: gateways.Gateway, act: str) -> None:
    """Press a button at the cashier, with the same patience."""
    for _ in range(PATIENCE):
        try:
            browser.press(browser.open(where, gateway), act)
        except httpx.HTTPError:
            time.sleep(1)
        except AssertionError:
            return  # there is no such button any more
        else:
            return


def in_threads(what: Any, things: Any) -> None:
    def guarded(thing: Any) -> None:
        try:
            what(thing)
        except Died:
            SEEN["we died"] += 1
        except Exception as fault:
            SEEN[f"{what.__name__}: {type(fault).__name__}: {str(fault)[:90]}"] += 1
        finally:
            connection.close()

    with ThreadPoolExecutor(PAYERS) as pool:
        list(pool.map(guarded, things))


def ask_all() -> int:
    """Ask about everything that is not over, as the jobs do, each at its time; return how much is left."""
    at = now()
    Attempt.objects.filter(next_at__isnull=False).update(next_at=at)
    Refund.objects.filter(next_at__isnull=False).update(next_at=at)
    in_threads(
        lambda id: attempts.ask(id, now=at),
        list(Attempt.objects.filter(next_at__isnull=False).values_list("id", flat=True)),
    )
    in_threads(
        lambda id: refunds.send(id, now=at),
        list(Refund.objects.filter(next_at__isnull=False).values_list("id", flat=True)),
    )
    upkeep.sweep(at)
    return (
        Attempt.objects.filter(next_at__isnull=False).count() + Refund.objects.filter(next_at__isnull=False).count()
    )


def test_whatever_happens_the_books_balance_to_the_fen(city: City, houses: Gateways) -> None:
    SEEN.clear()
    AHEAD[0] = timedelta(0)
    began = time.monotonic()
    for channel in known._built(()).values():
        dying(channel)
    pay_everything(city, houses)
    paying_s = time.monotonic() - began
    houses.settle_down()
    until_nothing_is_left(houses)
    compare(houses)
    assert Capture.objects.count() > PAYMENTS // 2, SEEN
    assert set(Capture.objects.values_list("house", flat=True)) == set(gateways.HOUSES), SEEN
    read_the_bills(houses)
    REPORT.write_text(
        f"{PAYMENTS} orders, {Capture.objects.count()} payments, {Refund.objects.count()} refunds; {paying_s:.0f} s "
        f"of paying, {time.monotonic() - began:.0f} s in all; {KILLS} kills; seed {SEED}; {dict(SEEN)}\n"
    )


def pay_everything(city: City, houses: Gateways) -> None:
    """Let everybody pay while the gateways are killed and questions are asked."""
    part = PAYMENTS // KILLS
    for turn in range(KILLS):
        payers = range(turn * part, PAYMENTS if turn == KILLS - 1 else (turn + 1) * part)
        killer = threading.Timer(0.5 + turn % 3, houses.kill)
        killer.start()
        in_threads(lambda n: one_payer(city, houses, n), payers)
        killer.join()
        ask_all()


def until_nothing_is_left(houses: Gateways) -> None:
    """Wait two hours (by everybody's clock): every attempt ends, every refund is certain."""
    ask_all()
    wait_until(houses, LATER)
    for _ in range(12):
        for gateway in houses.all.values():
            gateway.tell(hurry=True)
        left = ask_all()
        # Only a refund that Alipay accepted and then let fail stays open: it says "pending" for ever.
        stuck = Refund.objects.filter(next_at__isnull=False, house="alipay", number__in=failed_at(houses, "alipay"))
        if left == stuck.count():
            break
    else:
        some = list(Attempt.objects.filter(next_at__isnull=False).values("number", "state", "fault")[:5])
        pytest.fail(f"{left} attempts and refunds are not certain: {some}; {SEEN}")
    assert not [name for name in SEEN if "IntegrityError" in name or "AssertionError" in name], SEEN


def wait_until(houses: Gateways, later: timedelta) -> None:
    """Let time pass, by everybody's clock."""
    AHEAD[0] = later
    for gateway in houses.all.values():
        gateway.tell(clock_s=later.total_seconds())
    for channel in known._built(()).values():
        channel._wire.clock = now


def failed_at(houses: Gateways, name: str) -> list[str]:
    return [r["no"] for r in houses.all[name].state()["refunds"] if r["state"] == "failed"]


def compare(houses: Gateways) -> None:
    """Compare our books with what the gateways know, row by row and in sum."""
    for name, gateway in houses.all.items():
        truth = gateway.state()
        theirs = {t["no"]: (t["paid_fen"], t["gateway_no"]) for t in truth["trades"] if t["state"] == "paid"}
        ours = {
            number: (fen, gateway_no)
            for number, fen, gateway_no in Capture.objects.filter(house=name).values_list(
                "attempt__number", "fen", "gateway_no"
            )
        }
        assert ours == theirs, (name, SEED, set(ours.items()) ^ set(theirs.items()))
        back = {r["no"]: r["fen"] for r in truth["refunds"] if r["state"] == "done"}
        given = dict(Refund.objects.filter(house=name, state="done").values_list("number", "fen"))
        assert given == back, (name, SEED)
        failed = set(failed_at(houses, name))
        mine = set(Refund.objects.filter(house=name).exclude(state="done").values_list("number", flat=True))
        assert mine == failed, (name, SEED)
    for order in Order.objects.all():
        taken = Capture.objects.filter(order=order).aggregate(fen=Sum("fen"))["fen"] or 0
        back = Refund.objects.filter(order=order, state="done").aggregate(fen=Sum("fen"))["fen"] or 0
        stuck = Refund.objects.filter(order=order).exclude(state="done").aggregate(fen=Sum("fen"))["fen"] or 0
        kept = taken - back - stuck
        assert kept == (order.due_fen if order.state == "settled" else 0), (order.bill_no, order.state, SEED)
    assert not Order.objects.filter(state="open").exists()
    assert not Capture.objects.filter(refunding_fen__gt=F("fen")).exists()


def read_the_bills(houses: Gateways) -> None:
    """Read each house's bills with a row too many, a row too few and a wrong amount: just these are found."""
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    wait_until(houses, timedelta(days=3))
    for name, gateway in houses.all.items():
        rows = [Statement.objects.create(house=name, day=day, next_at=now()) for day in days]
        for row in rows:
            assert statements.read(row.id, now=now()) == "read"
        of_bills = Difference.objects.filter(house=name, state="open", kind__in=[
            "ours_only", "theirs_only", "amount", "duplicate", "refund_ours_only", "refund_theirs_only",
            "refund_amount", "refund_duplicate", "bad_file",
        ])  # fmt: skip
        # Across midnight the refund of a day may stand in the next bill; by now all three are read.
        assert not of_bills.exists(), list(of_bills.values("kind", "number", "our_fen", "their_fen"))
        full = next(r for r in sorted(rows, key=lambda r: -Statement.objects.get(id=r.id).lines))
        for trouble, kind in (("extra_bill_row", "theirs_only"), ("wrong_bill_fen", "amount")):
            gateway.tell(trouble=trouble)
            statements.read(full.id, now=now())
            found = list(of_bills.values_list("kind", flat=True))
            assert found == [kind], (name, trouble, found)
            statements.read(full.id, now=now())
            of_bills.update(state="closed", reason="house_error", closed_at=now(), closed_by=new_id())
