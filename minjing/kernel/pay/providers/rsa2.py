"""RSA with SHA-256 and PKCS #1 v1.5, as all three houses sign: keys from files, signatures in base64."""

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


def private_key(path: Path) -> RSAPrivateKey:
    """Return the key of a PEM file, PKCS #1 or PKCS #8. Raises OSError; ValueError for what is no RSA key."""
    return an_rsa_key(serialization.load_pem_private_key(path.read_bytes(), password=None), path)


def public_key(path: Path) -> RSAPublicKey:
    """Return the public key of a PEM file. Raises OSError; ValueError for what is no RSA key."""
    return rsa_half(serialization.load_pem_public_key(path.read_bytes()))


def an_rsa_key(key: object, where: object) -> RSAPrivateKey:
    """Return the key if it is an RSA key. Raises ValueError."""
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{where} holds no RSA key.")
    return key


def rsa_half(key: PublicKeyTypes) -> RSAPublicKey:
    """Return the public key if it is one of RSA. Raises ValueError."""
    if not isinstance(key, RSAPublicKey):
        raise ValueError("The public key is not one of RSA.")
    return key


def sign(key: RSAPrivateKey, said: bytes) -> str:
    """Return the signature of what is said, in base64."""
    return base64.b64encode(key.sign(said, PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: RSAPublicKey, said: bytes, signature: str) -> bool:
    """Tell whether the signature (base64) is the key's over what is said."""
    try:
        key.verify(base64.b64decode(signature, validate=True), said, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
