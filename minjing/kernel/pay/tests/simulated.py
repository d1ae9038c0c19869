"""A house that exists only in memory: it takes money, loses messages, answers late, repeats itself, as it is told.

The channel speaks the protocol of pay/providers; signatures are HMACs. Its books are the truth that ours are held
against. `trouble` is called before and after each call with the call's name; what it raises is what we see.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from minjing.base.clock import local_day
from minjing.kernel.pay.providers import (
    Answer,
    Attempt,
    Begun,
    Channel,
    Forged,
    NotForUs,
    NotReady,
    Refund,
    RefundTold,
    Refused,
    StatementRow,
    Told,
)

KEY, MERCHANT = b"simulated", "minjing"
Trouble = Callable[[str, str], None]


def quiet(when: str, what: str) -> None:
    """Make no trouble."""


@dataclass
class Trade:
    """One order at the house."""

    number: str
    fen: int
    expires_at: datetime
    state: str = "open"
    taken_fen: int = 0
    gateway_no: str = ""
    at: datetime | None = None
    back: dict[str, tuple[int, str, datetime]] = field(default_factory=dict)

    @property
    def told(self) -> Told:
        return Told(self.number, self.state, self.taken_fen, self.gateway_no, self.at)  # type: ignore[arg-type]


@dataclass
class House:
    """The house's books, and how it misbehaves."""

    trades: dict[str, Trade] = field(default_factory=dict)
    now: datetime | None = None
    trouble: Trouble = quiet
    refund_state: str = "done"
    seq: int = 0
    spoil: Callable[[list[StatementRow]], list[StatementRow]] = lambda rows: rows
    ready: bool = True
    calls: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Begin anew; the counter goes on, so that no two tests share a number."""
        seq = self.seq
        self.__init__()  # type: ignore[misc]
        self.seq = seq

    def at(self, now: datetime) -> None:
        """Set the house's clock."""
        self.now = now

    def pay(self, number: str, fen: int | None = None) -> Told:
        """The payer pays: money is taken if the house still takes any."""
        trade = self.trades[number]
        assert self.now is not None
        if trade.state == "open" and self.now < trade.expires_at:
            self.seq += 1
            trade.state, trade.taken_fen, trade.at = "paid", fen or trade.fen, self.now
            trade.gateway_no = f"SIM{self.seq:012d}"
        return trade.told

    def letter(self, told: Told | RefundTold, **changed: object) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a notification, signed."""
        kind = "refund" if isinstance(told, RefundTold) else "trade"
        said = {
            "kind": kind, "merchant": MERCHANT, "number": told.number, "state": told.state, "fen": told.fen,
            "gateway_no": told.gateway_no, "at": told.at.isoformat() if told.at else None, **changed,
        }  # fmt: skip
        body = json.dumps(said).encode()
        return {"X-Signature": hmac.new(KEY, body, hashlib.sha256).hexdigest()}, body

    def kept_fen(self) -> int:
        """Return what the house holds for us: taken less given back."""
        back = sum(fen for t in self.trades.values() for fen, state, _ in t.back.values() if state == "done")
        return sum(t.taken_fen for t in self.trades.values()) - back


HOUSE = House()


@dataclass(frozen=True)
class Simulated:
    """A channel of the house."""

    name: str
    house: str = "simulated"

    def begin(self, attempt: Attempt) -> Begun:
        with _Call("begin"):
            trade = HOUSE.trades.get(attempt.number)
            if trade is not None and trade.fen != attempt.fen:
                raise Refused("other_amount")
            if trade is None:
                HOUSE.trades[attempt.number] = Trade(attempt.number, attempt.fen, attempt.expires_at)
        return Begun("redirect", url=f"https://pay.example/{attempt.number}")

    def ask(self, attempt: Attempt) -> Told:
        with _Call("ask"):
            trade = HOUSE.trades.get(attempt.number)
            return trade.told if trade else Told(attempt.number, "unknown")

    def close(self, attempt: Attempt) -> Told:
        with _Call("close"):
            trade = HOUSE.trades.get(attempt.number)
            if trade is not None and trade.state == "open":
                trade.state = "closed"
            return trade.told if trade else Told(attempt.number, "unknown")

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Told | RefundTold:
        wanted = hmac.new(KEY, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, headers.get("x-signature", "")):
            raise Forged("signature")
        said = json.loads(body)
        if said["merchant"] != MERCHANT:
            raise NotForUs("merchant")
        at = datetime.fromisoformat(said["at"]) if said["at"] else None
        shape = RefundTold if said["kind"] == "refund" else Told
        return shape(said["number"], said["state"], said["fen"], said["gateway_no"], at)

    def thanks(self) -> Answer:
        return Answer(200, "text/plain", b"success")

    def sorry(self, fault: str) -> Answer:
        return Answer(400, "text/plain", b"fail")

    def refund(self, refund: Refund) -> RefundTold:
        with _Call("refund"):
            trade = HOUSE.trades[refund.attempt_number]
            if refund.number not in trade.back:
                gone = sum(fen for fen, state, _ in trade.back.values() if state != "failed")
                if gone + refund.fen > trade.taken_fen:
                    raise Refused("not_enough")
                assert HOUSE.now is not None
                trade.back[refund.number] = (refund.fen, HOUSE.refund_state, HOUSE.now)
        return self._refund_told(refund)

    def ask_refund(self, refund: Refund) -> RefundTold:
        with _Call("ask_refund"):
            trade = HOUSE.trades.get(refund.attempt_number)
            found = trade.back.get(refund.number) if trade else None
            if trade and found and found[1] == "pending":
                trade.back[refund.number] = (found[0], "done", found[2])
        return self._refund_told(refund)

    def _refund_told(self, refund: Refund) -> RefundTold:
        trade = HOUSE.trades.get(refund.attempt_number)
        if trade is None or refund.number not in trade.back:
            return RefundTold(refund.number, "unknown")
        fen, state, at = trade.back[refund.number]
        return RefundTold(refund.number, state, fen, f"R{refund.number[-8:]}", at)  # type: ignore[arg-type]

    def statement(self, day: date) -> Iterable[StatementRow]:
        if not HOUSE.ready:
            raise NotReady
        rows = [
            StatementRow("paid", t.number, t.taken_fen, t.gateway_no, t.at)
            for t in HOUSE.trades.values()
            if t.at is not None and local_day(t.at) == day
        ]
        rows += [
            StatementRow("refunded", number, fen, f"R{number[-8:]}", at, t.number)
            for t in HOUSE.trades.values()
            for number, (fen, state, at) in t.back.items()
            if state == "done" and local_day(at) == day
        ]
        yield from HOUSE.spoil(rows)


class _Call:
    """A call over the wire: trouble may come before the house has heard of it, or after it has done it."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        HOUSE.calls.append(self.what)
        HOUSE.trouble("before", self.what)

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            HOUSE.trouble("after", self.what)


def channels() -> Sequence[Channel]:
    """Return two ways of paying at the same house."""
    return [Simulated("wechat_h5"), Simulated("alipay_wap")]
