"""The outside of pay: what a payment channel must be able to do, and the values that pass between it and the domain.

A channel speaks one way of paying (`wechat_jsapi`); a *house* is the merchant account behind it (`wechat`): its
channels share keys, statement and the meaning of a number. Channels are stateless translators: they know neither our
tables nor our orders, sign and verify, and say what the gateway said. What follows from it the domain decides.

A provider module (`wechat`, `alipay`, `unionpay`) has `channels() -> Sequence[Channel]`, built from the settings;
`settings.PAY_PROVIDERS` names the modules. Nothing here imports Django; money is integer fen, instants
are aware (UTC).

Three words for trouble, and the difference between them is money:
- `Refused`: the gateway has certainly not done it and never will as asked. Final for this call.
- `Unavailable`: we do not know. No answer, a timeout, a 5xx, an answer whose signature does not verify, "busy".
  The domain asks again; it never concludes from this that nothing happened.
- `Forged` / `NotForUs`: a notification that nobody should believe; the domain records it and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to pay, as the gateway is to see it. The same attempt may be begun again: that must be harmless."""

    number: str  # ours: 8 to 32 characters of [0-9A-Za-z], unique for ever; out_trade_no, orderId
    fen: int
    description: str  # Chinese, at most 40 characters, no personal data: 普通护照工本费
    begun_at: datetime  # never changes for a number: UnionPay's txnTime is made of it (Asia/Shanghai, seconds)
    expires_at: datetime  # after it the gateway must take no money: time_expire, timeout_express, payTimeout
    notify_url: str  # where the gateway tells the outcome: BASE_URL/pay/notify/<channel>
    return_url: str  # where the payer's browser comes back to; coming back proves nothing
    gateway_no: str = ""  # the gateway's own number once it is known: transaction_id, trade_no, queryId
    payer: str = ""  # JSAPI: the payer's openid
    payer_ip: str = ""  # H5: the address the payer's browser has


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the payer.

    `redirect`: open `url`. `form`: POST `fields` to `url` (UnionPay; Alipay if it prefers). `qr`: show `text` as a QR
    code. `jsapi`: give `fields` (appId, timeStamp, nonceStr, package, signType, paySign) to the WeChat browser; `url`
    may then name a page that does the same without script (the local gateway has one; the real one has not).
    """

    kind: Literal["redirect", "form", "qr", "jsapi"]
    url: str = ""
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What the gateway says of one attempt.

    `paid`: money was taken; `fen`, `gateway_no` and `at` are what the *gateway* says, never what we asked.
    `open`: it waits for the payer, or the payer is paying. `closed`: certain that no money can be taken any more.
    `unknown`: the gateway knows no such number (yet). Money returned since does not make a trade unpaid: WeChat's
    `REFUND` and Alipay's `TRADE_FINISHED` are `paid`; a closed trade without a payment is `closed`.
    """

    number: str
    state: Literal["paid", "open", "closed", "unknown"]
    fen: int = 0
    gateway_no: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back of one payment. The same number again is the same refund: it must not pay twice."""

    number: str  # ours: 8 to 32 characters of [0-9A-Za-z]; out_refund_no, out_request_no, orderId of the refund
    fen: int
    attempt_number: str
    attempt_fen: int  # the whole payment, which WeChat wants beside the part
    gateway_no: str  # of the payment: UnionPay's origQryId
    begun_at: datetime
    reason: str = ""  # Chinese, at most 40 characters
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class RefundTold:
    """What the gateway says of one refund.

    `done`: the money has gone back. `pending`: accepted, on its way. `failed`: certain that it has not gone back and
    will not (closed, abnormal account). `unknown`: the gateway knows no such refund number (yet).
    """

    number: str
    state: Literal["done", "pending", "failed", "unknown"]
    fen: int = 0
    gateway_no: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer to a notification, as the real gateway expects it."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One row of a house's daily bill. `number` is ours: of the attempt for `paid`, of the refund for `refunded`."""

    kind: Literal["paid", "refunded"]
    number: str
    fen: int  # always positive
    gateway_no: str
    at: datetime
    attempt_number: str = ""  # for `refunded`: the payment it belongs to, where the bill says so
    charge_fen: int = 0  # what the house keeps for itself


class Refused(Exception):
    """The gateway has certainly not done it and never will as asked; `fault` is its code."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Unavailable(Exception):
    """Nobody knows whether it was done; ask again, after `wait` if the gateway names it."""

    def __init__(self, fault: str, wait: timedelta | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.wait = wait


class NotReady(Exception):
    """The statement of that day is not out yet."""


class Forged(Exception):
    """The notification's signature, age or form does not hold; `fault` says which, in one word."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class NotForUs(Exception):
    """Validly signed, but for another merchant or another app; `fault` says which."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Channel(Protocol):
    """One way of paying, over the wire."""

    @property
    def name(self) -> str:
        """wechat_jsapi, wechat_h5, wechat_native, alipay_wap, alipay_page, unionpay."""

    @property
    def house(self) -> str:
        """wechat, alipay, unionpay: whose statement lists the payments of this channel."""

    def begin(self, attempt: Attempt) -> Begun:
        """Make the order known to the gateway where it needs that, and say where to send the payer.

        May be called again for the same attempt. Raises Refused, Unavailable.
        """

    def ask(self, attempt: Attempt) -> Told:
        """Return what the gateway says of the attempt. Raises Unavailable."""

    def close(self, attempt: Attempt) -> Told:
        """Have the gateway take no more money for the attempt, and return what it says of it afterwards.

        `closed` only when that is certain; `paid` when the payer was faster; for a gateway that cannot close
        (UnionPay), what `ask` says, with `open` or `unknown` turned into `closed` once `expires_at` and the
        gateway's own allowance have passed by the gateway's answer. Raises Unavailable.
        """

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Told | RefundTold:
        """Verify and read a notification. `headers` are case-insensitive by lower-case names; `body` is as received.

        Raises Forged, NotForUs. Replays within the allowed age are not its business: the domain is idempotent.
        """

    def thanks(self) -> Answer:
        """Return the answer that makes the gateway stop repeating: taken, or taken before."""

    def sorry(self, fault: str) -> Answer:
        """Return the answer to what is not believed or cannot be taken now; the gateway may repeat."""

    def refund(self, refund: Refund) -> RefundTold:
        """Ask for money to be given back. Raises Refused, Unavailable."""

    def ask_refund(self, refund: Refund) -> RefundTold:
        """Return what the gateway says of the refund. Raises Unavailable."""

    def statement(self, day: date) -> Iterable[StatementRow]:
        """Yield the rows of the house's bill of that day (Asia/Shanghai), streamed; its totals are verified.

        Raises NotReady, Unavailable; ValueError for a file whose hash, form or totals do not hold.
        """


class Provider(Protocol):
    """A provider module."""

    def channels(self) -> Sequence[Channel]:
        """Return the channels of the house as the settings have them; none where it is not configured."""
