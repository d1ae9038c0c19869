"""Text messages by Tencent Cloud (sms, version 2021-01-11, signature TC3-HMAC-SHA256).

SendSms has no idempotency key, and what is asked about a phone afterwards names their serial numbers only, never our
id. So an unclear end stays with this provider: what it has delivered to that phone since is believed to be ours, and
where it lists nothing yet nobody may send again, for a report can come late. Templates are approved there: ours has
one variable, the text; that a city's account may have one so long is for its contract to say.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from minjing.kernel.notify.providers.sms import Letter, Refused, Unavailable, Unclear, called, client_of, said_in

VERSION = "2021-01-11"
SERVICE = "sms"
ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
COUNTRY = "+86"
# Errors of the letter itself (短信 API 3.0 发送错误码); every other one is of the account there, or of the moment.
FINAL = {
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.ContentLengthLimit",
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.PhoneNumberInBlacklist",
}
UNCLEAR = ("InternalError",)  # their own trouble: it may have got through
FAULT_CHARS = 30
LISTED_MAX = 100


class TencentProvider:
    """The third provider."""

    name = "tencent"
    ask_after = timedelta(minutes=1)

    def __init__(self, url: str, key_id: str, key: str, *, app_id: str, region: str, sign_name: str, template: str):
        self._url, self._key_id, self._key = url, key_id, key
        self._app_id, self._region = app_id, region
        self._sign_name, self._template = sign_name, template
        self._client = client_of(url)

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return Tencent's serial number. Raises Refused, Unavailable, Unclear."""
        said = self._call(
            "SendSms",
            {
                "PhoneNumberSet": [COUNTRY + letter.phone],
                "SmsSdkAppId": self._app_id,
                "SignName": self._sign_name,
                "TemplateId": self._template,
                "TemplateParamSet": [letter.text],
                "SessionContext": str(letter.id),
            },
        )
        rows = said.get("SendStatusSet")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        code = str(row.get("Code") or "no_code")
        if code == "Ok" and row.get("SerialNo"):
            return str(row["SerialNo"])
        raise _trouble(code)

    def ask(self, letter: Letter) -> str | None:
        """Return the serial number of what was delivered to that phone since. Raises Unavailable where there is none.

        It never says that a letter was not taken: the list shows what has been reported, and reports come late.
        """
        since = letter.at or datetime.now(UTC)
        said = self._call(
            "PullSmsSendStatusByPhoneNumber",
            {
                "BeginTime": int(since.timestamp()),
                "Offset": 0,
                "Limit": LISTED_MAX,
                "PhoneNumber": COUNTRY + letter.phone,
                "SmsSdkAppId": self._app_id,
            },
        )
        rows = said.get("PullSmsSendStatusSet")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("SerialNo"):
                return str(row["SerialNo"])
        raise Unavailable("not_listed")

    def _call(self, action: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        body = json.dumps(asked, ensure_ascii=False).encode()
        at = int(datetime.now(UTC).timestamp())
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Host": urlsplit(self._url).netloc,
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Region": self._region,
            "X-TC-Timestamp": str(at),
            "Authorization": authorization(
                urlsplit(self._url).netloc, SERVICE, body, key_id=self._key_id, key=self._key, at=at
            ),
        }
        answer = called(lambda: self._client.post(self._url, content=body, headers=headers))
        said = said_in(answer).get("Response")
        if answer.status_code != httpx.codes.OK or not isinstance(said, dict):
            fault = f"http_{answer.status_code}"
            down = answer.status_code in (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)
            raise Unavailable(fault) if down else Unclear(fault)
        error = said.get("Error")
        if isinstance(error, dict):
            raise _trouble(str(error.get("Code") or "no_code"))
        return said


def _trouble(code: str) -> Exception:
    fault = code.rsplit(".", 1)[-1].lower()[:FAULT_CHARS]
    if code in FINAL:
        return Refused(fault)
    return Unclear(fault) if code == "no_code" or code.startswith(UNCLEAR) else Unavailable(fault)


def authorization(host: str, service: str, body: bytes, *, key_id: str, key: str, at: int) -> str:
    """Return the header that signs a POST of JSON (签名方法 v3), over content-type and host, at unix seconds."""
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\n\ncontent-type;host\n{digest}"
    day = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"TC3{key}".encode()
    for part in (day, service, "tc3_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    mark = hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders=content-type;host, Signature={mark}"


def report_token(key: str) -> str:
    """Return what stands in the address of Tencent's reports, which it does not sign."""
    return hmac.new(key.encode(), b"tencent reports", hashlib.sha256).hexdigest()[:32]
