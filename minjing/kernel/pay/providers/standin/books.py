"""What a local gateway knows of money: trades, refunds and notices, in memory and in an append-only file.

A line is written before anything is confirmed to anybody. The write has reached the system when `keep` returns, so a
gateway that is killed (-9) has lost nothing it confirmed; a half-written last line is one that was never confirmed.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Trade:
    """One order at the gateway. `open` → `paid` or `closed`; a refused card leaves it open, as in the real world."""

    no: str  # the merchant's number
    gateway_no: str
    kind: str  # JSAPI, MWEB, NATIVE, wap, page, gateway
    subject: str
    fen: int
    notify_url: str
    return_url: str
    token: str  # names the trade in addresses that the payer's browser sees
    made_at: float  # seconds since 1970, as all times here
    expires_at: float
    more: dict[str, str] = field(default_factory=dict)  # what only this protocol has
    state: str = "open"
    paid_fen: int = 0
    paid_at: float = 0.0
    closed_at: float = 0.0
    fault: str = ""  # why the last try of the payer failed


@dataclass
class Refund:
    """Money on its way back: `pending` → `done` or `failed`."""

    no: str  # the merchant's number of the refund
    gateway_no: str
    trade_no: str
    fen: int
    reason: str
    notify_url: str
    made_at: float
    more: dict[str, str] = field(default_factory=dict)
    state: str = "pending"
    done_at: float = 0.0


@dataclass
class Notice:
    """Something the merchant is to be told until it says that it knows."""

    id: str
    what: str  # paid, refund
    about: str  # the number of the trade or of the refund
    url: str
    tries: int = 0
    next_at: float = 0.0
    state: str = "due"  # due, taken, given_up


class Books:
    """All of it. Take `lock` around what must not be seen half done."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.notices: dict[str, Notice] = {}
        self._tokens: dict[str, str] = {}
        self._count = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            self._read(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(self, thing: Trade | Refund | Notice) -> None:
        """Write down how the thing is now, in the file first."""
        line = json.dumps({"is": type(thing).__name__, **asdict(thing)}, ensure_ascii=False, separators=(",", ":"))
        with self.lock:
            os.write(self._file, line.encode() + b"\n")
            self._remember(thing)

    def trade_of(self, token: str) -> Trade | None:
        """Return the trade that an address of the cashier names."""
        return self.trades.get(self._tokens.get(token, ""))

    def refunds_of(self, trade_no: str) -> list[Refund]:
        """Return the refunds of a trade that have not failed, oldest first."""
        with self.lock:
            return [r for r in self.refunds.values() if r.trade_no == trade_no and r.state != "failed"]

    def next_number(self) -> int:
        """Return a number that no trade, refund or notice of these books has been given yet."""
        with self.lock:
            self._count += 1
            return self._count

    def paid_between(self, since: float, until: float) -> Iterator[Trade]:
        """Yield the trades paid in [since, until)."""
        with self.lock:
            everything = list(self.trades.values())
        yield from (t for t in everything if t.state == "paid" and since <= t.paid_at < until)

    def refunded_between(self, since: float, until: float) -> Iterator[Refund]:
        """Yield the refunds finished in [since, until)."""
        with self.lock:
            everything = list(self.refunds.values())
        yield from (r for r in everything if r.state == "done" and since <= r.done_at < until)

    def refunds_asked_between(self, since: float, until: float) -> Iterator[Refund]:
        """Yield the refunds asked for in [since, until), whatever has become of them."""
        with self.lock:
            everything = list(self.refunds.values())
        yield from (r for r in everything if since <= r.made_at < until)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _remember(self, thing: Trade | Refund | Notice) -> None:
        if isinstance(thing, Trade):
            self.trades[thing.no] = thing
            self._tokens[thing.token] = thing.no
        elif isinstance(thing, Refund):
            self.refunds[thing.no] = thing
        else:
            self.notices[thing.id] = thing

    def _read(self, path: Path) -> None:
        kinds: dict[str, Any] = {"Trade": Trade, "Refund": Refund, "Notice": Notice}
        whole = path.read_bytes()
        for line in whole.split(b"\n"):
            self._count += 1
            try:
                said = json.loads(line)
                self._remember(kinds[said.pop("is")](**said))
            except (ValueError, KeyError, TypeError):
                continue  # the half line of a killed gateway
        if whole and not whole.endswith(b"\n"):  # what comes next must not be glued to the half line
            with path.open("ab") as handle:
                handle.write(b"\n")
