"""The keys of the local WeChat Pay: whose signature it believes, how it signs, what it encrypts."""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from minjing.kernel.pay.providers.standin import keys
from minjing.kernel.pay.providers.standin.gateway import Asked

MERCHANT = "1900000001"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
CLOCK_SKEW_S = 300
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026112700000000000001"


class Fault(Exception):
    """An error as the API says it."""

    def __init__(self, status: int, code: str, message: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.detail = status, code, message, detail


@dataclass(frozen=True)
class Platform:
    """A platform certificate with its key; the newest signs."""

    serial: str
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


class Seal:
    """All keys of the gateway and the merchant's certificate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.merchant = certificate(folder / "merchant_cert.pem")
        self.api_v3_key = (folder / "api_v3_key").read_text().encode()
        self.platforms = [platform(p) for p in sorted((folder / "platform").glob("*.key"))]
        self.public_key = keys.key(folder / "wechatpay_pub.key")

    def rotate(self) -> str:
        """Sign with a new platform certificate from now on; return its serial number."""
        self.platforms.append(new_platform(self._folder / "platform", len(self.platforms)))
        return self.platforms[-1].serial

    def is_merchants(self, said: str, signature: str) -> bool:
        """Tell whether the merchant signed this."""
        key = self.merchant.public_key()
        try:
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(base64.b64decode(signature), said.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def check(self, asked: Asked, now: float) -> None:
        """Check that the merchant said this, and lately. Raises Fault with the true words."""
        for needed in ("accept", "user-agent"):
            if not asked.headers.get(needed):
                raise Fault(401, "SIGN_ERROR", "Http头缺少Accept或User-Agent")
        scheme, _, rest = asked.headers.get("authorization", "").partition(" ")
        given = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if set(given) != {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}:
            raise Fault(401, "SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
        if scheme != SCHEME:
            raise Fault(401, "SIGN_ERROR", "Http头Authorization认证类型不正确")
        if not given["timestamp"].isdigit() or abs(now - int(given["timestamp"])) > CLOCK_SKEW_S:
            raise Fault(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        if given["mchid"] != MERCHANT:
            raise Fault(401, "SIGN_ERROR", "商户号不存在，请检查mchid")
        if given["serial_no"].upper() != keys.serial(self.merchant):
            raise Fault(401, "SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号")
        said = f"{asked.method}\n{asked.target}\n{given['timestamp']}\n{given['nonce_str']}\n{asked.body.decode()}\n"
        if not self.is_merchants(said, given["signature"]):
            raise Fault(401, "SIGN_ERROR", "签名错误，请检查后再试", {
                "field": "signature", "location": "authorization", "detail": {"issue": "sign not match"},
                "sign_information": {
                    "method": asked.method, "url": asked.target, "sign_message_length": len(said.encode()),
                    "truncated_sign_message": said[:120],
                },
            })  # fmt: skip

    def signed(self, body: bytes, serial: str, now: float) -> dict[str, str]:
        """Return the headers that sign an answer or a notice; `serial` is that which the merchant asked for."""
        by_public_key = serial.startswith("PUB_KEY_ID")
        key = self.public_key if by_public_key else self.platforms[-1].key
        stamp, nonce = str(int(now)), secrets.token_hex(16)
        signature = key.sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), hashes.SHA256())
        return {
            "Request-ID": secrets.token_hex(16).upper(),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Serial": PUBLIC_KEY_ID if by_public_key else self.platforms[-1].serial,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": SCHEME,
        }


def sealed(key: bytes, text: str, about: str) -> dict[str, str]:
    """Return the text under AEAD_AES_256_GCM as API v3 sends it."""
    nonce = secrets.token_hex(6)
    ciphertext = AESGCM(key).encrypt(nonce.encode(), text.encode(), about.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": about, "nonce": nonce,
    }  # fmt: skip


def new_platform(folder: Path, number: int) -> Platform:
    """Make a platform certificate and return it."""
    key = keys.key(folder / f"{number:04d}.key")
    keys.certificate(folder / f"{number:04d}.pem", key, "Tenpay.com sign (demo stand-in)")
    return platform(folder / f"{number:04d}.key")


def platform(path: Path) -> Platform:
    """Return the platform certificate whose key lies at the path."""
    own = certificate(path.with_suffix(".pem"))
    return Platform(keys.serial(own), own, keys.key(path))


def certificate(path: Path) -> x509.Certificate:
    """Return the certificate of a PEM file."""
    return x509.load_pem_x509_certificate(path.read_bytes())
