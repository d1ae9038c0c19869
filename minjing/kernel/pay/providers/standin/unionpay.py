"""A local UnionPay: the online gateway (全渠道) as a merchant meets it, with its cashier. For the demo and the tests.

Its own reading of the 5.1.0 interface at https://open.unionpay.com/: signMethod 01 (RSA-SHA256 over the SHA-256 hex
of the sorted fields), certId, signPubKeyCert under a middle and a root certificate; frontTransReq (01), backTransReq
(refund 04), queryTrans (00), file transfer (76), front and back notification. More at /admin (see gateway.py):
{"strange_certificate": true} signs with a certificate of somebody else.
"""

import base64
import hashlib
import re
import secrets
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import pkcs12

from minjing.kernel.pay.providers.standin import bills, cashier, keys
from minjing.kernel.pay.providers.standin.books import Notice, Refund, Trade
from minjing.kernel.pay.providers.standin.gateway import CHINA, Asked, Gateway, Said, Server, folder_of, scale

MERCHANT = "777290000000001"
OWNER = "中国银联股份有限公司"
PASSWORD = "000000"  # noqa: S105  of the demo merchant's key file, as in UnionPay's own test kit
# No schedule is published where we could find it: the steps are assumed, growing as everybody's are.
SCHEDULE = (60, 120, 240, 900, 900, 3600)
ECHOED = ("version", "bizType", "txnTime", "txnType", "txnSubType", "accessType", "merId", "orderId", "encoding")
CUT_OFF_HOURS = 23  # a day of settlement runs from 23:00 to 23:00
WORDS = {
    "00": "成功[0000000]", "02": "系统未开放或暂时关闭，请稍后再试", "05": "交易已受理，请稍后查询交易结果",
    "10": "报文格式错误[1000000]", "11": "验证签名失败[9100004]", "12": "重复交易[2040004]",
    "13": "报文交易要素缺失[6100030]",
    "31": "商户状态不正确[5100011]", "34": "查无此交易[2600000]", "35": "原交易不存在或状态不正确[2011000]",
    "36": "与原交易信息不符[2040010]", "39": "交易不在受理时间范围内[4040007]", "64": "您的银行卡余额不足[1000051]",
    "98": "文件不存在[9200010]",
}  # fmt: skip


class UnionPay(Gateway):
    """The gateway."""

    name = "unionpay"
    brand = cashier.Brand("中国银联", "UnionPay", "#a8222c")
    schedule = SCHEDULE

    def __init__(self, folder: Path, address: str, scale: float = 1.0) -> None:
        prepare(folder)
        self.key, self.certificate = keys.key(folder / "sign.key"), _certificate(folder / "sign.pem")
        self.merchant = _certificate(folder / "merchant_cert.pem")
        self.is_strange = False
        super().__init__(folder, address, scale)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what the admin's order says."""
        self.is_strange = bool(order.get("strange_certificate", self.is_strange))
        return super().obey(order)

    # The API.

    def api(self, asked: Asked) -> Said | None:
        """Answer a call of the gateway or of the file server."""
        routes = {
            "/gateway/api/backTransReq.do": ("04", self._refund),
            "/gateway/api/queryTrans.do": ("00", self._query),
            "/": ("76", self._file),
        }
        if asked.path == "/gateway/api/frontTransReq.do" and asked.method == "POST":
            return self._to_cashier(asked)
        if asked.path not in routes or asked.method != "POST":
            return None
        kind, handle = routes[asked.path]
        given = asked.form
        code = self._check(given, kind)
        said = {"respCode": code} if code else handle(given)
        answer = {k: given[k] for k in ECHOED if given.get(k)} | {"signMethod": "01"} | said
        answer.setdefault("respMsg", WORDS.get(answer["respCode"], "失败"))
        # UnionPay's answers are not percent-encoded: name=value&name=value as they are.
        text = "&".join(f"{k}={v}" for k, v in self._signed(answer).items())
        return Said(200, text.encode(), "text/html;charset=UTF-8")

    def _check(self, given: Mapping[str, str], kind: str) -> str:
        """Return the code of what is wrong with the request, or nothing."""
        if given.get("version") != "5.1.0" or given.get("signMethod") != "01":
            return "10"
        if given.get("merId") != MERCHANT:
            return "31"
        if not self._verified(given):
            return "11"
        if given.get("txnType") != kind:
            return "10"
        needed = ["txnTime", "txnSubType", "bizType", "accessType", "settleDate" if kind == "76" else "orderId"]
        if any(not given.get(n) for n in needed):
            return "13"
        order = re.fullmatch(r"[0-9A-Za-z]{8,40}", given["orderId"]) if kind != "76" else True
        return "" if order and re.fullmatch(r"\d{14}", given["txnTime"]) else "10"

    def _verified(self, given: Mapping[str, str]) -> bool:
        if given.get("certId") != str(self.merchant.serial_number):
            return False
        key = self.merchant.public_key()
        try:
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(base64.b64decode(given.get("signature", "")), _digest(given), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _signed(self, fields: Mapping[str, str], forged: bool = False) -> dict[str, str]:
        key, certificate = self._strange() if self.is_strange or forged else (self.key, self.certificate)
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        said = {k: v for k, v in fields.items() if v} | {"signPubKeyCert": pem}
        signature = key.sign(_digest(said), PKCS1v15(), hashes.SHA256())
        return said | {"signature": base64.b64encode(signature).decode()}

    def _strange(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        """Somebody's own certificate that calls itself UnionPay."""
        key = keys.key(self.folder / "strange.key")
        return key, keys.certificate(self.folder / "strange.pem", key, f"041@Z12@{OWNER}@00000001")

    # The payer.

    def _to_cashier(self, asked: Asked) -> Said:
        given = asked.form
        code = self._check(given, "01") or self._may_open(given)
        if code:
            return self.page(cashier.refused_page(self.brand, asked.language, f"{code} {WORDS[code]}"))
        with self.books.lock:
            trade = self.books.trades.get(given["orderId"])
            if trade is None:
                trade = self._new_trade(given)
                self.open_trade(trade)
        return self.see_other(f"/cashier/{trade.token}")

    def _may_open(self, given: Mapping[str, str]) -> str:
        fen = given.get("txnAmt", "")
        if not re.fullmatch(r"[1-9]\d{0,11}", fen) or given.get("currencyCode") != "156":
            return "10"
        if not re.match(r"https?://", given.get("backUrl", "")):
            return "13"
        trade = self.books.trades.get(given["orderId"])
        if trade is not None:
            if (trade.more["txnTime"], str(trade.fen)) != (given["txnTime"], fen):
                return "12"
            return "12" if trade.state == "paid" else ""
        expires = _time(given["payTimeout"]) if given.get("payTimeout") else self.now() + 900
        return "39" if expires <= self.now() else ""

    def _new_trade(self, given: Mapping[str, str]) -> Trade:
        now, number = self.now(), self.books.next_number()
        kept = ("txnTime", "bizType", "channelType", "accessType", "reqReserved", "encoding", "txnSubType")
        return Trade(
            given["orderId"], f"{self.moment():%y%m%d%H%M%S}{number:09d}", "gateway",
            given.get("orderDesc") or "非税缴费", int(given["txnAmt"]), given["backUrl"], given.get("frontUrl", ""),
            secrets.token_urlsafe(18), now, _time(given["payTimeout"]) if given.get("payTimeout") else now + 900,
            {k: given.get(k, "") for k in kept} | {"traceNo": f"{number % 1_000_000:06d}"},
        )  # fmt: skip

    def way_back(self, trade: Trade, language: str) -> str:
        """The payer comes back by POST with the signed outcome in the form."""
        return cashier.back_form(language, trade.return_url, self._outcome(trade)) if trade.return_url else ""

    # Trades.

    def _query(self, given: Mapping[str, str]) -> dict[str, str]:
        trade = self.books.trades.get(given["orderId"])
        if trade is not None and trade.more["txnTime"] == given["txnTime"]:
            if trade.state == "paid":
                return self._done(trade) | {"origRespCode": "00", "origRespMsg": WORDS["00"], "respCode": "00"}
            if trade.fault:
                return {"respCode": "00", "origRespCode": "64", "origRespMsg": WORDS["64"], "txnType": "01"}
            return {"respCode": "34"}  # nobody has given a card: there is no transaction to be found
        refund = self.books.refunds.get(given["orderId"])
        if refund is not None and refund.more["txnTime"] == given["txnTime"]:
            code = {"pending": "05", "done": "00", "failed": "35"}[refund.state]
            more = {"respCode": "00", "origRespCode": code, "origRespMsg": WORDS[code]}
            return self._refund_done(refund) | more
        return {"respCode": "34"}

    def _done(self, trade: Trade, extra_fen: int = 0) -> dict[str, str]:
        fen = str(trade.paid_fen + extra_fen)
        return {
            "queryId": trade.gateway_no, "traceNo": trade.more["traceNo"], "txnType": "01", "txnSubType": "01",
            "traceTime": f"{self.moment(trade.paid_at):%m%d%H%M%S}", "txnAmt": fen, "currencyCode": "156",
            "settleAmt": fen, "settleCurrencyCode": "156", "settleDate": f"{self.settled(trade.paid_at):%m%d}",
            "accNo": "6216***********0018", "payCardType": "01", "reqReserved": trade.more["reqReserved"],
        }  # fmt: skip

    def settled(self, at: float) -> datetime:
        """Return the day of settlement of an instant."""
        return self.moment(at) + timedelta(hours=24 - CUT_OFF_HOURS)

    def _outcome(self, trade: Trade, extra_fen: int = 0, forged: bool = False) -> dict[str, str]:
        """Return the signed outcome of a payment, as front and back notification carry it."""
        return self._signed({
            "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": MERCHANT,
            "bizType": trade.more["bizType"], "orderId": trade.no, "txnTime": trade.more["txnTime"], "respCode": "00",
            "respMsg": WORDS["00"], **self._done(trade, extra_fen),
        }, forged)  # fmt: skip

    # Refunds.

    def _refund(self, given: Mapping[str, str]) -> dict[str, str]:
        fen = given.get("txnAmt", "")
        if not re.fullmatch(r"[1-9]\d{0,11}", fen) or not given.get("origQryId"):
            return {"respCode": "13"}
        with self.books.lock:
            if given["orderId"] in self.books.refunds:
                return {"respCode": "12"}
            trade = next((t for t in self.books.trades.values() if t.gateway_no == given["origQryId"]), None)
            if trade is None or trade.state != "paid":
                return {"respCode": "35"}
            if int(fen) > self.left_to_refund(trade):
                return {"respCode": "36"}
            refund = Refund(
                given["orderId"], f"{self.moment():%y%m%d%H%M%S}{self.books.next_number():09d}", trade.no, int(fen),
                "", given.get("backUrl", ""), self.now(), {"txnTime": given["txnTime"], "bizType": given["bizType"]},
            )  # fmt: skip
            self.start_refund(refund)
        return {"respCode": "00", "queryId": refund.gateway_no, "origQryId": trade.gateway_no, "txnAmt": fen}

    def _refund_done(self, refund: Refund) -> dict[str, str]:
        trade = self.books.trades[refund.trade_no]
        fen, done = str(refund.fen), refund.done_at or refund.made_at
        return {
            "queryId": refund.gateway_no, "origQryId": trade.gateway_no, "traceNo": "000001", "txnType": "04",
            "txnSubType": "00", "traceTime": f"{self.moment(done):%m%d%H%M%S}", "txnAmt": fen, "currencyCode": "156",
            "settleAmt": fen, "settleCurrencyCode": "156", "settleDate": f"{self.settled(done):%m%d}",
        }  # fmt: skip

    def notification(self, notice: Notice, extra_fen: int, forged: bool) -> tuple[Mapping[str, str], bytes]:
        """Return a signed form."""
        if notice.what == "paid":
            fields = self._outcome(self.books.trades[notice.about], extra_fen, forged)
        else:
            refund = self.books.refunds[notice.about]
            fields = self._signed({
                "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": MERCHANT,
                "bizType": refund.more["bizType"], "orderId": refund.no, "txnTime": refund.more["txnTime"],
                "respCode": "00", "respMsg": WORDS["00"], **self._refund_done(refund),
            }, forged)  # fmt: skip
        body = "&".join(f"{k}={quote_plus(v)}" for k, v in fields.items())
        return {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}, body.encode()

    def taken(self, status: int, body: bytes) -> bool:
        """A merchant that knows answers 200."""
        return status == 200

    def tell(self, what: str, about: str, url: str) -> None:
        """UnionPay notifies of what succeeded; a failed refund must be asked for."""
        if what == "refund" and self.books.refunds[about].state != "done":
            return
        super().tell(what, about, url)

    # Files.

    def _file(self, given: Mapping[str, str]) -> dict[str, str]:
        if given.get("fileType") != "00" or not re.fullmatch(r"\d{4}", given["settleDate"]):
            return {"respCode": "10"}
        today = self.settled(self.now())
        month, day_of_month = int(given["settleDate"][:2]), int(given["settleDate"][2:])
        try:
            day = today.replace(month=month, day=day_of_month, hour=0, minute=0, second=0, microsecond=0)
        except ValueError:
            return {"respCode": "10"}
        if day > today:
            day = day.replace(year=day.year - 1)
        if not self.bill_is_out(day):
            return {"respCode": "98"}
        path = self.bill_path("unionpay", f"{day:%F}", secrets.token_hex(8))
        bills.unionpay(path, self._bill_rows(day), self.trouble, MERCHANT, day)
        packed = base64.b64encode(zlib.compress(path.read_bytes(), 1)).decode()
        path.unlink()
        return {"respCode": "00", "fileName": f"{MERCHANT}_{day:%Y%m%d}.zip", "fileContent": packed}

    def _bill_rows(self, day: datetime) -> Iterator[bills.Row]:
        until = day.timestamp() + CUT_OFF_HOURS * 3600
        since = until - 86_400
        yield from (bills.paid(t) for t in self.books.paid_between(since, until))
        yield from bills.invented(int(self.trouble.take("bill_rows") or 0), since)
        for refund in self.books.refunded_between(since, until):
            yield bills.refunded(refund, self.books.trades[refund.trade_no])


def prepare(folder: Path) -> None:
    """Make the keys: a root, a middle and a signing certificate, and the merchant's key file (.pfx)."""
    root_key, middle_key = (keys.authority_key(folder / f"{name}.key") for name in ("root", "middle"))
    root = keys.certificate(folder / "root.pem", root_key, "CFCA CS CA (demo stand-in)", authority=True)
    middle = keys.certificate(
        folder / "middle.pem", middle_key, "CFCA OCA1 (demo stand-in)", (root, root_key), authority=True
    )
    sign_key = keys.key(folder / "sign.key")
    keys.certificate(folder / "sign.pem", sign_key, f"041@Z12@{OWNER}@00000001", (middle, middle_key))
    merchant_key = keys.key(folder / "merchant.key")
    merchant = keys.certificate(
        folder / "merchant_cert.pem", merchant_key, f"041@Z12@{MERCHANT}:SIGN@00000001", (middle, middle_key)
    )
    if not (folder / "merchant.pfx").exists():
        lock = serialization.BestAvailableEncryption(PASSWORD.encode())
        keys.write(
            folder / "merchant.pfx",
            pkcs12.serialize_key_and_certificates(b"demo", merchant_key, merchant, None, lock),
        )


def server(port: int, host: str = "127.0.0.1", folder: Path | None = None, time_scale: float | None = None) -> Server:
    """Return a gateway listening on the port (0: any free one), not yet serving."""
    where, stretch = folder or folder_of("unionpay"), scale() if time_scale is None else time_scale
    return Server(port, host, lambda address: UnionPay(where, address, stretch))


def _digest(fields: Mapping[str, str]) -> bytes:
    said = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k != "signature" and v)
    return hashlib.sha256(said.encode()).hexdigest().encode()


def _time(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA).timestamp()
    except ValueError:
        return 0.0


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
