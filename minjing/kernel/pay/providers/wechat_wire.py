"""WeChat Pay API v3 on the wire: our signature, theirs, and what they encrypt for us.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342 and the pages beside it. The library `wechatpayv3` does the same;
it is our foreign check in the tests and not our client: it holds `requests` in the memory of each web process, its
address is not a setting, it trusts an answer of any age, and it reads a bill whole without checking its hash.
"""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from minjing.kernel.pay.providers import Forged, Refused, Unavailable, wire
from minjing.kernel.pay.providers.rsa2 import is_signed, rsa_half, sign

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SKEW = timedelta(minutes=5)
# A forged notification may name any serial: certificates are asked for at most so often because of one.
ASK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Merchant:
    """A merchant account. With a `public_key_id` WeChat Pay signs with its public key, else with a certificate."""

    url: str
    mchid: str
    app_id: str
    serial: str
    key: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)
    public_key_id: str = ""
    public_key: RSAPublicKey | None = None


class Wire:
    """Signed calls of one merchant. Safe to share between threads."""

    def __init__(self, merchant: Merchant, clock: wire.Clock = wire.now) -> None:
        self.merchant, self.clock = merchant, clock
        self._http = wire.client(merchant.url)
        self._keys: dict[str, tuple[RSAPublicKey, datetime]] = {}  # serial → key, valid until
        self._asked_at = datetime.min.replace(tzinfo=UTC)

    def call(self, method: str, path: str, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what is answered. Raises Refused with the code of a 4xx, Unavailable for everything unsure."""
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() if said is not None else b""
        answer = wire.send(self._http, self._request(method, self.merchant.url + path, body))
        self._check(answer)
        return self._read(answer)

    @contextmanager
    def download(self, url: str) -> Iterator[IO[bytes]]:
        """Give a file with the body behind a download address; such an answer is signed by its hash only."""
        with wire.fetched(self._http, self._request("GET", url, b"")) as kept:
            yield kept

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check that WeChat Pay said this, and lately; header names are lower-case. Raises Forged, Unavailable."""
        stamp = headers.get("wechatpay-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
            raise Forged("timestamp")
        if abs(self.clock() - datetime.fromtimestamp(int(stamp), UTC)) > SKEW:
            raise Forged("expired")
        if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
            raise Forged("algorithm")
        said = f"{stamp}\n{headers.get('wechatpay-nonce', '')}\n".encode() + body + b"\n"
        key = self._key_of(headers.get("wechatpay-serial", ""))
        if key is None:
            raise Forged("serial")
        if not is_signed(key, said, headers.get("wechatpay-signature", "")):
            raise Forged("signature")

    def decrypted(self, sealed: Mapping[str, Any]) -> bytes:
        """Return what an AEAD_AES_256_GCM envelope holds. Raises Forged."""
        if sealed.get("algorithm") != "AEAD_AES_256_GCM":
            raise Forged("algorithm")
        try:
            return decrypt(
                self.merchant.api_v3_key, str(sealed["nonce"]), str(sealed["ciphertext"]),
                str(sealed.get("associated_data") or ""),
            )  # fmt: skip
        except (KeyError, ValueError):
            raise Forged("cipher") from None

    def _request(self, method: str, url: str, body: bytes) -> httpx.Request:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        stamp, nonce = str(int(self.clock().timestamp())), secrets.token_hex(16)
        signature = sign(self.merchant.key, f"{method}\n{target}\n{stamp}\n{nonce}\n".encode() + body + b"\n")
        headers = {
            "Accept": "application/json",
            "User-Agent": "minjing",
            "Authorization": (
                f'{SCHEME} mchid="{self.merchant.mchid}",nonce_str="{nonce}",signature="{signature}",'
                f'timestamp="{stamp}",serial_no="{self.merchant.serial}"'
            ),
        }
        if body:
            headers["Content-Type"] = "application/json"
        if self.merchant.public_key_id:
            headers["Wechatpay-Serial"] = self.merchant.public_key_id
        return self._http.build_request(method, url, headers=headers, content=body or None)

    def _check(self, answer: httpx.Response) -> None:
        """An answer that WeChat Pay may not have given says nothing: money depends on it."""
        if answer.status_code == 401:  # our own key, serial or clock is wrong: this says nothing of the order
            raise Unavailable(str(_json(answer.content).get("code", "http_401")))
        try:
            self.verify({k.lower(): v for k, v in answer.headers.items()}, answer.content)
        except Forged as forged:
            raise Unavailable(f"answer_{forged.fault}") from None

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code == 204:
            return {}
        said = _json(answer.content)
        if answer.status_code == 200:
            return said
        code = str(said.get("code") or f"http_{answer.status_code}")
        if code in ("SYSTEM_ERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED"):
            raise Unavailable(code)
        raise Refused(code)

    def _key_of(self, serial: str) -> RSAPublicKey | None:
        if self.merchant.public_key_id and serial == self.merchant.public_key_id:
            return self.merchant.public_key
        serial = serial.upper()
        known = self._keys.get(serial)
        if known is None or known[1] <= self.clock():
            self._renew()
            known = self._keys.get(serial)
        return known[0] if known and known[1] > self.clock() else None

    def _renew(self) -> None:
        """Ask for the platform's certificates: the certificate changes, and its successor signs from one day on."""
        if self.clock() - self._asked_at < ASK_AGAIN:
            return
        answer = wire.send(self._http, self._request("GET", f"{self.merchant.url}/v3/certificates", b""))
        if answer.status_code != 200:
            raise Unavailable(f"certificates_{answer.status_code}")
        try:
            # Only who knows our API v3 key can have encrypted these; so they vouch for their own signature.
            fresh = dict(self._certificate(one) for one in _json(answer.content)["data"])
        except (Forged, KeyError, TypeError, ValueError):
            raise Unavailable("certificates_unreadable") from None
        self._keys, self._asked_at = fresh, self.clock()  # a call that failed does not count: nothing is known yet

    def _certificate(self, said: Mapping[str, Any]) -> tuple[str, tuple[RSAPublicKey, datetime]]:
        certificate = x509.load_pem_x509_certificate(self.decrypted(said["encrypt_certificate"]))
        if f"{certificate.serial_number:X}" != str(said["serial_no"]).upper().lstrip("0"):
            raise ValueError("The certificate has another serial number than was said.")
        return f"{certificate.serial_number:X}", (rsa_half(certificate.public_key()), certificate.not_valid_after_utc)


def decrypt(key: bytes, nonce: str, ciphertext: str, about: str) -> bytes:
    """Return what AES-GCM encrypted; all but the key as text. Raises ValueError."""
    try:
        return AESGCM(key).decrypt(nonce.encode(), base64.b64decode(ciphertext, validate=True), about.encode())
    except InvalidTag:
        raise ValueError("The ciphertext is not whole, or another key made it.") from None


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        raise Unavailable("unreadable") from None
    if not isinstance(said, dict):
        raise Unavailable("unreadable")
    return said
