"""UnionPay's online gateway (全渠道 5.1.0) on the wire: signMethod 01, certificates both ways.

The signature is RSA-SHA256 over the hexadecimal SHA-256 of `name=value&…`, names sorted, empty values and the
signature left out. Theirs comes with its certificate (signPubKeyCert), which must stand under our middle and root
certificate and name UnionPay as its owner. Interface: https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import pkcs12

from minjing.kernel.pay.providers import Forged, Unavailable, wire
from minjing.kernel.pay.providers.rsa2 import an_rsa_key, is_signed, rsa_half, sign

VERSION = "5.1.0"
OWNER = "中国银联股份有限公司"
FILE_BYTES_MAX = 200_000_000  # the daily file comes whole in one answer
CERTIFICATES_MAX = 20


@dataclass(frozen=True)
class Merchant:
    """A merchant account: our certificate's number and key, and whom we believe to be UnionPay."""

    url: str
    file_url: str
    number: str
    cert_id: str
    key: RSAPrivateKey = field(repr=False)
    root: x509.Certificate = field(repr=False)
    middle: x509.Certificate = field(repr=False)
    owner: str = OWNER


@dataclass(frozen=True)
class Answered:
    """A verified answer, and the gateway's clock (from the head of the answer, which is not signed)."""

    said: Mapping[str, str]
    at: datetime | None


class Wire:
    """Signed calls of one merchant. Safe to share between threads."""

    def __init__(self, merchant: Merchant, clock: wire.Clock = wire.now) -> None:
        self.merchant, self.clock = merchant, clock
        self._http = wire.client(merchant.url)
        self._known: dict[str, tuple[RSAPublicKey, datetime]] = {}  # certificates of theirs that were found good

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return the fields with what each request carries, signed."""
        said = {
            "version": VERSION, "encoding": "UTF-8", "signMethod": "01", "accessType": "0",
            "merId": self.merchant.number, "certId": self.merchant.cert_id, **fields,
        }  # fmt: skip
        said = {k: v for k, v in said.items() if v}
        return said | {"signature": sign(self.merchant.key, digest(said))}

    def call(self, url: str, fields: Mapping[str, str]) -> Answered:
        """Return the verified answer, whatever its respCode. Raises Unavailable for everything unsure."""
        request = self._http.build_request("POST", url, data=self.signed(fields))
        answer = wire.send(self._http, request, FILE_BYTES_MAX)
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"http_{answer.status_code}")
        try:
            said = read_answer(answer.content.decode())
            self.verify(said)
        except UnicodeDecodeError:
            raise Unavailable("unreadable") from None
        except Forged as forged:
            raise Unavailable(f"answer_{forged.fault}") from None
        if said.get("merId", self.merchant.number) != self.merchant.number:
            raise Unavailable("another_merchant")
        return Answered(said, wire.their_time(answer))

    def verify(self, fields: Mapping[str, str]) -> None:
        """Check that UnionPay said this. Raises Forged."""
        if (fields.get("version"), fields.get("signMethod")) != (VERSION, "01"):
            raise Forged("algorithm")
        key = self._key_of(fields.get("signPubKeyCert", ""))
        if not is_signed(key, digest(fields), fields.get("signature", "")):
            raise Forged("signature")

    def _key_of(self, pem: str) -> RSAPublicKey:
        known = self._known.get(pem)
        if known is None or known[1] <= self.clock():
            certificate = self._believed(pem)
            if len(self._known) >= CERTIFICATES_MAX:
                self._known.clear()
            known = (rsa_half(certificate.public_key()), certificate.not_valid_after_utc)
            self._known[pem] = known
        return known[0]

    def _believed(self, pem: str) -> x509.Certificate:
        """Return the certificate if it stands under ours, is in force and is UnionPay's. Raises Forged."""
        root, middle, now = self.merchant.root, self.merchant.middle, self.clock()
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            rsa_half(certificate.public_key())
        except (ValueError, TypeError):
            raise Forged("certificate") from None
        if not (_is_issued_by(certificate, middle) and _is_issued_by(middle, root)):
            raise Forged("certificate")
        if any(not c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in (certificate, middle, root)):
            raise Forged("certificate_expired")
        names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        if not any(self.merchant.owner in name.split("@") for name in names):
            raise Forged("certificate_owner")
        return certificate


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether the issuer signed the certificate.

    Not by `verify_directly_issued_by`, which refuses SHA-1: with that CFCA signs the certificates that UnionPay uses,
    also those in force. A collision would need CFCA to issue one half of it; no second preimage is known.
    """
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject or algorithm is None:
        return False
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def digest(fields: Mapping[str, str]) -> bytes:
    """Return what is signed: the hexadecimal SHA-256 of the sorted fields."""
    said = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k != "signature" and v)
    return hashlib.sha256(said.encode()).hexdigest().encode()


def read_answer(text: str) -> dict[str, str]:
    """Return the fields of an answer, which is not percent-encoded; `{…}` may hold fields of its own."""
    fields, depth, start = {}, 0, 0
    for at, letter in enumerate(text + "&"):
        if letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
        elif letter == "&" and depth <= 0:
            name, _, value = text[start:at].partition("=")
            fields[name] = value
            start = at + 1
    fields.pop("", None)
    return fields


def form(body: bytes) -> dict[str, str]:
    """Return the fields of a notification. Raises ValueError for what is none, or names a field twice."""
    pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=200)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("A field is named twice.")
    return fields


def key_file(path: Path, password: str) -> tuple[RSAPrivateKey, str]:
    """Return key and certificate number of a merchant's .pfx file. Raises OSError, ValueError."""
    key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), password.encode())
    if certificate is None:
        raise ValueError(f"{path} holds no certificate.")
    return an_rsa_key(key, path), str(certificate.serial_number)
