"""Alipay as a house: paying in a phone's browser (wap) and on a desktop page (page)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from minjing.kernel.pay.providers import (
    Answer,
    Attempt,
    Begun,
    Channel,
    Forged,
    NotForUs,
    Refund,
    RefundTold,
    Refused,
    StatementRow,
    Told,
    Unavailable,
    bills,
    wire,
)
from minjing.kernel.pay.providers.alipay_wire import App, Complaint, Wire, form
from minjing.kernel.pay.providers.rsa2 import private_key, public_key

PRODUCTS = {"wap": "QUICK_WAP_WAY", "page": "FAST_INSTANT_TRADE_PAY"}
STATES: Mapping[str, Any] = {
    "WAIT_BUYER_PAY": "open", "TRADE_CLOSED": "closed", "TRADE_SUCCESS": "paid", "TRADE_FINISHED": "paid",
}  # fmt: skip
AGE_MAX = timedelta(hours=26)  # a notification is repeated for 25 hours, each time with the time of its sending
GONE = "ACQ.TRADE_NOT_EXIST"


class AlipayChannel:
    """One way of paying at Alipay."""

    house = "alipay"

    def __init__(self, kind: str, own_wire: Wire) -> None:
        """`kind` is wap or page."""
        self.name = f"alipay_{kind}"
        self._kind, self._wire = kind, own_wire

    def begin(self, attempt: Attempt) -> Begun:
        """Say where to send the payer; Alipay hears of the order when the payer gets there."""
        biz = {
            "out_trade_no": attempt.number, "total_amount": yuan(attempt.fen), "subject": attempt.description[:128],
            "product_code": PRODUCTS[self._kind], "time_expire": _china(attempt.expires_at),
        }  # fmt: skip
        if self._kind == "wap":
            biz["quit_url"] = attempt.return_url
        method = f"alipay.trade.{self._kind}.pay"
        url = self._wire.page(method, biz, notify_url=attempt.notify_url, return_url=attempt.return_url)
        return Begun("redirect", url=url)

    def ask(self, attempt: Attempt) -> Told:
        """Return what Alipay says of the attempt. Raises Unavailable."""
        return self._asked(attempt)[0]

    def close(self, attempt: Attempt) -> Told:
        """Close the trade, then ask: the payer may have been faster. Raises Unavailable.

        Without a payer at the cashier there is no trade to close, and whoever holds the address may still begin one:
        only past the order's end is that certain.
        """
        with suppress(Refused):  # paid, closed before, or never begun: asking tells which
            self._wire.call("alipay.trade.close", {"out_trade_no": attempt.number})
        told, theirs = self._asked(attempt)
        return wire.ended(told, wire.is_over(attempt, self._wire.clock(), theirs))

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Told | RefundTold:
        """Verify and read; a notice of a refund says that the trade was paid. Raises Forged, NotForUs."""
        try:
            fields = form(body)
        except ValueError:
            raise Forged("form") from None
        if not self._wire.is_signed(fields):
            raise Forged("signature")
        if fields.get("app_id") != self._wire.app.app_id:
            raise NotForUs("app")
        if fields.get("seller_id") != self._wire.app.seller_id:
            raise NotForUs("seller")
        try:
            if abs(self._wire.clock() - bills.china(fields["notify_time"])) > AGE_MAX:
                raise Forged("expired")
            return self._told(fields, fields.get("gmt_payment", ""))
        except (KeyError, ValueError):
            raise Forged("form") from None

    def thanks(self) -> Answer:
        """Return the seven letters that end the repeating."""
        return Answer(200, "text/plain", b"success")

    def sorry(self, fault: str) -> Answer:
        """Return what lets Alipay repeat."""
        return Answer(200, "text/plain", b"failure")

    def refund(self, refund: Refund) -> RefundTold:
        """Ask for money to be given back. Raises Refused, Unavailable."""
        biz = {
            "out_trade_no": refund.attempt_number, "out_request_no": refund.number, "refund_amount": yuan(refund.fen),
            **({"refund_reason": refund.reason[:128]} if refund.reason else {}),
        }  # fmt: skip
        answer = self._wire.call("alipay.trade.refund", biz)
        if answer.said.get("out_trade_no") != refund.attempt_number:
            raise Unavailable("another_refund")
        # N: this call moved nothing, because an earlier one did or because the bank is still at it.
        told = self.ask_refund(refund)
        if told.state == "unknown":
            told = RefundTold(refund.number, "pending", refund.fen, str(answer.said.get("trade_no", "")))
        if answer.said.get("fund_change") == "Y":
            return RefundTold(refund.number, "done", refund.fen, told.gateway_no, told.at)
        return told

    def ask_refund(self, refund: Refund) -> RefundTold:
        """Return what Alipay says of the refund. Raises Unavailable."""
        biz = {
            "out_trade_no": refund.attempt_number, "out_request_no": refund.number,
            "query_options": ["gmt_refund_pay"],
        }  # fmt: skip
        try:
            said = self._wire.call("alipay.trade.fastpay.refund.query", biz).said
        except Refused as refused:
            if refused.fault == GONE:
                return RefundTold(refund.number, "unknown")
            raise Unavailable(refused.fault) from None
        if "refund_amount" not in said:
            return RefundTold(refund.number, "unknown")
        if said.get("out_request_no") != refund.number:
            raise Unavailable("another_refund")
        state: Any = "done" if said.get("refund_status") == "REFUND_SUCCESS" else "pending"
        at = bills.china(str(said["gmt_refund_pay"])) if said.get("gmt_refund_pay") else None
        try:
            return RefundTold(refund.number, state, bills.fen(str(said["refund_amount"])), str(said["trade_no"]), at)
        except (KeyError, ValueError):
            raise Unavailable("unreadable") from None

    def statement(self, day: date) -> Iterator[StatementRow]:
        """Yield the rows of the day's bill, once its totals hold. Raises NotReady, Unavailable, ValueError."""
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            bill = self._wire.call(method, {"bill_type": "trade", "bill_date": day.isoformat()}).said
        except (Refused, Unavailable) as fault:
            if fault.fault.lower().replace("-", "_").endswith("bill_not_exist"):
                yield from wire.no_bill(day, self._wire.clock())
                return
            raise Unavailable(fault.fault) from None
        url = str(bill.get("bill_download_url", ""))
        if not url.startswith("https://") and not wire.is_local(url):
            raise ValueError("The bill lies at an address without TLS.")
        with self._wire.download(url) as file:
            yield from bills.twice(file, bills.alipay)

    def _asked(self, attempt: Attempt) -> tuple[Told, datetime | None]:
        try:
            answer = self._wire.call("alipay.trade.query", {"out_trade_no": attempt.number})
        except Complaint as complaint:
            if complaint.fault == GONE:
                return Told(attempt.number, "unknown"), complaint.at
            raise Unavailable(complaint.fault) from None
        try:
            told = self._told(answer.said, answer.said.get("send_pay_date", ""))
        except (KeyError, TypeError, ValueError):
            raise Unavailable("unreadable") from None
        if told.number != attempt.number:
            raise Unavailable("another_order")
        return told, answer.at

    def _told(self, said: Mapping[str, Any], paid_at: str) -> Told:
        """A trade that was paid and wholly given back is called TRADE_CLOSED too: it bears the time it was paid."""
        state, number = STATES[said["trade_status"]], str(said["out_trade_no"])
        if state == "paid" or (state == "closed" and paid_at):
            at = bills.china(paid_at).astimezone(UTC)
            return Told(number, "paid", bills.fen(str(said["total_amount"])), str(said["trade_no"]), at)
        return Told(number, state)


def channels() -> Sequence[Channel]:
    """Return Alipay's channels as the settings have them; none where no application is named."""
    one = open_wire()
    return [AlipayChannel(kind, one) for kind in PRODUCTS] if one else ()


def open_wire() -> Wire | None:
    """Return the wire of the application that the settings name, if they name one."""
    from django.conf import settings

    if not settings.ALIPAY_APP_ID or wire.unprepared(settings.ALIPAY_DIR):
        return None
    return _wire(settings.ALIPAY_URL, settings.ALIPAY_APP_ID, settings.ALIPAY_SELLER_ID, settings.ALIPAY_DIR)


def application(url: str, app_id: str, seller_id: str, folder: Path) -> App:
    """Return the application whose keys lie in the folder: merchant_key.pem (ours), alipay_public.pem (theirs)."""
    own, theirs = private_key(folder / "merchant_key.pem"), public_key(folder / "alipay_public.pem")
    return App(url, app_id, seller_id, own, theirs)


@cache
def _wire(url: str, app_id: str, seller_id: str, folder: Path) -> Wire:
    return Wire(application(url, app_id, seller_id, folder))


def yuan(fen: int) -> str:
    """Return fen as Alipay writes money."""
    return f"{fen // 100}.{fen % 100:02d}"


def _china(at: datetime) -> str:
    return f"{at.astimezone(wire.CHINA):%Y-%m-%d %H:%M:%S}"
