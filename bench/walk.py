"""Phones that walk the pages of exit and entry: each fills in what a page asks, follows where it leads, and pays.

`python -m bench.walk` reads an order from standard input and writes what came back. One thread, raw sockets, no
browser: the phones share two cores with the house. Requests are due at fixed instants, a hundred a second over all
phones; the time of an answer runs from the instant its request was due, so that a stall cannot hide itself.
"""

from __future__ import annotations

import pickle
import random
import re
import selectors
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

from bench import load, web

CODE = "EX0008"  # the endorsement renewed online: 36 kinds, a fee, delivery
ANSWERS = {
    "endorsement_kind": "HK-G-1Y1", "on_record_list": "no", "delivery_mode": "cabinet",
    "contact_phone": "19600000000",
}  # fmt: skip
SEED = 20170701
MOST_HOPS = 40  # pages of one walk; more would be a circle
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Order:
    """Where the house is, whose phones walk (the headers of each session), how fast and how long."""

    port: int
    people: Sequence[Mapping[str, str]]
    phones: int
    rate: float
    seconds: float


@dataclass
class Walked:
    """What came back: seconds by page, walks that came to the paid receipt, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    whole: int = 0
    begun: int = 0
    broken: list[str] = field(default_factory=list)
    took_s: float = 0.0


@dataclass(frozen=True)
class Ask:
    """A request; `page` is the name it is counted under, empty for one that is not our house's."""

    page: str
    port: int
    raw: bytes


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    where: str  # where it leads, or where it was found in the end
    text: str


Walk = Generator[Ask, Page, None]


class Strayed(Exception):
    """A page did not lead where it should."""


def walk(port: int, headers: Mapping[str, str]) -> Walk:
    """Walk from the front page over the guide, the application and the fee to the receipt and one's matter."""

    def get(page: str, path: str) -> Generator[Ask, Page, Page]:
        answer = yield Ask(page, port, web.request("GET", path, headers))
        if answer.status == 302 and "/sign-in/" not in answer.where:
            return (yield from get(page, path_of(answer.where)))
        if answer.status != 200:
            raise Strayed(f"{page} {path}: {answer.status}")
        return Page(200, path, answer.text)

    def post(page: str, path: str, form: Sequence[tuple[str, str]]) -> Generator[Ask, Page, str]:
        answer = yield Ask(page, port, _posted(path, headers, form))
        if answer.status != 302:
            raise Strayed(f"{page} {path}: {answer.status} {complaints(answer.text)}")
        return path_of(answer.where)

    yield from get("front page", "/")
    yield from get("find", f"/find/?q={quote('港澳签注')}")
    yield from get("guide", f"/open/services/{CODE}/")
    yield from get("my documents", "/me/documents/")
    yield from get("begin", f"/apply/{CODE}/")
    where = yield from post("begin", f"/apply/{CODE}/", [])
    for _ in range(MOST_HOPS):
        if "/drafts/" not in where:
            break
        name = "check" if where.endswith("/check/") else "form"
        shown = yield from get(f"{name}, shown", where)
        where = yield from post(f"{name}, sent", shown.where, filled(shown.text))
    shown = yield from get("submitted", where)
    pay = re.search(r'href="(/pay/[0-9a-f-]{36}/)"', shown.text) if not where.startswith("/pay/") else None
    order = pay[1] if pay else where
    shown = yield from get("fee", order)
    way = [*filled(shown.text), ("channel", "wechat_h5")]
    where = yield from post("fee, begun", f"{order}begin/", way)
    shown = yield from get("to the cashier", where)
    yield from at_the_cashier(unescape(shown.text.split('http-equiv="refresh" content="0;url=')[1].split('"', 1)[0]))
    yield from get("fee, paid", order)
    yield from get("my fees", "/pay/")
    yield from get("my documents", "/me/documents/")
    yield from get("my matters", "/matters/")
    yield from get("messages", "/messages/")


def at_the_cashier(address: str) -> Walk:
    """Pay at the gateway's own page, which is not ours and whose times do not count."""
    port = urlsplit(address).port or 0
    shown = yield Ask("", port, web.request("GET", path_of(address), {}))
    while shown.status in (302, 303):
        address = shown.where
        shown = yield Ask("", port, web.request("GET", path_of(address), {}))
    done = yield Ask("", port, _posted(path_of(address), {}, [("act", "pay")]))
    if done.status != 303:
        raise Strayed(f"cashier {done.status}")


def path_of(where: str) -> str:
    """Return path and query of an address."""
    parts = urlsplit(where)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _posted(path: str, headers: Mapping[str, str], form: Sequence[tuple[str, str]]) -> bytes:
    body = urlencode(form).encode()
    sent = {**headers, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    return web.request("POST", path, sent) + body


FORM = re.compile(r'<form[^>]*method="post"[^>]*>.*?</form>', re.S)
FIELD = re.compile(r"<(input|select|textarea|option)\b([^>]*)>([^<]*)")
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')


def filled(text: str) -> list[tuple[str, str]]:
    """Return what the page's own form would send: what stands in it already, and our choices where it asks."""
    forms = [form for form in FORM.findall(text) if "/language/" not in form and "sign-out" not in form]
    if not forms:
        return []
    found: list[tuple[str, str]] = []
    asked: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    selecting = ""
    for tag, attributes, said in FIELD.findall(max(forms, key=len)):
        has = {name: unescape(value) for name, value in ATTRIBUTE.findall(attributes)}
        name, value, kind = has.get("name", ""), has.get("value", ""), has.get("type", "text")
        if tag == "select":
            selecting = name
        elif tag == "option" or kind in ("radio", "checkbox"):
            name = selecting if tag == "option" else name
            asked.setdefault(name, []).append(value if tag == "option" else value or "on")
            if "selected" in has or "checked" in has:
                chosen[name] = asked[name][-1]
        elif tag == "textarea":
            found.append((name, unescape(said).strip()))
        elif name and kind not in ("submit", "file"):
            found.append((name, value or ANSWERS.get(name, "")))
    for name, options in asked.items():
        ours = ANSWERS.get(name, "")
        if ours in options or (name not in chosen and options != ["on"]):
            chosen[name] = ours if ours in options else next(option for option in options if option)
    return [*found, *chosen.items()]


def complaints(text: str) -> str:
    """Return what a page says is wrong with what was sent."""
    said = re.findall(r'class="(?:error|wrong)[^"]*"[^>]*>(.*?)</', text, re.S)
    return "; ".join(re.sub(r"<[^>]+>|\s+", " ", one).strip() for one in said)[:300]


class Phone:
    """One phone: the walk it is on, its connection to the house, and one to the cashier while it is there."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.line = self._own = load.Line(port)
        self._selector = selector
        selector.register(self.line.socket, selectors.EVENT_READ, self)
        self.walk: Walk | None = None
        self.next: Ask | None = None
        self.asked: Ask | None = None

    def ask(self, since: float) -> None:
        """Send what comes next; its time runs from `since`."""
        assert self.next is not None
        self.asked, self.next = self.next, None
        if not self.asked.page:
            self.line = load.Line(self.asked.port)
            self._selector.register(self.line.socket, selectors.EVENT_READ, self)
        self.line.ask(self.asked.raw, since)

    def answered(self) -> Page | None:
        """Return the answer once it is whole."""
        answer = self.line.read()
        if answer is None:
            return None
        where = re.search(r"^location: (\S+)", self.line.head, re.I | re.M)
        if self.line is not self._own:
            self._selector.unregister(self.line.socket)
            self.line.socket.close()
            self.line = self._own
        return Page(answer[0], where[1] if where else "", answer[1].decode())


def carry_out(order: Order) -> Walked:
    """Let the phones walk until the time is over; a walk that is done begins anew as somebody else."""
    found, people = Walked(), iter(order.people)
    selector = selectors.DefaultSelector()
    phones = [Phone(order.port, selector) for _ in range(order.phones)]
    ready = [phone for phone in phones if _begin(phone, order.port, people, found)]
    chance = random.Random(SEED)
    due: deque[float] = deque()
    began, sent, busy = time.perf_counter(), 0, 0
    total = int(order.seconds * order.rate)
    while (now := time.perf_counter()) < began + order.seconds + PATIENCE_S:
        while sent + len(due) < total and began + (sent + len(due)) / order.rate <= now:
            due.append(began + (sent + len(due)) / order.rate)
        while due and ready:
            # Whoever it is: people do not press in turn, and so soon no two are at the same page.
            ready.pop(chance.randrange(len(ready))).ask(due.popleft())
            sent, busy = sent + 1, busy + 1
        if not busy and (sent >= total or not ready):
            break
        pause = began + (sent + len(due)) / order.rate - time.perf_counter()
        for key, _ in selector.select(max(0.0, pause) if sent < total else 1.0):
            phone: Phone = key.data
            since, page = phone.line.since, phone.answered()
            if page is None or phone.asked is None:
                continue
            busy -= 1
            if phone.asked.page:
                found.seconds.setdefault(phone.asked.page, []).append(time.perf_counter() - since)
            if not (_step(phone, page, found) or _begin(phone, order.port, people, found)):
                continue
            if phone.next is not None and not phone.next.page:  # the gateway's page is none of the hundred a second
                phone.ask(time.perf_counter())
                busy += 1
            else:
                ready.append(phone)
    found.took_s = time.perf_counter() - began
    unanswered = [PATIENCE_S] * (busy + len(due))
    if unanswered:
        found.seconds["never answered"] = unanswered
    return found


def _begin(phone: Phone, port: int, people: Iterator[Mapping[str, str]], found: Walked) -> bool:
    headers = next(people, None)
    if headers is None:
        return False
    phone.walk = walk(port, headers)
    phone.next = next(phone.walk)
    found.begun += 1
    return True


def _step(phone: Phone, page: Page, found: Walked) -> bool:
    """Take the next step; False when the walk is over."""
    assert phone.walk is not None
    try:
        phone.next = phone.walk.send(page)
    except StopIteration:
        found.whole += 1
        return False
    except (Strayed, LookupError) as strayed:
        found.broken.append(repr(strayed))
        return False
    return True


if __name__ == "__main__":
    from bench import walk as itself  # so that what is pickled has the module's name, not __main__

    sys.stdout.buffer.write(pickle.dumps(itself.carry_out(pickle.load(sys.stdin.buffer))))  # noqa: S301
