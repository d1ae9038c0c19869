"""Keys and certificates of a local gateway and of its demo merchant, made once and kept in its folder (mode 600)."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Signing = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
YEARS = timedelta(days=5 * 365)


def key(path: Path) -> rsa.RSAPrivateKey:
    """Return the RSA-2048 key kept at the path (PKCS #8, PEM), made if it is not there yet."""
    if path.exists():
        # We made it ourselves: to prove it anew at each start would take a quarter of a second.
        kept = serialization.load_pem_private_key(
            path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        if not isinstance(kept, rsa.RSAPrivateKey):
            raise ValueError(f"{path} holds no RSA key.")
        return kept
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write(path, made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return made


def authority_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key of an authority kept at the path: P-256, which is made at once, for a demo must start fast."""
    if path.exists():
        kept = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(kept, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} holds no EC key.")
        return kept
    made = ec.generate_private_key(ec.SECP256R1())
    write(path, made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return made


def public(path: Path, of: rsa.RSAPrivateKey) -> None:
    """Write the public half beside the key, as the provider's console hands it out."""
    write(path, of.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ))  # fmt: skip


def certificate(
    path: Path,
    of: Signing,
    name: str,
    signed_by: tuple[x509.Certificate, Signing] | None = None,
    authority: bool = False,
    expires_in: timedelta = YEARS,
) -> x509.Certificate:
    """Return the certificate kept at the path, made if it is not there yet; without `signed_by` it signs itself."""
    if path.exists():
        return x509.load_pem_x509_certificate(path.read_bytes())
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = (signed_by[0].subject, signed_by[1]) if signed_by else (subject, of)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(of.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + expires_in)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signing, hashes.SHA256())
    )
    write(path, made.public_bytes(serialization.Encoding.PEM))
    return made


def serial(of: x509.Certificate) -> str:
    """Return the serial number as WeChat Pay writes it: upper-case hexadecimal."""
    return f"{of.serial_number:X}"


def write(path: Path, content: bytes) -> None:
    """Write a file of mode 600 whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(path.suffix + ".new")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(content)
    half.replace(path)
