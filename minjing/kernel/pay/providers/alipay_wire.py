"""Alipay's open gateway on the wire: RSA2 over sorted parameters both ways (https://opendocs.alipay.com/common/02khjm).

A call is a form; its answer is one JSON node whose text, as it came, is signed. A page is the same call in an address
that the payer's browser opens.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any
from urllib.parse import parse_qsl, urlencode

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from minjing.kernel.pay.providers import Refused, Unavailable, wire
from minjing.kernel.pay.providers.rsa2 import is_signed, sign

# What the gateway answers when it does not know itself how the call ended.
UNSURE = {"ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.ACQ.SYSTEM_ERROR", "isp.service-unavailable"}


@dataclass(frozen=True)
class App:
    """An application at Alipay and the seller who is paid through it."""

    url: str  # …/gateway.do
    app_id: str
    seller_id: str
    key: RSAPrivateKey = field(repr=False)
    alipay_key: RSAPublicKey = field(repr=False)


class Complaint(Refused):
    """A refusal, and the gateway's clock when it was said (from the head of the answer, which is not signed)."""

    def __init__(self, fault: str, at: datetime | None) -> None:
        super().__init__(fault)
        self.at = at


class Wire:
    """Signed calls of one application. Safe to share between threads."""

    def __init__(self, app: App, clock: wire.Clock = wire.now) -> None:
        self.app, self.clock = app, clock
        self._http = wire.client(app.url)

    def page(self, method: str, biz: Mapping[str, Any], **more: str) -> str:
        """Return the address that makes the payer's browser call the method."""
        return f"{self.app.url}?{urlencode(self._fields(method, biz, more))}"

    def call(self, method: str, biz: Mapping[str, Any] | None = None, **more: str) -> "Answered":
        """Return what is answered. Raises Complaint with the sub_code, Unavailable for everything unsure."""
        fields = self._fields(method, biz, more)
        # The parameters in the address, the content in the body: so the gateway knows the charset before it reads.
        answer = wire.send(self._http, self._http.build_request("POST", f"{self.app.url}?charset=utf-8", data=fields))
        said = self._verified(answer, method.replace(".", "_") + "_response")
        code, sub_code = str(said.get("code", "10000")), str(said.get("sub_code", ""))
        if code == "10000":
            return Answered(said, wire.their_time(answer))
        # 20000: the gateway is unwell; 20001, 40001, 40002, 40003, 40006: our keys and rights are, not the order.
        if code != "40004" or sub_code in UNSURE:
            raise Unavailable(sub_code or code)
        raise Complaint(sub_code or code, wire.their_time(answer))

    def is_signed(self, fields: Mapping[str, str]) -> bool:
        """Tell whether Alipay signed a notification or what the payer's browser brought back."""
        said = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k not in ("sign", "sign_type"))
        is_rsa2 = fields.get("sign_type") == "RSA2"
        return is_rsa2 and is_signed(self.app.alipay_key, said.encode(), fields.get("sign", ""))

    @contextmanager
    def download(self, url: str) -> Iterator[IO[bytes]]:
        """Give a file with what lies at a download address of Alipay."""
        with wire.fetched(self._http, self._http.build_request("GET", url)) as kept:
            yield kept

    def _fields(self, method: str, biz: Mapping[str, Any] | None, more: Mapping[str, str]) -> dict[str, str]:
        fields = {
            "app_id": self.app.app_id, "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2",
            "timestamp": f"{self.clock().astimezone(wire.CHINA):%Y-%m-%d %H:%M:%S}", "version": "1.0",
            **{k: v for k, v in more.items() if v},
        }  # fmt: skip
        if biz is not None:
            fields["biz_content"] = json.dumps(biz, ensure_ascii=False, separators=(",", ":"))
        fields["sign"] = sign(self.app.key, "&".join(f"{k}={v}" for k, v in sorted(fields.items())).encode())
        return fields

    def _verified(self, answer: httpx.Response, node: str) -> dict[str, Any]:
        try:
            text = answer.content.decode()
            whole = json.loads(text)
            node = node if node in whole else "error_response"
            said = whole[node]
            if not isinstance(said, dict):
                raise ValueError
            signed = node_text(text, node)
        except (KeyError, TypeError, ValueError):
            raise Unavailable("unreadable") from None
        if not is_signed(self.app.alipay_key, signed.encode(), str(whole.get("sign", ""))):
            # Alipay does not sign its complaint about our own signature: it does not know who we are.
            raise Unavailable(str(said.get("sub_code") or "answer_signature"))
        return said


@dataclass(frozen=True)
class Answered:
    """A verified answer, and the gateway's clock (from the head of the answer, which is not signed)."""

    said: Mapping[str, Any]
    at: datetime | None


def node_text(text: str, node: str) -> str:
    """Return the text of a top-level node exactly as it came: the signature is over this. Raises ValueError."""
    decoder = json.JSONDecoder()
    start = text.index(f'"{node}"') + len(node) + 2
    start = text.index(":", start) + 1
    while text[start : start + 1].isspace():
        start += 1
    _, end = decoder.raw_decode(text, start)
    return text[start:end]


def form(body: bytes) -> dict[str, str]:
    """Return the fields of a posted form. Raises ValueError for what is none, or names a field twice."""
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=200)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("A field is named twice.")
    return fields
