"""A local WeChat Pay: API v3 as a merchant meets it (JSAPI, H5, Native), with its cashier. For demo and tests.

Its own reading of https://pay.weixin.qq.com/doc/v3/merchant/: WECHATPAY2-SHA256-RSA2048 both ways, AEAD_AES_256_GCM
for notifications and platform certificates, query, close, refunds, trade bills with hash. More orders at /admin (see
gateway.py): {"rotate": true} changes the platform certificate, {"sign_with": "public_key" | "certificate"}.
"""

import base64
import gzip
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from minjing.kernel.pay.providers.standin import bills, cashier, keys
from minjing.kernel.pay.providers.standin.books import Notice, Refund, Trade
from minjing.kernel.pay.providers.standin.gateway import (
    CHINA,
    Asked,
    Gateway,
    Said,
    Server,
    epoch,
    folder_of,
    instant,
    scale,
)
from minjing.kernel.pay.providers.standin.wechat_seal import (
    MERCHANT,
    PUBLIC_KEY_ID,
    Fault,
    Seal,
    certificate,
    new_platform,
    sealed,
)

APP = "wx0000demo00000000"  # the official account that the merchant is tied to: openids are its own
H5_ADDRESS_S = 300  # the address of an H5 payment can be opened for five minutes
# The seconds between tries of a notification, as the documentation of API v3 lists them.
SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600)
REFUND_NOTICE = (
    "out_trade_no", "transaction_id", "out_refund_no", "refund_id", "success_time", "user_received_account",
)  # fmt: skip
KINDS = {"jsapi": "JSAPI", "h5": "MWEB", "native": "NATIVE"}


class WeChatPay(Gateway):
    """The gateway."""

    name = "wechat"
    brand = cashier.Brand("微信支付", "WeChat Pay", "#0a7d3c")
    schedule = SCHEDULE

    def __init__(self, folder: Path, address: str, scale: float = 1.0) -> None:
        prepare(folder)
        self.seal = Seal(folder)
        self.sign_with = "certificate"
        super().__init__(folder, address, scale)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what the admin's order says."""
        if order.get("rotate"):
            return {"serial": self.seal.rotate()}
        self.sign_with = order.get("sign_with", self.sign_with)
        return super().obey(order)

    # The API.

    def api(self, asked: Asked) -> Said | None:
        """Answer a call of API v3, or a page of the payer's WeChat."""
        if asked.path == "/wechat/pay":  # what the WeChat app does with the parameters of JSAPI
            return self._jsapi_page(asked)
        if asked.path == "/wechat/scan":  # what it does with a QR code
            return self._scan_page(asked)
        try:
            self.seal.check(asked, self.now())
            said = self._route(asked)
        except Fault as fault:
            what: dict[str, Any] = {"code": fault.code, "message": fault.message}
            said = (fault.status, what | ({"detail": fault.detail} if fault.detail else {}))
        if isinstance(said, Said):
            return said
        status, content = said
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() if content is not None else b""
        return Said(
            status, body, headers=self.seal.signed(body, asked.headers.get("wechatpay-serial", ""), self.now())
        )

    def _route(self, asked: Asked) -> tuple[int, Any] | Said:
        routes: list[tuple[str, str, Callable[..., tuple[int, Any] | Said]]] = [
            ("POST", r"/v3/pay/transactions/(jsapi|h5|native)", self._create),
            ("GET", r"/v3/pay/transactions/out-trade-no/([^/]+)", self._query),
            ("POST", r"/v3/pay/transactions/out-trade-no/([^/]+)/close", self._close),
            ("POST", r"/v3/refund/domestic/refunds", self._refund),
            ("GET", r"/v3/refund/domestic/refunds/([^/]+)", self._query_refund),
            ("GET", r"/v3/certificates", self._certificates),
            ("GET", r"/v3/bill/(tradebill)", self._bill),
            ("GET", r"/v3/billdownload/file", self._download),
        ]
        for method, pattern, handle in routes:
            match = re.fullmatch(pattern, asked.path)
            if match and method == asked.method:
                return handle(asked, *(unquote(g) for g in match.groups()))
        raise Fault(404, "NOT_FOUND", "请求的资源不存在")

    def _create(self, asked: Asked, kind: str) -> tuple[int, Any]:
        said = _object(asked.body)
        self._check_order(said, kind)
        number = said["out_trade_no"]
        with self.books.lock:
            trade = self.books.trades.get(number)
            if trade is None:
                trade = self._new_trade(said, KINDS[kind])
                self.open_trade(trade)
            elif trade.more["asked"] != _digest(said, kind):
                raise Fault(403, "OUT_TRADE_NO_USED", "商户订单号重复，请使用新的商户订单号")
            elif trade.state == "paid":
                raise Fault(400, "ORDERPAID", "该订单已支付")
            elif not self.may_pay(trade):
                raise Fault(400, "ORDER_CLOSED", "该订单已关闭")
        if kind == "native":
            return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={trade.token}"}
        prepay = f"wx{trade.token}"
        if kind == "jsapi":
            return 200, {"prepay_id": prepay}
        return 200, {"h5_url": self.cashier_url(trade, prepay_id=prepay, package=str(int(self.now())))}

    def _new_trade(self, said: dict[str, Any], kind: str) -> Trade:
        now, number = self.now(), self.books.next_number()
        expires = epoch(said["time_expire"]) if said.get("time_expire") else now + 7200
        return Trade(
            no=said["out_trade_no"], gateway_no=f"4200{self.moment():%y%m%d%H%M%S}{number:012d}", kind=kind,
            subject=said["description"], fen=said["amount"]["total"], notify_url=said["notify_url"], return_url="",
            token=secrets.token_urlsafe(18), made_at=now, expires_at=expires,
            more={
                "attach": said.get("attach", ""), "payer": said.get("payer", {}).get("openid", ""),
                "asked": _digest(said, {v: k for k, v in KINDS.items()}[kind]),
            },
        )  # fmt: skip

    def _check_order(self, said: dict[str, Any], kind: str) -> None:
        if (said.get("appid"), said.get("mchid")) != (APP, MERCHANT):
            raise Fault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试")
        number, total = str(said.get("out_trade_no", "")), said.get("amount", {}).get("total")
        needed = {
            "/out_trade_no": re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", number),
            "/description": 0 < len(str(said.get("description", ""))) <= 127,
            "/amount/total": isinstance(total, int) and total > 0,
            "/amount/currency": said.get("amount", {}).get("currency", "CNY") == "CNY",
            "/notify_url": re.match(r"https?://", str(said.get("notify_url", ""))),
            "/payer/openid": kind != "jsapi" or said.get("payer", {}).get("openid"),
            "/scene_info/payer_client_ip": kind != "h5" or said.get("scene_info", {}).get("payer_client_ip"),
            "/scene_info/h5_info/type": kind != "h5" or said.get("scene_info", {}).get("h5_info", {}).get("type"),
        }
        for place, good in needed.items():
            if not good:
                raise _bad(place, f"输入源“{place}”映射到值字段的校验规则失败")
        if said.get("time_expire") and epoch(said["time_expire"]) <= self.now():
            raise Fault(400, "INVALID_REQUEST", "订单已过期，请重新下单")

    def _trade(self, number: str) -> Trade:
        trade = self.books.trades.get(number)
        if trade is None:
            raise Fault(404, "ORDER_NOT_EXIST", "订单不存在")
        return trade

    def _query(self, asked: Asked, number: str) -> tuple[int, Any]:
        if asked.query.get("mchid") != MERCHANT:
            raise _bad("/mchid", "mchid缺失或与签名的商户号不一致")
        return 200, self.transaction(self._trade(number))

    def transaction(self, trade: Trade, extra_fen: int = 0) -> dict[str, Any]:
        """Return the trade as queries and notifications describe it."""
        said: dict[str, Any] = {
            "appid": APP, "mchid": MERCHANT, "out_trade_no": trade.no, "trade_state": "NOTPAY",
            "trade_state_desc": "订单未支付", "attach": trade.more["attach"], "trade_type": trade.kind,
            "amount": {"total": trade.fen, "currency": "CNY"},
        }  # fmt: skip
        if trade.state == "paid":
            refunded = bool(self.books.refunds_of(trade.no))
            fen = trade.paid_fen + extra_fen
            said |= {
                "trade_state": "REFUND" if refunded else "SUCCESS",
                "trade_state_desc": "订单发生过退款" if refunded else "支付成功", "transaction_id": trade.gateway_no,
                "bank_type": "OTHERS", "success_time": instant(trade.paid_at),
                "payer": {"openid": trade.more["payer"] or "oDemo0000000000000000000000001"},
                "amount": {"total": fen, "payer_total": fen, "currency": "CNY", "payer_currency": "CNY"},
            }  # fmt: skip
        elif not self.may_pay(trade):
            said |= {"trade_state": "CLOSED", "trade_state_desc": "订单已关闭"}
        return said

    def _close(self, asked: Asked, number: str) -> tuple[int, Any]:
        if _object(asked.body).get("mchid") != MERCHANT:
            raise _bad("/mchid", "mchid缺失或与签名的商户号不一致")
        trade = self._trade(number)
        if trade.state == "paid":
            raise Fault(400, "ORDERPAID", "该订单已支付")
        self.close(trade)
        return 204, None

    # Refunds.

    def _refund(self, asked: Asked) -> tuple[int, Any]:
        said = _object(asked.body)
        amount = said.get("amount", {})
        number, fen = str(said.get("out_refund_no", "")), amount.get("refund")
        if not re.fullmatch(r"[0-9A-Za-z_\-|*@]{1,64}", number) or not isinstance(fen, int) or fen < 1:
            raise _bad("/amount/refund", "退款单号或退款金额的格式不正确")
        with self.books.lock:
            trade = self._paid(said)
            refund = self.books.refunds.get(number)
            if refund is None:
                if amount.get("total") != trade.paid_fen:
                    raise Fault(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
                if fen > self.left_to_refund(trade):
                    raise Fault(400, "INVALID_REQUEST", "退款金额大于支付金额，请检查后再试")
                count = self.books.next_number()
                refund = Refund(
                    number, f"5030{self.moment():%y%m%d%H%M%S}{count:012d}", trade.no, fen, said.get("reason", ""),
                    said.get("notify_url", ""), self.now(),
                )  # fmt: skip
                self.start_refund(refund)
                return 200, self.refund_said(refund) | {"status": "PROCESSING"}
            if (refund.trade_no, refund.fen) != (trade.no, fen):
                raise Fault(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        return 200, self.refund_said(refund)

    def _paid(self, said: dict[str, Any]) -> Trade:
        number = said.get("out_trade_no")
        wanted = said.get("transaction_id")
        trades = self.books.trades.values()
        trade = next((t for t in trades if wanted and t.gateway_no == wanted), None)
        trade = trade or self.books.trades.get(str(number))
        if trade is None or trade.state != "paid":
            raise Fault(404, "RESOURCE_NOT_EXISTS", "订单不存在，请检查订单号是否正确且该订单已支付")
        return trade

    def _query_refund(self, asked: Asked, number: str) -> tuple[int, Any]:
        refund = self.books.refunds.get(number)
        if refund is None:
            raise Fault(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return 200, self.refund_said(refund)

    def refund_said(self, refund: Refund) -> dict[str, Any]:
        """Return the refund as the API describes it."""
        trade = self.books.trades[refund.trade_no]
        status = {"pending": "PROCESSING", "done": "SUCCESS", "failed": "ABNORMAL"}[refund.state]
        done = {"success_time": instant(refund.done_at)} if refund.state == "done" else {}
        return {
            "refund_id": refund.gateway_no, "out_refund_no": refund.no, "transaction_id": trade.gateway_no,
            "out_trade_no": trade.no, "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
            "create_time": instant(refund.made_at), "status": status, **done,
            "amount": {
                "total": trade.paid_fen, "refund": refund.fen, "payer_total": trade.paid_fen,
                "payer_refund": refund.fen, "settlement_total": trade.paid_fen, "settlement_refund": refund.fen,
                "discount_refund": 0, "currency": "CNY",
            },
        }  # fmt: skip

    # Notifications and certificates.

    def notification(self, notice: Notice, extra_fen: int, forged: bool) -> tuple[Mapping[str, str], bytes]:
        """Return an encrypted, signed notification."""
        if notice.what == "paid":
            about, event, summary = "transaction", "TRANSACTION.SUCCESS", "支付成功"
            content = self.transaction(self.books.trades[notice.about], extra_fen)
            content["trade_state"], content["trade_state_desc"] = "SUCCESS", "支付成功"
        else:
            refund = self.books.refunds[notice.about]
            about, summary = "refund", "退款成功" if refund.state == "done" else "退款异常"
            event = "REFUND.SUCCESS" if refund.state == "done" else "REFUND.ABNORMAL"
            content = self._refund_notice(refund)
        key = b"0" * 32 if forged else self.seal.api_v3_key
        body = json.dumps({
            "id": str(_uuid(notice.id)), "create_time": instant(self.now()), "resource_type": "encrypt-resource",
            "event_type": event, "summary": summary,
            "resource": {"original_type": about, **sealed(key, json.dumps(content, ensure_ascii=False), about)},
        }, ensure_ascii=False).encode()  # fmt: skip
        headers = self.seal.signed(body, "PUB_KEY_ID" if self.sign_with == "public_key" else "", self.now())
        if forged:
            headers["Wechatpay-Signature"] = base64.b64encode(secrets.token_bytes(256)).decode()
        return {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **headers}, body

    def _refund_notice(self, refund: Refund) -> dict[str, Any]:
        said = self.refund_said(refund)
        amount = {k: said["amount"][k] for k in ("total", "refund", "payer_total", "payer_refund")}
        return {
            "mchid": MERCHANT, "refund_status": said["status"], "amount": amount,
            **{k: said[k] for k in REFUND_NOTICE if k in said},
        }  # fmt: skip

    def taken(self, status: int, body: bytes) -> bool:
        """A merchant that knows answers 200 or 204."""
        return status in (200, 204)

    def _certificates(self, asked: Asked) -> tuple[int, Any]:
        from cryptography.hazmat.primitives.serialization import Encoding

        return 200, {"data": [
            {
                "serial_no": p.serial,
                "effective_time": p.certificate.not_valid_before_utc.astimezone(CHINA).isoformat(timespec="seconds"),
                "expire_time": p.certificate.not_valid_after_utc.astimezone(CHINA).isoformat(timespec="seconds"),
                "encrypt_certificate": sealed(
                    self.seal.api_v3_key, p.certificate.public_bytes(Encoding.PEM).decode(), "certificate"
                ),
            }
            for p in self.seal.platforms[-2:]
        ]}  # fmt: skip

    # Bills.

    def _bill(self, asked: Asked, kind: str) -> tuple[int, Any]:
        wanted = asked.query.get("bill_type", "ALL")
        try:
            day = datetime.strptime(asked.query.get("bill_date", ""), "%Y-%m-%d").replace(tzinfo=CHINA)
        except ValueError:
            raise _bad("/query/bill_date", "bill_date格式错误") from None
        if wanted not in ("ALL", "SUCCESS", "REFUND") or asked.query.get("tar_type", "GZIP") != "GZIP":
            raise _bad("/query/bill_type", "bill_type取值错误")
        if not self.bill_is_out(day):
            raise Fault(400, "STATEMENT_CREATING", "账单生成中，请在每日10点后再试")
        path = self.bill_path("wechat", wanted, f"{day:%F}", secrets.token_hex(8))
        count = bills.wechat(path, self._bill_rows(day, wanted), self.trouble, wanted)
        if not count:
            raise Fault(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
        digest = hashlib.sha1(usedforsecurity=False)
        with path.open("rb") as handle:
            while piece := handle.read(65_536):
                digest.update(piece)
        hash_value = digest.hexdigest() if self.trouble.take("bad_bill_hash") is None else "0" * 40
        packed = f"&tartype={asked.query['tar_type'].lower()}" if "tar_type" in asked.query else ""
        url = f"{self.address}/v3/billdownload/file?token={path.name}{packed}"
        return 200, {"hash_type": "SHA1", "hash_value": hash_value, "download_url": url}

    def _bill_rows(self, day: datetime, kind: str) -> Iterator[bills.Row]:
        since, until = day.timestamp(), (day + timedelta(days=1)).timestamp()
        extra = int(self.trouble.take("bill_rows") or 0)
        if kind != "SUCCESS":
            for refund in self.books.refunds_asked_between(since, until):
                yield bills.refunded(refund, self.books.trades[refund.trade_no])
        if kind != "REFUND":
            yield from (bills.paid(t) for t in self.books.paid_between(since, until))
            yield from bills.invented(extra, since)

    def _download(self, asked: Asked) -> Said:
        token = asked.query.get("token", "")
        path = self.folder / "bills" / token
        if not re.fullmatch(r"[0-9a-f]{32}", token) or not path.exists():
            raise Fault(400, "INVALID_REQUEST", "token无效或已过期")
        if asked.query.get("tartype") == "gzip":
            packed = path.with_suffix(".gz")
            with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as handle:
                shutil.copyfileobj(plain, handle)
            return Said(200, b"", "application/x-gzip", file=packed)
        return Said(200, b"", "text/plain; charset=utf-8", file=path)

    # What the payer's WeChat does.

    def _jsapi_page(self, asked: Asked) -> Said:
        given = asked.query | asked.form
        trade = self.books.trade_of(given.get("package", "").removeprefix("prepay_id=wx"))
        said = "".join(f"{given.get(k, '')}\n" for k in ("appId", "timeStamp", "nonceStr", "package"))
        good = self.seal.is_merchants(said, given.get("paySign", ""))
        good = good and given.get("appId") == APP and given.get("signType") == "RSA"
        if not good or trade is None:
            return self.page(cashier.refused_page(self.brand, asked.language, "支付验证签名失败 / paySign"), 403)
        if given.get("openid", trade.more["payer"]) != trade.more["payer"]:  # the app knows whose WeChat it is
            words = "下单账号与支付账号不一致，请核实后再支付"
            return self.page(cashier.refused_page(self.brand, asked.language, words), 403)
        # In the app JSAPI calls back; a page without script must come back itself.
        back = asked.query.get("redirect_url", "")
        more = f"?redirect_url={quote(back, safe='')}" if back else ""
        return self.see_other(f"/cashier/{trade.token}{more}")

    def _scan_page(self, asked: Asked) -> Said:
        token = asked.query.get("code", "").removeprefix("weixin://wxpay/bizpayurl?pr=")
        if self.books.trade_of(token) is None:
            return self.page(cashier.refused_page(self.brand, asked.language, ""), 404)
        return self.see_other(f"/cashier/{token}")

    def back_url(self, trade: Trade, asked: Asked) -> str:
        """WeChat sends the payer back to the redirect_url that the merchant's page put behind the H5 address."""
        url = asked.query.get("redirect_url", "")
        return url if re.match(r"https?://", url) else ""

    def _cashier(self, asked: Asked) -> Said:
        stamp = asked.query.get("package", "")
        if stamp.isdigit() and asked.method == "GET" and self.now() - int(stamp) > H5_ADDRESS_S:
            return self.page(cashier.refused_page(self.brand, asked.language, "支付已过期，请返回商户重新发起"), 400)
        return super()._cashier(asked)

    def way_back(self, trade: Trade, language: str) -> str:
        """The address says where to, not the trade: see back_url."""
        return ""


def prepare(folder: Path) -> None:
    """Make the keys: the merchant's certificate and API v3 key, the platform's certificate and its public key."""
    merchant = keys.key(folder / "merchant_key.pem")
    keys.certificate(folder / "merchant_cert.pem", merchant, "Demo merchant 1900000001 (not Tenpay)")
    keys.public(folder / "wechatpay_pub.pem", keys.key(folder / "wechatpay_pub.key"))
    if not (folder / "api_v3_key").exists():
        keys.write(folder / "api_v3_key", secrets.token_hex(16).encode())
    if not list((folder / "platform").glob("*.key")):
        new_platform(folder / "platform", 0)
    keys.write(folder / "merchant_serial", keys.serial(certificate(folder / "merchant_cert.pem")).encode())
    keys.write(folder / "public_key_id", PUBLIC_KEY_ID.encode())


def server(port: int, host: str = "127.0.0.1", folder: Path | None = None, time_scale: float | None = None) -> Server:
    """Return a gateway listening on the port (0: any free one), not yet serving."""
    where, stretch = folder or folder_of("wechat_pay"), scale() if time_scale is None else time_scale
    return Server(port, host, lambda address: WeChatPay(where, address, stretch))


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Fault(400, "PARAM_ERROR", "请求包体不是合法的JSON")
    return said


def _bad(place: str, issue: str) -> Fault:
    return Fault(400, "PARAM_ERROR", "参数错误", {"location": "body", "field": place, "issue": issue})


def _digest(said: dict[str, Any], kind: str) -> str:
    asked = {k: said.get(k) for k in ("description", "amount", "notify_url", "attach", "payer")}
    return hashlib.sha256(json.dumps([kind, asked], sort_keys=True).encode()).hexdigest()[:16]


def _uuid(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
