"""Cosignatures: a witness's word that a log only grew (c2sp.org/tlog-cosignature@v1.0.1).

Two kinds: Ed25519 (type 0x04), which every verifier and every browser can check today, and ML-DSA-44 (type 0x06,
FIPS 204), which a quantum computer cannot forge. A log may sign its own checkpoints with the second kind too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from struct import Struct, error
from typing import ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from minjing.kernel.ledger.rules.note import (
    BadNote,
    Claim,
    Verifier,
    line_of,
    misfit,
    parse_claim,
    parse_line,
    read_vkey,
)

STAMP = Struct(">Q")  # "Format": the time in seconds since 1970, big-endian, before the signature
LATEST = 2**63 - 1  # "Format": a timestamp MUST NOT exceed it
LABEL = b"subtree/v1\n\x00"  # "ML-DSA-44 signed message"


@dataclass(frozen=True)
class Cosigner(Verifier):
    """The public key of a witness, Ed25519."""

    KIND: ClassVar[bytes] = b"\x04"

    def check(self, signature: bytes, text: str) -> None:
        """Raise BadNote unless `signature` is this witness's over the checkpoint at the time written in it."""
        at = timestamp(signature)
        try:
            self.verify(signature[STAMP.size :], self.message(text, at))
        except InvalidSignature:
            raise misfit(self) from None

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise InvalidSignature unless the key made `signature` over `message`."""
        Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)

    def message(self, text: str, at: int) -> bytes:
        """Return the bytes that are signed ("Ed25519 signed message"): the name is not among them."""
        return f"cosignature/v1\ntime {at}\n{text}".encode()


@dataclass(frozen=True)
class PostQuantum(Cosigner):
    """The public key of a witness, or of a log, ML-DSA-44."""

    KIND: ClassVar[bytes] = b"\x06"
    KEY_BYTES: ClassVar[int] = 1312

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise InvalidSignature unless the key made `signature` over `message`."""
        MLDSA44PublicKey.from_public_bytes(self.key).verify(signature, message)

    def message(self, text: str, at: int) -> bytes:
        """Return the bytes that are signed ("ML-DSA-44 signed message"): extension lines are not among them."""
        claim = parse_claim(text)
        return LABEL + _short(self.name) + STAMP.pack(at) + _short(claim.origin) + _extent(claim)


def _short(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise BadNote("A name is longer than 255 bytes.")
    return bytes([len(data)]) + data


def _extent(claim: Claim) -> bytes:
    return STAMP.pack(0) + STAMP.pack(claim.size) + claim.root


def timestamp(signature: bytes) -> int:
    """Return the time within a cosignature, in seconds since 1970; raises BadNote."""
    try:
        (at,) = STAMP.unpack(signature[: STAMP.size])
    except error:
        raise BadNote("A cosignature is too short.") from None
    if at > LATEST:
        raise BadNote("A cosignature's time is out of range.")
    return int(at)


def time_of(line: str) -> int:
    """Return the time within a cosignature line; raises BadNote."""
    return timestamp(parse_line(line).signature)


def parse_cosigner(text: str) -> Cosigner:
    """Return the public key of a witness written as a vkey; raises BadNote."""
    return read_vkey(text, (Cosigner, PostQuantum))


def parse_log_key(text: str) -> Verifier:
    """Return the public key of a log written as a vkey, Ed25519 or ML-DSA-44; raises BadNote."""
    kinds: Sequence[type[Verifier]] = (Verifier, PostQuantum)
    return read_vkey(text, kinds)


@dataclass(frozen=True)
class CosignerKey:
    """The private key of a witness: its name, the kind of its signatures, and 32 secret bytes."""

    name: str
    kind: bytes
    seed: bytes

    @cached_property
    def verifier(self) -> Cosigner:
        """The public key that checks what this one signs."""
        if self.kind == PostQuantum.KIND:
            quantum = MLDSA44PrivateKey.from_seed_bytes(self.seed)
            return PostQuantum(self.name, quantum.public_key().public_bytes_raw())
        return Cosigner(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def cosign(self, text: str, at: int) -> str:
        """Return the cosignature line over a checkpoint's text at a time in seconds since 1970."""
        verifier = self.verifier
        message = verifier.message(text, at)
        if self.kind == PostQuantum.KIND:
            signature = MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(message)
        else:
            signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return line_of(verifier, STAMP.pack(at) + signature)

    def secret_text(self) -> str:
        """Return the private key as text: COSIGNER+KEY+<name>+<type in hex>+<seed in hex>."""
        return f"COSIGNER+KEY+{self.name}+{self.kind.hex()}+{self.seed.hex()}"


def parse_cosigner_key(text: str) -> CosignerKey:
    """Return the private key written by `secret_text`; raises BadNote."""
    parts = text.strip().split("+")
    if len(parts) != 5 or parts[:2] != ["COSIGNER", "KEY"] or parts[3] not in ("04", "06"):
        raise BadNote("This is not the private key of a witness.")
    try:
        seed = bytes.fromhex(parts[4])
    except ValueError:
        raise BadNote("The private key of the witness is damaged.") from None
    if len(seed) != 32:
        raise BadNote("The private key of the witness is damaged.")
    key = CosignerKey(parts[2], bytes.fromhex(parts[3]), seed)
    read_vkey(str(key.verifier), (Cosigner, PostQuantum))  # refuses a name that no note could carry
    return key
