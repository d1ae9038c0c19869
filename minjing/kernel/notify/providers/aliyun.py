"""Text messages by Alibaba Cloud (dysmsapi, version 2017-05-25, signature ACS3-HMAC-SHA256).

SendSms has no idempotency key, so an unclear end is asked about by QuerySendDetails, where our id comes back as
OutId; what was just sent may show there late, so it is believed after a while only. Aliyun sends approved templates:
ours has one variable, `text`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import httpx

from minjing.base.clock import local_day
from minjing.kernel.notify.providers.sms import Letter, Refused, Unavailable, Unclear, called, client_of, said_in

VERSION = "2017-05-25"
ALGORITHM = "ACS3-HMAC-SHA256"
# Errors of the letter itself; every other one is of the provider, of the account there, or of the moment.
FINAL = {"isv.MOBILE_NUMBER_ILLEGAL", "isv.PARAM_LENGTH_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT"}
FAULT_CHARS = 30


class AliyunProvider:
    """The second provider."""

    name = "aliyun"
    ask_after = timedelta(seconds=30)

    def __init__(self, url: str, key_id: str, key: str, *, sign_name: str, template: str) -> None:
        self._url, self._key_id, self._key = url, key_id, key
        self._sign_name, self._template = sign_name, template
        self._client = client_of(url)

    def send(self, letter: Letter) -> str:
        """Hand over the letter and return Aliyun's BizId. Raises Refused, Unavailable, Unclear."""
        said = self._call(
            "SendSms",
            {
                "PhoneNumbers": letter.phone,
                "SignName": self._sign_name,
                "TemplateCode": self._template,
                "TemplateParam": json.dumps({"text": letter.text}, ensure_ascii=False),
                "OutId": str(letter.id),
            },
        )
        if said.get("Code") == "OK" and said.get("BizId"):
            return str(said["BizId"])
        code = str(said.get("Code") or "no_code")
        fault = code.removeprefix("isv.").lower()[:FAULT_CHARS]
        if code in FINAL:
            raise Refused(fault)
        if code.startswith("isp.") or code == "no_code":  # their own trouble: it may have got through
            raise Unclear(fault)
        raise Unavailable(fault)

    def ask(self, letter: Letter) -> str | None:
        """Return what Aliyun has of this letter, None when it has nothing. Raises Unavailable."""
        day = local_day(letter.at or datetime.now(UTC))
        for on in (day, day + timedelta(days=1)):
            said = self._call(
                "QuerySendDetails",
                {"PhoneNumber": letter.phone, "SendDate": f"{on:%Y%m%d}", "PageSize": "50", "CurrentPage": "1"},
            )
            if said.get("Code") != "OK":
                raise Unavailable(str(said.get("Code") or "no_code")[:FAULT_CHARS].lower())
            for one in _details(said):
                if one.get("OutId") == str(letter.id):
                    return str(letter.id)
        return None

    def _call(self, action: str, query: Mapping[str, str]) -> Mapping[str, object]:
        headers = signed(
            self._url,
            action,
            query,
            key_id=self._key_id,
            key=self._key,
            at=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )
        answer = called(lambda: self._client.post(f"{self._url}?{canonical_query(query)}", headers=headers))
        said = said_in(answer)
        if answer.status_code == httpx.codes.OK:
            return said
        if answer.status_code < 500 or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Unavailable(str(said.get("Code") or f"http_{answer.status_code}").lower()[:FAULT_CHARS])
        raise Unclear(f"http_{answer.status_code}")


def signed(
    url: str,
    action: str,
    query: Mapping[str, str],
    *,
    key_id: str,
    key: str,
    at: datetime,
    nonce: str,
    version: str = VERSION,
) -> dict[str, str]:
    """Return the headers of a request with an empty body, its signature among them."""
    headers = {
        "host": urlsplit(url).netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(("POST", "/", canonical_query(query), lines, names, headers["x-acs-content-sha256"]))
    said = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    mark = hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()
    return headers | {"Authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={mark}"}


def canonical_query(query: Mapping[str, str]) -> str:
    """Return the parameters in order, percent-encoded as RFC 3986 has it."""
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))


def report_token(key: str) -> str:
    """Return what stands in the address of Aliyun's reports, which it does not sign."""
    return hmac.new(key.encode(), b"reports", hashlib.sha256).hexdigest()[:32]


def _details(said: Mapping[str, object]) -> list[Mapping[str, object]]:
    found = said.get("SmsSendDetailDTOs")
    rows = found.get("SmsSendDetailDTO") if isinstance(found, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
