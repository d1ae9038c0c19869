"""A stand-in for Alibaba Cloud's text messages: SendSms and QuerySendDetails, signature ACS3-HMAC-SHA256.

Standard library only, its own reading of the protocol. What it takes is shown in the inbox of the other stand-in
(sms_gateway), beside what that one has taken. As with the real one, a second SendSms with the same OutId is a second
message. It reports to SMS_REPORT_URL as SmsReport does, and misbehaves by the same POST /admin.
"""

import hashlib
import hmac
import json
import os
import secrets
import time
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from minjing.kernel.notify.providers.standin.sms_gateway import LOCAL, Gateway, Sms, report

CLOCK_SKEW_S = 900
CHINA = timezone(timedelta(hours=8))
# The templates that this account has had approved.
TEMPLATES = {"SMS_100000001": "{text}"}


class Handler(BaseHTTPRequestHandler):
    """Speaks the protocol."""

    gateway: Gateway
    key_id: str
    server_version = "aliyun-sms-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Say that it is there."""
        return self._json(200, {"ok": True, "asked": self.gateway.asked})

    def do_POST(self) -> None:
        """Take a call of the API, or an order how to misbehave."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), 10_000)) if length.isdigit() else b""
        parts = urlsplit(self.path)
        if parts.path == "/admin" and self.client_address[0] in LOCAL:
            self.gateway.order(json.loads(body or b"{}"))
            return self._json(200, {"ok": True})
        query = dict(parse_qsl(parts.query))
        trouble = self.gateway.misbehave() if self.headers.get("x-acs-action") == "SendSms" else {}
        if trouble.get("delay_s"):
            time.sleep(float(trouble["delay_s"]))
        if self.gateway.down or trouble.get("fail"):
            return self._json(
                int(trouble.get("fail", 503)), {"Code": "ServiceUnavailable", "Message": "told to fail"}
            )
        if not self._signed(query, body):
            return self._json(
                400, {"Code": "SignatureDoesNotMatch", "Message": "Specified signature is not matched."}
            )
        if self.headers.get("x-acs-version") != "2017-05-25":
            return self._json(400, {"Code": "InvalidVersion", "Message": "Specified parameter Version is not valid."})
        if self.headers.get("x-acs-action") == "SendSms":
            return self._send(query, trouble)
        if self.headers.get("x-acs-action") == "QuerySendDetails":
            return self._details(query)
        return self._json(404, {"Code": "InvalidAction.NotFound", "Message": "Specified api is not found."})

    def _send(self, query: dict[str, str], trouble: dict[str, Any]) -> None:
        phone = query.get("PhoneNumbers", "")
        if not (phone.isascii() and phone.isdigit() and len(phone) == 11):
            return self._code("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
        if query.get("TemplateCode") not in TEMPLATES:
            return self._code("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        try:
            given = json.loads(query.get("TemplateParam", ""))
            text = TEMPLATES[query["TemplateCode"]].format(**given)
        except (ValueError, KeyError, TypeError):
            return self._code("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
        biz = f"{secrets.randbelow(10**18):018d}^0"
        out = query.get("OutId", "")
        at = datetime.now(UTC)
        taken = Sms(out, phone, text, query.get("SignName", ""), at, biz, "aliyun")
        with self.gateway.inbox.lock:
            self.gateway.inbox.taken[f"{out}|{biz}"] = taken  # no idempotency key: each call is a message
        self._report(taken, trouble.get("report", "delivered"))
        if trouble.get("lose"):
            self.close_connection = True
            return None
        return self._json(200, {"Code": "OK", "Message": "OK", "BizId": biz, "RequestId": secrets.token_hex(16)})

    def _details(self, query: dict[str, str]) -> None:
        day = query.get("SendDate", "")
        with self.gateway.inbox.lock:
            everything = list(self.gateway.inbox.taken.values())
        rows = [
            {
                "PhoneNum": one.to, "OutId": one.id, "Content": one.text, "SendStatus": 3, "ErrCode": "DELIVERED",
                "SendDate": f"{one.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            }
            for one in everything
            if one.carrier == "aliyun"
            and one.to == query.get("PhoneNumber")
            and f"{one.at.astimezone(CHINA):%Y%m%d}" == day
        ]  # fmt: skip
        found = {
            "Code": "OK",
            "Message": "OK",
            "TotalCount": len(rows),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows},
        }
        return self._json(200, found)

    def _report(self, taken: Sms, how: str) -> None:
        if how == "lost":
            return
        good = how == "delivered"
        one = {
            "phone_number": taken.to, "send_time": f"{taken.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            "report_time": f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}", "success": good,
            "err_code": "DELIVERED" if good else "MK:0012", "err_msg": "用户接收成功" if good else "空号",
            "sms_size": "1", "biz_id": taken.receipt, "out_id": taken.id,
        }  # fmt: skip
        report(f"aliyun/{report_token(self.gateway.key)}", json.dumps([one], ensure_ascii=False).encode(), {})

    def _signed(self, query: dict[str, str], body: bytes) -> bool:
        """Check the signature from the side of the one who receives it."""
        said = self.headers.get("Authorization", "")
        if not said.startswith("ACS3-HMAC-SHA256 "):
            return False
        fields = dict(part.split("=", 1) for part in said.removeprefix("ACS3-HMAC-SHA256 ").split(",") if "=" in part)
        names = fields.get("SignedHeaders", "").split(";")
        needed = {
            "host",
            "x-acs-action",
            "x-acs-content-sha256",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-version",
        }
        if fields.get("Credential") != self.key_id or not needed <= set(names):
            return False
        digest = hashlib.sha256(body).hexdigest()
        if self.headers.get("x-acs-content-sha256") != digest:
            return False
        try:
            at = datetime.strptime(self.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except (KeyError, ValueError):
            return False
        if abs((datetime.now(UTC) - at).total_seconds()) > CLOCK_SKEW_S:
            return False
        sorted_query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
        lines = [f"{name}:{(self.headers.get(name) or '').strip()}" for name in names]
        canonical = "POST\n/\n" + sorted_query + "\n" + "\n".join(lines) + "\n\n" + ";".join(names) + "\n" + digest
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        wanted = hmac.new(self.gateway.key, to_sign.encode(), "sha256").hexdigest()
        return hmac.compare_digest(wanted, fields.get("Signature", ""))

    def _code(self, code: str, message: str) -> None:
        self._json(200, {"Code": code, "Message": message, "RequestId": secrets.token_hex(16)})

    def _json(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep phones out of every log."""


def report_token(key: bytes) -> str:
    """Return what stands in the address of the reports: Aliyun does not sign them."""
    return hmac.new(key, b"reports", "sha256").hexdigest()[:32]


def server(port: int, host: str = "127.0.0.1", key: str = "", key_id: str = "") -> ThreadingHTTPServer:
    """Return a stand-in listening on the port (0: any free one), not yet serving."""
    bound = {
        "gateway": Gateway((key or os.environ.get("SMS_B_KEY") or "demo").encode()),
        "key_id": key_id or os.environ.get("SMS_B_KEY_ID") or "demo-key-id",
    }
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), bound))
