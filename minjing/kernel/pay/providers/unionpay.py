"""UnionPay as a house: the payer's browser posts a signed form to the gateway's cashier (手机 WAP 支付, 网关支付)."""

import base64
import binascii
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import IO

from cryptography import x509

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
from minjing.kernel.pay.providers.unionpay_wire import Answered, Merchant, Wire, form, key_file

DONE = {"00", "A6"}
UNDER_WAY = {"03", "04", "05"}
BUSY = {"02", "06", "37"}
UNKNOWN, TWICE, NO_FILE = "34", "12", "98"
FRONT, BACK, QUERY = (f"/gateway/api/{n}.do" for n in ("frontTransReq", "backTransReq", "queryTrans"))


class UnionPayChannel:
    """The one way of paying at UnionPay."""

    name = "unionpay"
    house = "unionpay"

    def __init__(self, own_wire: Wire) -> None:
        self._wire = own_wire

    def begin(self, attempt: Attempt) -> Begun:
        """Return the form for the payer's browser; UnionPay hears of the order when it is posted."""
        fields = {
            "bizType": "000201", "txnType": "01", "txnSubType": "01", "channelType": "08", "currencyCode": "156",
            "orderId": attempt.number, "txnTime": stamp(attempt.begun_at), "txnAmt": str(attempt.fen),
            "payTimeout": stamp(attempt.expires_at), "frontUrl": attempt.return_url, "backUrl": attempt.notify_url,
            "orderDesc": attempt.description[:32],
        }  # fmt: skip
        return Begun("form", url=self._wire.merchant.url + FRONT, fields=self._wire.signed(fields))

    def ask(self, attempt: Attempt) -> Told:
        """Return what UnionPay says of the attempt. Raises Unavailable."""
        return self._told(attempt, self._query(attempt.number, attempt.begun_at))

    def close(self, attempt: Attempt) -> Told:
        """UnionPay closes no order: ask, and past its end by both clocks call it closed. Raises Unavailable."""
        answer = self._query(attempt.number, attempt.begun_at)
        return wire.ended(self._told(attempt, answer), wire.is_over(attempt, self._wire.clock(), answer.at))

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Told | RefundTold:
        """Verify and read. Raises Forged, NotForUs."""
        try:
            said = form(body)
        except ValueError:
            raise Forged("form") from None
        self._wire.verify(said)
        if said.get("merId") != self._wire.merchant.number:
            raise NotForUs("merchant")
        try:
            is_done, number = said["respCode"] in DONE, said["orderId"]
            if said["txnType"] == "04":
                fen, at = int(said["txnAmt"]), when(said)
                return RefundTold(number, "done" if is_done else "pending", fen, said["queryId"], at)
            if said["txnType"] != "01":
                raise Forged("event")
            return self._paid(number, said) if is_done else Told(number, "open")
        except (KeyError, ValueError):
            raise Forged("form") from None

    def thanks(self) -> Answer:
        """Return what ends the repeating: any 200."""
        return Answer(200, "text/plain", b"ok")

    def sorry(self, fault: str) -> Answer:
        """Return what lets UnionPay repeat."""
        return Answer(500, "text/plain", b"fail")

    def refund(self, refund: Refund) -> RefundTold:
        """Ask for money to be given back (退货); the outcome comes later. Raises Refused, Unavailable."""
        fields = {
            "bizType": "000201", "txnType": "04", "txnSubType": "00", "channelType": "07", "currencyCode": "156",
            "orderId": refund.number, "txnTime": stamp(refund.begun_at), "txnAmt": str(refund.fen),
            "origQryId": refund.gateway_no, "backUrl": refund.notify_url,
        }  # fmt: skip
        said = self._wire.call(self._wire.merchant.url + BACK, fields).said
        code = said.get("respCode", "")
        if code in DONE or code in UNDER_WAY:
            return RefundTold(refund.number, "pending", refund.fen, said.get("queryId", ""))
        if code == TWICE:
            return self.ask_refund(refund)
        if code in BUSY or not code:
            raise Unavailable(f"code_{code}")
        raise Refused(f"code_{code}")

    def ask_refund(self, refund: Refund) -> RefundTold:
        """Return what UnionPay says of the refund. Raises Unavailable."""
        said = self._query(refund.number, refund.begun_at).said
        code = said.get("origRespCode", "")
        if said["respCode"] == UNKNOWN:
            return RefundTold(refund.number, "unknown")
        if code in UNDER_WAY:
            return RefundTold(refund.number, "pending", refund.fen, said.get("queryId", ""))
        if code not in DONE:
            return RefundTold(refund.number, "failed", 0, said.get("queryId", ""))
        try:
            return RefundTold(refund.number, "done", int(said["txnAmt"]), said["queryId"], when(said))
        except (KeyError, ValueError):
            raise Unavailable("unreadable") from None

    def statement(self, day: date) -> Iterator[StatementRow]:
        """Yield the rows of the day of settlement, which runs from 23:00 to 23:00. Its file states no totals.

        Raises NotReady, Unavailable; ValueError for a file that is not whole or another merchant's.
        """
        fields = {
            "bizType": "000000", "txnType": "76", "txnSubType": "01", "fileType": "00", "settleDate": f"{day:%m%d}",
            "txnTime": stamp(self._wire.clock()),
        }  # fmt: skip
        said = self._wire.call(self._wire.merchant.file_url, fields).said
        if said.get("respCode") == NO_FILE:
            yield from wire.no_bill(day, self._wire.clock())
            return
        if said.get("respCode") not in DONE:
            raise Unavailable(f"code_{said.get('respCode')}")
        number = self._wire.merchant.number
        if f"{day:%Y%m%d}" not in said.get("fileName", ""):
            raise ValueError("The file is another day's.")
        with tempfile.TemporaryFile() as file:
            _unpack(said.get("fileContent", ""), file)
            yield from bills.twice(file, lambda f: bills.unionpay(f, day, number))

    def _query(self, number: str, begun_at: datetime) -> Answered:
        fields = {
            "bizType": "000201", "txnType": "00", "txnSubType": "00", "orderId": number, "txnTime": stamp(begun_at),
        }  # fmt: skip
        answer = self._wire.call(self._wire.merchant.url + QUERY, fields)
        if answer.said.get("respCode") not in DONE | {UNKNOWN}:
            raise Unavailable(f"code_{answer.said.get('respCode')}")
        if answer.said.get("orderId", number) != number:
            raise Unavailable("another_order")
        return answer

    def _told(self, attempt: Attempt, answer: Answered) -> Told:
        """A card that was refused leaves the order open: the payer may try another until its end."""
        if answer.said["respCode"] == UNKNOWN:
            return Told(attempt.number, "unknown")
        if answer.said.get("origRespCode") not in DONE:
            return Told(attempt.number, "open")
        try:
            return self._paid(attempt.number, answer.said)
        except (KeyError, ValueError):
            raise Unavailable("unreadable") from None

    def _paid(self, number: str, said: Mapping[str, str]) -> Told:
        if said["currencyCode"] != "156":
            raise ValueError("The payment is not in yuan.")
        return Told(number, "paid", int(said["txnAmt"]), said["queryId"], when(said))


def channels() -> Sequence[Channel]:
    """Return UnionPay's channel as the settings have it; none where no merchant is named."""
    from django.conf import settings

    if not settings.UNIONPAY_MERCHANT or wire.unprepared(settings.UNIONPAY_DIR):
        return ()
    urls = (settings.UNIONPAY_URL, settings.UNIONPAY_FILE_URL)
    folder, password = settings.UNIONPAY_DIR, settings.UNIONPAY_PFX_PASSWORD
    return [UnionPayChannel(_wire(*urls, settings.UNIONPAY_MERCHANT, folder, password))]


def merchant(url: str, file_url: str, number: str, folder: Path, password: str) -> Merchant:
    """Return the merchant whose files lie in the folder: merchant.pfx (ours), root.pem and middle.pem (theirs)."""
    key, cert_id = key_file(folder / "merchant.pfx", password)
    root, middle = (x509.load_pem_x509_certificate((folder / n).read_bytes()) for n in ("root.pem", "middle.pem"))
    return Merchant(url.rstrip("/"), file_url, number, cert_id, key, root, middle)


@cache
def _wire(url: str, file_url: str, number: str, folder: Path, password: str) -> Wire:
    return Wire(merchant(url, file_url, number, folder, password))


def stamp(at: datetime) -> str:
    """Return an instant as UnionPay writes it: Beijing time to the second."""
    return f"{at.astimezone(wire.CHINA):%Y%m%d%H%M%S}"


def when(said: Mapping[str, str]) -> datetime:
    """Return the instant of a transaction: traceTime has no year, txnTime has ours. Raises KeyError, ValueError."""
    sent, trace = said["txnTime"], said["traceTime"]
    year = int(sent[:4]) + (1 if sent[4:6] == "12" and trace[:2] == "01" else 0)
    return datetime.strptime(f"{year}{trace}", "%Y%m%d%H%M%S").replace(tzinfo=wire.CHINA).astimezone(UTC)


def _unpack(content: str, file: IO[bytes]) -> None:
    """Unpack fileContent (deflated, then base64) onto disk, piece by piece. Raises ValueError."""
    inflate, size = zlib.decompressobj(), 0
    try:
        for start in range(0, len(content), 65_536):
            piece = inflate.decompress(base64.b64decode(content[start : start + 65_536], validate=True), 16_000_000)
            size += len(piece)
            if size > wire.BILL_BYTES_MAX or inflate.unconsumed_tail:
                raise ValueError("The bill is larger than any bill may be.")
            file.write(piece)
    except (binascii.Error, zlib.error):
        raise ValueError("The file's content is not whole.") from None
    if not inflate.eof:
        raise ValueError("The file's content is not whole.")
