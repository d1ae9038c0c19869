"""WeChat Pay as a house: paying inside WeChat (JSAPI), in another phone browser (H5) and by QR code (Native)."""

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

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
    Unavailable,
    bills,
    wire,
)
from minjing.kernel.pay.providers.rsa2 import private_key, public_key, sign
from minjing.kernel.pay.providers.wechat_wire import SKEW, Merchant, Wire

STATES: Mapping[str, Any] = {
    "SUCCESS": "paid", "REFUND": "paid", "NOTPAY": "open", "USERPAYING": "open", "PAYERROR": "open",
    "CLOSED": "closed", "REVOKED": "closed",
}  # fmt: skip
REFUND_STATES: Mapping[str, Any] = {
    "SUCCESS": "done", "PROCESSING": "pending", "CLOSED": "failed", "ABNORMAL": "failed",
}  # fmt: skip
GONE = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
KINDS = ("jsapi", "h5", "native")


class WeChatChannel:
    """One way of paying at WeChat Pay."""

    house = "wechat"

    def __init__(self, kind: str, own_wire: Wire, jsapi_page: str = "") -> None:
        """`kind` is jsapi, h5 or native; `jsapi_page` pays without script: only the local gateway has one."""
        self.name = f"wechat_{kind}"
        self._kind, self._wire, self._jsapi_page = kind, own_wire, jsapi_page

    def begin(self, attempt: Attempt) -> Begun:
        """Make the order and say where to send the payer. Raises Refused, Unavailable."""
        said = self._wire.call("POST", f"/v3/pay/transactions/{self._kind}", self._order(attempt))
        try:
            if self._kind == "native":
                return Begun("qr", text=str(said["code_url"]))
            if self._kind == "h5":
                url = str(said["h5_url"])
                joint = "&" if "?" in url else "?"
                return Begun("redirect", url=f"{url}{joint}redirect_url={quote(attempt.return_url, safe='')}")
            fields = self._jsapi(str(said["prepay_id"]))
            more = urlencode({**fields, "redirect_url": attempt.return_url})
            return Begun("jsapi", url=f"{self._jsapi_page}?{more}" if self._jsapi_page else "", fields=fields)
        except KeyError:
            raise Unavailable("unreadable") from None

    def ask(self, attempt: Attempt) -> Told:
        """Return what WeChat Pay says of the attempt. Raises Unavailable."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(attempt.number, safe='')}?mchid={self._merchant.mchid}"
        try:
            said = self._wire.call("GET", path)
        except Refused as refused:
            if refused.fault in GONE:
                return Told(attempt.number, "unknown")
            raise Unavailable(refused.fault) from None
        try:
            told = self._told(said)
        except (NotForUs, KeyError, TypeError, ValueError):
            raise Unavailable("unreadable") from None
        if told.number != attempt.number:
            raise Unavailable("another_order")
        return told

    def close(self, attempt: Attempt) -> Told:
        """Close the order, then ask: the payer may have been faster. Raises Unavailable."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(attempt.number, safe='')}/close"
        with suppress(Refused):  # paid, closed before, or never made: asking tells which
            self._wire.call("POST", path, {"mchid": self._merchant.mchid})
        # An order that was never made may still be: the call that makes it can be on its way. Past its end it can do
        # no harm, and our clock is at most SKEW away from theirs, or no answer would have been believed.
        ours = self._wire.clock()
        return wire.ended(self.ask(attempt), wire.is_over(attempt, ours - SKEW, ours))

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Told | RefundTold:
        """Verify, decrypt and read. Raises Forged, NotForUs; Unavailable while certificates cannot be had."""
        self._wire.verify(headers, body)
        try:
            said = json.loads(body)
            content = json.loads(self._wire.decrypted(said["resource"]))
            event = str(said["event_type"])
            self._ours(content)
            if event.startswith("REFUND."):
                return self._refund_told(content, str(content["refund_status"]))
            if event.startswith("TRANSACTION."):
                return self._told(content)
        except (KeyError, TypeError, ValueError):
            raise Forged("form") from None
        raise Forged("event")

    def thanks(self) -> Answer:
        """Return what ends the repeating."""
        return Answer(200, "application/json", b'{"code":"SUCCESS"}')

    def sorry(self, fault: str) -> Answer:
        """Return what lets WeChat Pay repeat; why is none of the sender's business."""
        return Answer(500, "application/json", '{"code":"FAIL","message":"失败"}'.encode())

    def refund(self, refund: Refund) -> RefundTold:
        """Ask for money to be given back. Raises Refused, Unavailable."""
        asked = {
            "out_trade_no": refund.attempt_number, "out_refund_no": refund.number,
            "amount": {"refund": refund.fen, "total": refund.attempt_fen, "currency": "CNY"},
            **({"reason": refund.reason[:80]} if refund.reason else {}),
            **({"notify_url": refund.notify_url} if refund.notify_url else {}),
        }  # fmt: skip
        return self._refund_answer(refund, self._wire.call("POST", "/v3/refund/domestic/refunds", asked))

    def ask_refund(self, refund: Refund) -> RefundTold:
        """Return what WeChat Pay says of the refund. Raises Unavailable."""
        try:
            said = self._wire.call("GET", f"/v3/refund/domestic/refunds/{quote(refund.number, safe='')}")
        except Refused as refused:
            if refused.fault in GONE:
                return RefundTold(refund.number, "unknown")
            raise Unavailable(refused.fault) from None
        return self._refund_answer(refund, said)

    def statement(self, day: date) -> Iterator[StatementRow]:
        """Yield the payments of the day's trade bill (type ALL) and the refunds of its refund bill (type REFUND).

        Two files, each with its own hash and totals; where one does not hold, nothing is yielded. Refunds stand on
        the day they were asked for, with what has become of them. Raises NotReady, Unavailable; ValueError for a
        file that does not hold.
        """
        found = [
            rows
            for kind, read in (("ALL", bills.wechat_payments), ("REFUND", bills.wechat_refunds))
            if (rows := self._bill(day, kind, read)) is not None
        ]
        if not found:
            yield from wire.no_bill(day, self._wire.clock())
        for rows in found:
            yield from rows

    def _bill(
        self, day: date, kind: str, read: Callable[[IO[bytes]], Iterator[StatementRow]]
    ) -> Iterator[StatementRow] | None:
        """Return the rows of a bill that was fetched and holds, None where there is none of that day."""
        try:
            bill = self._wire.call("GET", f"/v3/bill/tradebill?bill_date={day}&bill_type={kind}&tar_type=GZIP")
        except Refused as refused:
            if refused.fault == "NO_STATEMENT_EXIST":
                return None
            if refused.fault == "STATEMENT_CREATING":
                raise NotReady(day.isoformat()) from None
            raise Unavailable(refused.fault) from None
        url = str(bill.get("download_url", ""))
        if urlsplit(url)[:2] != urlsplit(self._merchant.url)[:2]:
            raise ValueError("The bill lies at another address than WeChat Pay's own.")
        plain = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _rows, or below
        try:
            with self._wire.download(url) as packed:
                _unpack(packed, plain, bill)
            return _rows(plain, bills.twice(plain, read))
        except BaseException:
            plain.close()
            raise

    @property
    def _merchant(self) -> Merchant:
        return self._wire.merchant

    def _order(self, attempt: Attempt) -> dict[str, Any]:
        expires = attempt.expires_at.astimezone(wire.CHINA).isoformat(timespec="seconds")
        order: dict[str, Any] = {
            "appid": self._merchant.app_id, "mchid": self._merchant.mchid, "description": attempt.description[:127],
            "out_trade_no": attempt.number, "time_expire": expires, "notify_url": attempt.notify_url,
            "amount": {"total": attempt.fen, "currency": "CNY"},
        }  # fmt: skip
        if self._kind == "jsapi":
            order["payer"] = {"openid": attempt.payer}
        if self._kind == "h5":
            order["scene_info"] = {"payer_client_ip": attempt.payer_ip, "h5_info": {"type": "Wap"}}
        return order

    def _jsapi(self, prepay_id: str) -> dict[str, str]:
        said = {
            "appId": self._merchant.app_id, "timeStamp": str(int(self._wire.clock().timestamp())),
            "nonceStr": hashlib.sha256(prepay_id.encode()).hexdigest()[:32], "package": f"prepay_id={prepay_id}",
        }  # fmt: skip
        signature = sign(self._merchant.key, "".join(f"{v}\n" for v in said.values()).encode())
        return {**said, "signType": "RSA", "paySign": signature}

    def _ours(self, content: Mapping[str, Any]) -> None:
        if content.get("mchid") != self._merchant.mchid:
            raise NotForUs("merchant")
        if "appid" in content and content["appid"] != self._merchant.app_id:
            raise NotForUs("app")

    def _told(self, said: Mapping[str, Any]) -> Told:
        self._ours(said)
        state, number = STATES[said["trade_state"]], str(said["out_trade_no"])
        if state != "paid":
            return Told(number, state)
        if said["amount"].get("currency", "CNY") != "CNY":
            raise ValueError("The payment is not in yuan.")
        at = _instant(said["success_time"])
        return Told(number, "paid", int(said["amount"]["total"]), str(said["transaction_id"]), at)

    def _refund_answer(self, refund: Refund, said: Mapping[str, Any]) -> RefundTold:
        try:
            told = self._refund_told(said, str(said["status"]))
        except (KeyError, TypeError, ValueError):
            raise Unavailable("unreadable") from None
        if told.number != refund.number or said.get("out_trade_no") != refund.attempt_number:
            raise Unavailable("another_refund")
        return told

    def _refund_told(self, said: Mapping[str, Any], status: str) -> RefundTold:
        at = _instant(said["success_time"]) if said.get("success_time") else None
        fen, number = int(said["amount"]["refund"]), str(said["out_refund_no"])
        return RefundTold(number, REFUND_STATES[status], fen, str(said["refund_id"]), at)


def channels() -> Sequence[Channel]:
    """Return WeChat Pay's channels as the settings have them; none where no merchant is named."""
    from django.conf import settings

    if not settings.WECHAT_PAY_MCHID or wire.unprepared(settings.WECHAT_PAY_DIR):
        return ()
    one = _wire(
        settings.WECHAT_PAY_URL, settings.WECHAT_PAY_MCHID, settings.WECHAT_PAY_APPID, settings.WECHAT_PAY_DIR
    )
    return [WeChatChannel(kind, one, settings.WECHAT_PAY_JSAPI_PAGE) for kind in KINDS]


def merchant(url: str, mchid: str, app_id: str, folder: Path) -> Merchant:
    """Return the merchant whose files lie in the folder, under the names that the merchant platform gives them here.

    merchant_key.pem, merchant_serial, api_v3_key; with wechatpay_pub.pem and public_key_id answers are signed by
    WeChat Pay's public key, without them by its certificates. Raises OSError, ValueError.
    """
    said = {name: (folder / name).read_text().strip() for name in ("merchant_serial", "api_v3_key")}
    if len(said["api_v3_key"]) != 32:
        raise ValueError("An API v3 key has 32 characters.")
    key_id = (folder / "public_key_id").read_text().strip() if (folder / "public_key_id").exists() else ""
    theirs = public_key(folder / "wechatpay_pub.pem") if key_id else None
    own = private_key(folder / "merchant_key.pem")
    serial, v3_key = said["merchant_serial"], said["api_v3_key"].encode()
    return Merchant(url.rstrip("/"), mchid, app_id, serial, own, v3_key, key_id, theirs)


@cache
def _wire(url: str, mchid: str, app_id: str, folder: Path) -> Wire:
    return Wire(merchant(url, mchid, app_id, folder))


def _rows(plain: IO[bytes], rows: Iterator[StatementRow]) -> Iterator[StatementRow]:
    with plain:
        yield from rows


def _unpack(packed: IO[bytes], plain: IO[bytes], bill: Mapping[str, Any]) -> None:
    """Unpack a bill and check its hash, which is that of the unpacked file. Raises ValueError."""
    if bill.get("hash_type") != "SHA1":
        raise ValueError("The bill has a hash of an unknown kind.")
    try:
        with gzip.GzipFile(fileobj=packed) as content:
            shutil.copyfileobj(content, plain, 65_536)
    except (OSError, EOFError):
        raise ValueError("The bill is not a whole gzip file.") from None
    plain.seek(0)
    digest = hashlib.sha1(usedforsecurity=False)  # chosen by WeChat Pay; the download itself is under TLS
    while piece := plain.read(65_536):
        digest.update(piece)
    if digest.hexdigest() != str(bill.get("hash_value", "")).lower():
        raise ValueError("The bill has another hash than was announced.")


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
