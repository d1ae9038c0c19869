"""A stand-in for Tencent Cloud's text messages: SendSms and PullSmsSendStatusByPhoneNumber, TC3-HMAC-SHA256.

Standard library only, its own reading of the protocol. As with the real one, errors come with 200 inside `Response`,
a second SendSms is a second message, and what is listed of a phone is what has been reported, without our id. It
reports to SMS_REPORT_URL, and misbehaves by the same POST /admin as the others.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from minjing.kernel.notify.providers.standin.sms_gateway import LOCAL, Gateway, Sms, report

CLOCK_SKEW_S = 300
CHINA = timezone(timedelta(hours=8))
TEMPLATES = {"1000001": "{1}"}  # approved for this account: one variable
APP_ID = "1400000001"
FORM = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>\d{4}-\d\d-\d\d)/(?P<service>\w+)/tc3_request,"
    r" ?SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<mark>[0-9a-f]{64})\Z"
)


class Handler(BaseHTTPRequestHandler):
    """Speaks the protocol."""

    gateway: Gateway
    key_id: str
    listed: set[str]
    server_version = "tencent-sms-standin"
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Say that it is there."""
        return self._json(200, {"ok": True, "asked": self.gateway.asked})

    def do_POST(self) -> None:
        """Take a call of the API, or an order how to misbehave."""
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length), 20_000)) if length.isdigit() else b""
        if self.path == "/admin" and self.client_address[0] in LOCAL:
            self.gateway.order(json.loads(body or b"{}"))
            return self._json(200, {"ok": True})
        action = self.headers.get("X-TC-Action", "")
        trouble = self.gateway.misbehave() if action == "SendSms" else {}
        if trouble.get("delay_s"):
            time.sleep(float(trouble["delay_s"]))
        if self.gateway.down or trouble.get("fail"):
            return self._json(int(trouble.get("fail", 503)), {"told": "to fail"})
        wrong = self._wrong(body)
        if wrong:
            return self._error(wrong)
        if self.headers.get("X-TC-Version") != "2021-01-11":
            return self._error("NoSuchVersion")
        try:
            asked = json.loads(body)
        except ValueError:
            return self._error("InvalidParameter")
        if action == "SendSms":
            return self._send(asked, trouble)
        if action == "PullSmsSendStatusByPhoneNumber":
            return self._status(asked)
        return self._error("InvalidAction")

    def _send(self, asked: dict[str, Any], trouble: dict[str, Any]) -> None:
        if asked.get("SmsSdkAppId") != APP_ID:
            return self._error("InvalidParameterValue.SdkAppIdNotExist")
        rows = [self._one(str(phone), asked, trouble) for phone in asked.get("PhoneNumberSet", [])]
        if trouble.get("lose"):
            self.close_connection = True
            return None
        return self._answer({"SendStatusSet": rows})

    def _one(self, phone: str, asked: dict[str, Any], trouble: dict[str, Any]) -> dict[str, Any]:
        row = {
            "SerialNo": "", "PhoneNumber": phone, "Fee": 0, "SessionContext": asked.get("SessionContext", ""),
            "Code": "", "Message": "", "IsoCode": "CN",
        }  # fmt: skip
        if not re.fullmatch(r"\+861\d{10}", phone):
            return {**row, "Code": "InvalidParameterValue.IncorrectPhoneNumber", "Message": "手机号格式错误"}
        given = asked.get("TemplateParamSet") or []
        if asked.get("TemplateId") not in TEMPLATES or len(given) != 1:
            return {**row, "Code": "FailedOperation.TemplateIncorrectOrUnapproved", "Message": "模板内容不匹配"}
        serial = f"2645:{secrets.randbelow(10**20):020d}"
        out, at = str(row["SessionContext"]), datetime.now(UTC)
        taken = Sms(out, phone.removeprefix("+86"), str(given[0]), asked.get("SignName", ""), at, serial, "tencent")
        with self.gateway.inbox.lock:
            self.gateway.inbox.taken[f"{out}|{serial}"] = taken
        self._report(taken, trouble.get("report", "delivered"))
        return {**row, "SerialNo": serial, "Fee": 1, "Code": "Ok", "Message": "send success"}

    def _status(self, asked: dict[str, Any]) -> None:
        since = int(asked.get("BeginTime", 0))
        with self.gateway.inbox.lock:
            everything = list(self.gateway.inbox.taken.values())
        rows = [
            {
                "UserReceiveTime": int(one.at.timestamp()), "CountryCode": "86", "SubscriberNumber": one.to,
                "PhoneNumber": f"+86{one.to}", "SerialNo": one.receipt, "ReportStatus": "SUCCESS",
                "Description": "DELIVRD",
            }
            for one in everything
            if one.carrier == "tencent" and f"+86{one.to}" == asked.get("PhoneNumber")
            and int(one.at.timestamp()) >= since and one.receipt in self.listed
        ]  # fmt: skip
        return self._answer({"PullSmsSendStatusSet": rows[: int(asked.get("Limit", 10))]})

    def _report(self, taken: Sms, how: str) -> None:
        if how == "lost":
            return
        self.listed.add(taken.receipt)
        good = how == "delivered"
        one = {
            "user_receive_time": f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}", "nationcode": "86", "mobile": taken.to,
            "report_status": "SUCCESS" if good else "FAIL", "errmsg": "DELIVRD" if good else "-106",
            "description": "用户短信送达成功" if good else "运营商关键字拦截", "sid": taken.receipt,
        }  # fmt: skip
        report(f"tencent/{_token(self.gateway.key)}", json.dumps([one], ensure_ascii=False).encode(), {})

    def _wrong(self, body: bytes) -> str:
        """Return what is wrong with the signature, seen from who receives it; empty when it holds."""
        found = FORM.match(self.headers.get("Authorization", ""))
        if found is None:
            return "AuthFailure.InvalidAuthorization"
        if found["id"] != self.key_id:
            return "AuthFailure.SecretIdNotFound"
        stamp = self.headers.get("X-TC-Timestamp", "")
        names = found["names"].split(";")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > CLOCK_SKEW_S:
            return "AuthFailure.SignatureExpire"
        if not {"content-type", "host"} <= set(names) or found["service"] != "sms":
            return "AuthFailure.InvalidAuthorization"
        if datetime.fromtimestamp(int(stamp), UTC).date().isoformat() != found["day"]:
            return "AuthFailure.SignatureFailure"
        lines = "".join(f"{name}:{(self.headers.get(name) or '').strip().lower()}\n" for name in names)
        said = "\n".join(("POST", self.path, "", lines, found["names"], hashlib.sha256(body).hexdigest()))
        scope = f"{found['day']}/sms/tc3_request"
        said = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(said.encode()).hexdigest()}"
        key = hmac.new(b"TC3" + self.gateway.key, found["day"].encode(), "sha256").digest()
        key = hmac.new(hmac.new(key, b"sms", "sha256").digest(), b"tc3_request", "sha256").digest()
        wanted = hmac.new(key, said.encode(), "sha256").hexdigest()
        return "" if hmac.compare_digest(wanted, found["mark"]) else "AuthFailure.SignatureFailure"

    def _error(self, code: str) -> None:
        self._answer({"Error": {"Code": code, "Message": "refused by the stand-in"}})

    def _answer(self, said: dict[str, Any]) -> None:
        self._json(200, {"Response": {**said, "RequestId": secrets.token_hex(16)}})

    def _json(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep phones out of every log."""


def _token(key: bytes) -> str:
    return hmac.new(key, b"tencent reports", "sha256").hexdigest()[:32]


def server(port: int, host: str = "127.0.0.1", key: str = "", key_id: str = "") -> ThreadingHTTPServer:
    """Return a stand-in listening on the port (0: any free one), not yet serving."""
    bound = {
        "gateway": Gateway((key or os.environ.get("SMS_C_KEY") or "demo").encode()),
        "key_id": key_id or os.environ.get("SMS_C_KEY_ID") or "demo-key-id",
        "listed": set(),
    }
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer((host, port), type("BoundHandler", (Handler,), bound))
