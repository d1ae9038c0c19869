"""A local Alipay: the open gateway as a merchant meets it, with its cashier and its sign-in. For demo and tests.

Its own reading of https://opendocs.alipay.com/: RSA2 over sorted parameters both ways; alipay.trade.wap.pay,
page.pay, query, close, refund, fastpay.refund.query; data.dataservice.bill.downloadurl.query; asynchronous and
synchronous notification; alipay.system.oauth.token and alipay.user.info.share. An order begins at the cashier.
"""

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from minjing.kernel.pay.providers.standin import bills, cashier, keys
from minjing.kernel.pay.providers.standin.books import Notice, Refund, Trade
from minjing.kernel.pay.providers.standin.gateway import CHINA, Asked, Gateway, Said, Server, folder_of, scale

APP, SELLER = "2021000000000001", "2088000000000001"
# "25 小时以内完成 8 次通知 (通知的间隔频率一般是 4m,10m,10m,1h,2h,6h,15h)".
SCHEDULE = (240, 600, 600, 3600, 7200, 21_600, 54_000)
TOKEN_S = 1_296_000
CODE_S = 300
PEOPLE = {
    "2088100000000001": "演示用户一 Lin",
    "2088100000000002": "演示用户二 Chen",
    "2088100000000003": "演示用户三 Zhao",
}
COMMON = {
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
}


class Fault(Exception):
    """An error as the gateway says it."""

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        super().__init__(sub_code)
        self.said = {"code": code, "msg": COMMON[code], "sub_code": sub_code, "sub_msg": sub_msg}


class Alipay(Gateway):
    """The gateway."""

    name = "alipay"
    brand = cashier.Brand("支付宝", "Alipay", "#0b5cd5")
    schedule = SCHEDULE

    def __init__(self, folder: Path, address: str, scale: float = 1.0) -> None:
        prepare(folder)
        self.key = keys.key(folder / "alipay.key")
        self.merchant = keys.key(folder / "merchant_key.pem").public_key()
        self.codes: dict[str, tuple[str, float, str]] = {}  # auth_code → user, until, scope
        self.tokens: dict[str, tuple[str, float, str]] = {}
        super().__init__(folder, address, scale)

    # The API.

    def api(self, asked: Asked) -> Said | None:
        """Answer a call of the open gateway, a download, or the sign-in page."""
        if asked.path == "/oauth2/publicAppAuthorize.htm":
            return self._consent(asked)
        if asked.path == "/bill/download":
            return self._download(asked)
        if asked.path != "/gateway.do":
            return None
        given = asked.query | asked.form
        method = given.get("method", "")
        if method in ("alipay.trade.wap.pay", "alipay.trade.page.pay"):
            return self._to_cashier(asked, given)
        node = method.replace(".", "_") + "_response"
        try:
            self._check(given)
            said = {"code": "10000", "msg": "Success"} | self._route(given)
        except Fault as fault:
            said = fault.said
            if method == "alipay.system.oauth.token":  # older than the rest: its errors come in a node of their own
                node = "error_response"
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        body = f'{{"{node}":{text},"sign":"{self._sign(text)}"}}'
        return Said(200, body.encode(), "text/html;charset=utf-8")

    def _route(self, given: Mapping[str, str]) -> dict[str, Any]:
        routes: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._query_refund,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }
        if given["method"] == "alipay.system.oauth.token":
            return self._token(given)
        if given["method"] == "alipay.user.info.share":
            return self._user(given)
        if given["method"] not in routes:
            raise Fault("40002", "isv.invalid-method", "方法名参数无效")
        return routes[given["method"]](_biz(given))

    def _check(self, given: Mapping[str, str]) -> None:
        for needed in ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version"):
            if not given.get(needed):
                name = {"sign": "signature", "sign_type": "signature-type"}.get(needed, needed.replace("_", "-"))
                raise Fault("40001", f"isv.missing-{name}", f"缺少{needed}")
        if given["app_id"] != APP:
            raise Fault("40002", "isv.invalid-app-id", "无效的AppID参数")
        if given["sign_type"] != "RSA2":
            raise Fault("40002", "isv.invalid-signature-type", "无效签名类型")
        try:
            at = datetime.strptime(given["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        except ValueError:
            raise Fault("40002", "isv.invalid-timestamp", "非法的时间戳参数") from None
        if abs((self.moment() - at).total_seconds()) > 86_400:
            raise Fault("40002", "isv.invalid-timestamp", "非法的时间戳参数")
        said = "&".join(f"{k}={v}" for k, v in sorted(given.items()) if k != "sign" and v)
        try:
            self.merchant.verify(base64.b64decode(given["sign"]), said.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            words = f"验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{said}"
            raise Fault("40002", "isv.invalid-signature", words) from None

    def _sign(self, text: str) -> str:
        return base64.b64encode(self.key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()

    def _signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Sign a notification: over all that is said but `sign` and `sign_type`."""
        said = "&".join(f"{k}={v}" for k, v in sorted(fields.items()))
        return {**fields, "sign_type": "RSA2", "sign": self._sign(said)}

    # The payer.

    def _to_cashier(self, asked: Asked, given: Mapping[str, str]) -> Said:
        try:
            self._check(given)
            trade = self._opened(given)
        except Fault as fault:
            code = f"{fault.said['sub_msg']}（{fault.said['sub_code']}）"
            return self.page(cashier.refused_page(self.brand, asked.language, code), 200)
        return self.see_other(f"/cashier/{trade.token}")

    def _opened(self, given: Mapping[str, str]) -> Trade:
        biz = _biz(given)
        number, fen = str(biz.get("out_trade_no", "")), _fen(biz.get("total_amount"))
        product = {"alipay.trade.wap.pay": "QUICK_WAP_WAY", "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY"}
        if biz.get("product_code") != product[given["method"]]:
            raise Fault("40004", "ACQ.INVALID_PARAMETER", "参数无效：product_code")
        if not re.fullmatch(r"\w{1,64}", number) or not fen or not 0 < len(str(biz.get("subject", ""))) <= 256:
            raise Fault("40004", "ACQ.INVALID_PARAMETER", "参数无效")
        now = self.now()
        expires = now + 15 * 86_400.0
        if biz.get("time_expire"):
            expires = _at(str(biz["time_expire"]))
        with self.books.lock:
            trade = self.books.trades.get(number)
            if trade is None:
                if expires <= now:
                    raise Fault("40004", "ACQ.INVALID_PARAMETER", "参数无效：time_expire 已过")
                trade = Trade(
                    number, f"{self.moment():%Y%m%d}22001{self.books.next_number():015d}",
                    given["method"].split(".")[2], str(biz["subject"]), fen, given.get("notify_url", ""),
                    given.get("return_url", ""), secrets.token_urlsafe(18), now, expires,
                )  # fmt: skip
                self.open_trade(trade)
            elif trade.state == "paid":
                raise Fault("40004", "ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
            elif not self.may_pay(trade):
                raise Fault("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
            elif trade.fen != fen:
                raise Fault("40004", "ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        return trade

    def way_back(self, trade: Trade, language: str) -> str:
        """The payer comes back by GET with the signed outcome in the address."""
        if not trade.return_url:
            return ""
        said = self._signed({
            "charset": "utf-8", "out_trade_no": trade.no, "method": f"alipay.trade.{trade.kind}.pay.return",
            "total_amount": _yuan(trade.paid_fen), "trade_no": trade.gateway_no, "auth_app_id": APP,
            "version": "1.0", "app_id": APP, "seller_id": SELLER, "timestamp": f"{self.moment():%F %T}",
        })  # fmt: skip
        joint = "&" if "?" in trade.return_url else "?"
        return cashier.back_link(language, f"{trade.return_url}{joint}{urlencode(said)}")

    # Trades.

    def _trade(self, biz: Mapping[str, Any]) -> Trade:
        trade = self.books.trades.get(str(biz.get("out_trade_no", "")))
        if trade is None and biz.get("trade_no"):
            trade = next((t for t in self.books.trades.values() if t.gateway_no == biz["trade_no"]), None)
        if trade is None:
            raise Fault("40004", "ACQ.TRADE_NOT_EXIST", "交易不存在")
        return trade

    def _state(self, trade: Trade) -> str:
        if trade.state != "paid":
            return "WAIT_BUYER_PAY" if self.may_pay(trade) else "TRADE_CLOSED"
        # All of it given back: Alipay calls such a trade closed, although it was paid.
        return "TRADE_CLOSED" if self.left_to_refund(trade) == 0 else "TRADE_SUCCESS"

    def _query(self, biz: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(biz)
        said = {
            "trade_no": trade.gateway_no, "out_trade_no": trade.no, "trade_status": self._state(trade),
            "total_amount": _yuan(trade.paid_fen or trade.fen), "buyer_logon_id": "139******01",
            "buyer_user_id": next(iter(PEOPLE)), "buyer_pay_amount": "0.00", "point_amount": "0.00",
            "invoice_amount": "0.00", "receipt_amount": "0.00",
        }  # fmt: skip
        if trade.state == "paid":
            said |= {"send_pay_date": f"{self.moment(trade.paid_at):%F %T}", "receipt_amount": _yuan(trade.paid_fen)}
        return said

    def _close(self, biz: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(biz)
        if trade.state == "paid":
            raise Fault("40004", "ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法")
        self.close(trade)
        return {"trade_no": trade.gateway_no, "out_trade_no": trade.no}

    def _refund(self, biz: dict[str, Any]) -> dict[str, Any]:
        fen = _fen(biz.get("refund_amount"))
        number = str(biz.get("out_request_no") or biz.get("out_trade_no", ""))
        if not fen:
            raise Fault("40004", "ACQ.INVALID_PARAMETER", "参数无效：refund_amount")
        with self.books.lock:
            trade = self._trade(biz)
            if trade.state != "paid":
                raise Fault("40004", "ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
            refund = self.books.refunds.get(number)
            change = refund is None
            if refund is None:
                if fen > self.left_to_refund(trade):
                    raise Fault("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
                refund = Refund(
                    number, trade.gateway_no, trade.no, fen, str(biz.get("refund_reason", "")), trade.notify_url,
                    self.now(),
                )  # fmt: skip
                self.start_refund(refund)
            elif (refund.trade_no, refund.fen) != (trade.no, fen):
                raise Fault("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "同一笔退款单号退款金额不一致")
        back = sum(r.fen for r in self.books.refunds_of(trade.no))
        return {
            "trade_no": trade.gateway_no, "out_trade_no": trade.no, "buyer_logon_id": "139******01",
            "fund_change": "Y" if change and refund.state == "done" else "N", "refund_fee": _yuan(back),
            "send_back_fee": _yuan(fen), "buyer_user_id": next(iter(PEOPLE)),
        }  # fmt: skip

    def _query_refund(self, biz: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(biz)
        refund = self.books.refunds.get(str(biz.get("out_request_no", "")))
        if refund is None or refund.trade_no != trade.no:
            return {}  # "10000 Success" and nothing else: there is no such refund
        said = {
            "trade_no": trade.gateway_no, "out_trade_no": trade.no, "out_request_no": refund.no,
            "total_amount": _yuan(trade.paid_fen), "refund_amount": _yuan(refund.fen),
        }  # fmt: skip
        if refund.state == "done":
            said["refund_status"] = "REFUND_SUCCESS"
            if "gmt_refund_pay" in biz.get("query_options", []):
                said["gmt_refund_pay"] = f"{self.moment(refund.done_at):%F %T}"
        return said

    # Notifications.

    def notification(self, notice: Notice, extra_fen: int, forged: bool) -> tuple[Mapping[str, str], bytes]:
        """Return a signed form."""
        refund = self.books.refunds.get(notice.about) if notice.what == "refund" else None
        trade = self.books.trades[refund.trade_no if refund else notice.about]
        back = sum(r.fen for r in self.books.refunds_of(trade.no) if r.state == "done")
        money = _yuan(trade.paid_fen + extra_fen)
        said = {
            "gmt_create": f"{self.moment(trade.made_at):%F %T}", "charset": "utf-8", "subject": trade.subject,
            "seller_email": "demo@example.invalid", "notify_type": "trade_status_sync", "version": "1.0",
            "notify_id": f"{self.moment():%Y%m%d}{notice.id}", "notify_time": f"{self.moment():%F %T}",
            "gmt_payment": f"{self.moment(trade.paid_at):%F %T}", "app_id": APP, "auth_app_id": APP,
            "seller_id": SELLER, "buyer_id": next(iter(PEOPLE)), "out_trade_no": trade.no,
            "trade_no": trade.gateway_no, "trade_status": self._state(trade) if refund else "TRADE_SUCCESS",
            **dict.fromkeys(("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount"), money),
        }  # fmt: skip
        if refund:
            said |= {
                "out_biz_no": refund.no, "refund_fee": _yuan(back),
                "gmt_refund": f"{self.moment(refund.done_at):%F %T}.000",
            }  # fmt: skip
        fields = self._signed(said)
        if forged:
            fields["sign"] = base64.b64encode(secrets.token_bytes(256)).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return headers, urlencode(fields).encode()

    def taken(self, status: int, body: bytes) -> bool:
        """A merchant that knows answers the seven letters."""
        return status == 200 and body.strip() == b"success"

    def tell(self, what: str, about: str, url: str) -> None:
        """Alipay tells of refunds only when money has gone back; a failed one must be asked for."""
        if what == "refund" and self.books.refunds[about].state != "done":
            return
        super().tell(what, about, url)

    # Bills.

    def _bill(self, biz: dict[str, Any]) -> dict[str, Any]:
        try:
            day = datetime.strptime(str(biz.get("bill_date", "")), "%Y-%m-%d").replace(tzinfo=CHINA)
        except ValueError:
            raise Fault("40002", "isv.invalid-arguments", "bill_date 无效") from None
        if biz.get("bill_type") not in ("trade", "signcustomer"):
            raise Fault("40002", "isv.invalid-arguments", "bill_type 无效")
        if not self.bill_is_out(day):
            raise Fault("40004", "isp.bill_not_exist", "账单不存在")
        path = self.bill_path("alipay", f"{day:%F}", secrets.token_hex(8))
        if not bills.alipay(path, self._bill_rows(day), self.trouble, SELLER, day):
            raise Fault("40004", "isp.bill_not_exist", "账单不存在")
        url = f"{self.address}/bill/download?downloadFileName={SELLER}_{day:%Y%m%d}.csv.zip&token={path.name}"
        return {"bill_download_url": url}

    def _bill_rows(self, day: datetime) -> Iterator[bills.Row]:
        since, until = day.timestamp(), (day + timedelta(days=1)).timestamp()
        yield from (bills.paid(t) for t in self.books.paid_between(since, until))
        yield from bills.invented(int(self.trouble.take("bill_rows") or 0), since)
        for refund in self.books.refunded_between(since, until):
            yield bills.refunded(refund, self.books.trades[refund.trade_no])

    def _download(self, asked: Asked) -> Said | None:
        token = asked.query.get("token", "")
        path = self.folder / "bills" / token
        if not re.fullmatch(r"[0-9a-f]{32}", token) or not path.exists():
            return None
        return Said(200, b"", "application/zip", file=path)

    # Signing in.

    def _consent(self, asked: Asked) -> Said:
        back = asked.query.get("redirect_uri", "")
        scope = asked.query.get("scope", "")
        if asked.query.get("app_id") != APP or not re.match(r"https?://", back):
            return self.page(cashier.refused_page(self.brand, asked.language, "app_id / redirect_uri"), 400)
        if scope not in ("auth_base", "auth_user"):
            return self.page(cashier.refused_page(self.brand, asked.language, "isv.invalid-scope"), 400)
        act = asked.form.get("act", "") if asked.method == "POST" else ""
        if not act:
            return self.page(cashier.consent_page(self.brand, asked.language, asked.target, PEOPLE))
        said = {"app_id": APP, "source": "alipay_wallet", "scope": scope, "state": asked.query.get("state", "")}
        user = asked.form.get("user", "")
        if act == "agree" and user in PEOPLE:
            code = secrets.token_hex(16)
            self.codes[code] = (user, self.now() + CODE_S, scope)
            said["auth_code"] = code
        else:
            said |= {"error": "access_denied"}
        return self.see_other(f"{back}{'&' if '?' in back else '?'}{urlencode(said)}")

    def _token(self, given: Mapping[str, str]) -> dict[str, Any]:
        if given.get("grant_type") != "authorization_code":
            raise Fault("40002", "isv.grant-type-invalid", "授权类型无效")
        user, until, scope = self.codes.pop(given.get("code", ""), ("", 0.0, ""))
        if not user or until < self.now():
            raise Fault("40002", "isv.code-invalid", "授权码code无效")
        token = f"auth{secrets.token_hex(16)}"
        self.tokens[token] = (user, self.now() + TOKEN_S, scope)
        return {
            "user_id": user, "access_token": token, "expires_in": TOKEN_S, "re_expires_in": 2 * TOKEN_S,
            "refresh_token": f"auth{secrets.token_hex(16)}", "auth_start": f"{self.moment():%F %T}",
        }  # fmt: skip

    def _user(self, given: Mapping[str, str]) -> dict[str, Any]:
        user, until, scope = self.tokens.get(given.get("auth_token", ""), ("", 0.0, ""))
        if not user or until < self.now():
            raise Fault("20001", "aop.invalid-auth-token", "无效的访问令牌")
        if scope != "auth_user":
            raise Fault("40004", "isv.invalid-scope", "用户未授权该范围")
        return {"user_id": user, "nick_name": PEOPLE[user], "avatar": ""}


def prepare(folder: Path) -> None:
    """Make the keys: the merchant's application key and Alipay's public key."""
    keys.public(folder / "merchant_public.pem", keys.key(folder / "merchant_key.pem"))
    keys.public(folder / "alipay_public.pem", keys.key(folder / "alipay.key"))


def server(port: int, host: str = "127.0.0.1", folder: Path | None = None, time_scale: float | None = None) -> Server:
    """Return a gateway listening on the port (0: any free one), not yet serving."""
    where, stretch = folder or folder_of("alipay"), scale() if time_scale is None else time_scale
    return Server(port, host, lambda address: Alipay(where, address, stretch))


def _biz(given: Mapping[str, str]) -> dict[str, Any]:
    try:
        said = json.loads(given.get("biz_content", "{}"))
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Fault("40002", "isv.invalid-arguments", "biz_content 不是合法的JSON")
    return said


def _fen(yuan: Any) -> int:
    match = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2}))?", str(yuan))
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else 0


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _at(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).timestamp()
    except ValueError:
        raise Fault("40004", "ACQ.INVALID_PARAMETER", "参数无效：time_expire") from None
