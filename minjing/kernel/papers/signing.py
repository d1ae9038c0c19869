"""The city's keys and certificates, under which papers are signed (pades.py).

A small authority of the city's own is made once, with a signing certificate under it, in DATA_DIR/keys/papers.
A real city puts certificates of a licensed authority in the same four files.
"""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier
from django.conf import settings

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
RSA_BITS = 3072  # equal to 128 bits until 2030 and beyond (NIST SP 800-57)
AUTHORITY_DAYS, SIGNER_DAYS = 7300, 1825


@dataclass(frozen=True, slots=True)
class Names:
    """Who signs: the names inside the certificates."""

    police: str
    authority: str
    signer: str


def keys_dir() -> Path:
    """Return the folder of the city's signing keys, which it makes at the first call."""
    folder: Path = settings.DATA_DIR / "keys" / "papers"
    if not (folder / "signer.pem").exists():
        make(folder, city_names(), datetime.now(UTC))
    return folder


def authority_pem() -> bytes:
    """Return the certificate of the city's authority: who trusts it can verify every paper offline."""
    return (keys_dir() / "authority.pem").read_bytes()


def fingerprint() -> str:
    """Return the SHA-256 of the authority's certificate, in hex pairs: to be compared by another road."""
    certificate = x509.load_pem_x509_certificate(authority_pem())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def city_names() -> Names:
    """Return the names for the certificates, from the city's folder."""
    from minjing.kernel.papers.city import city  # reads YAML, which is needed once in a city's life

    police = city().police["zh"]
    mark = "（示范）" if settings.DEMO else ""
    return Names(police, f"{police}电子证照根证书{mark}", f"{police}电子证照签章{mark}")


def make(folder: Path, names: Names, now: datetime) -> None:
    """Make the authority and the signing certificate; where two processes try at once, the first one's stay."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix="papers-", dir=folder.parent))  # mode 700
    authority_key, signer_key = (rsa.generate_private_key(65537, RSA_BITS) for _ in range(2))
    authority_name, signer_name = _name(names.police, names.authority), _name(names.police, names.signer)
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    signer = (
        _builder(signer_name, authority_name, signer_key.public_key(), now, SIGNER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signer_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(draft / "authority.key", _key_pem(authority_key))
    _write(draft / "authority.pem", authority.public_bytes(serialization.Encoding.PEM))
    _write(draft / "signer.key", _key_pem(signer_key))
    _write(draft / "signer.pem", signer.public_bytes(serialization.Encoding.PEM))
    try:
        draft.rename(folder)  # atomic; refused where the folder has been filled meanwhile
    except OSError:
        shutil.rmtree(draft)
        if not (folder / "signer.pem").exists():
            raise


def _name(police: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, police),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(secrets.randbits(127) | 1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=not sign_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
