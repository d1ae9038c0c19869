"""Signed notes: a text, and under it a line for each key that signed it (c2sp.org/signed-note@v1.0.0).

Keys have kinds: 1 is a log's (Ed25519 over the text), 4 a witness's (Ed25519 over the text and the time, see
c2sp.org/tlog-cosignature@v1.0.1), 6 either's, made so that a quantum computer cannot forge it (ML-DSA-44).
"""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from struct import pack
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

LOG, WITNESS, QUANTUM = 1, 4, 6
KEY_BYTES = {LOG: 32, WITNESS: 32, QUANTUM: 1312}
NAME = re.compile(r"[^\s+\ud800-\udfff]+")  # of a key: no spaces, no plus sign
NOT_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # what no note may hold
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Bad(Exception):
    """Something does not hold; the message says what."""


class Key(NamedTuple):
    """A public key."""

    name: str
    kind: int
    data: bytes

    def id(self) -> bytes:
        """Return the four bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.data).digest()[:4]


class Checkpoint(NamedTuple):
    """What a log states: I hold `size` entries, and `root` is the hash over all of them."""

    origin: str
    size: int
    root: bytes


def unbase64(text: str) -> bytes:
    """Return the bytes of base64, which has one spelling only."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Bad("A line that should be base64 is not.") from None
    if b64encode(data).decode() != text:
        raise Bad("A line of base64 is spelled in an unusual way.")
    return data


def read_key(text: str) -> Key:
    """Return the public key in a line like: city.example/ledger+cd9f0b30+AXqr…"""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = unbase64(encoded)
    if not data or not NAME.fullmatch(name) or len(data) - 1 != KEY_BYTES.get(data[0]):
        raise Bad("This is not a public key of a log or a witness.")
    key = Key(name, data[0], data[1:])
    if key.id().hex() != key_id:
        raise Bad(f"The public key of {name} was mistyped: it does not fit its own number.")
    return key


def open_note(note: str, keys: list[Key]) -> tuple[str, dict[Key, int]]:
    """Return a note's text and which of `keys` signed it when (0: not said); one of ours that is wrong spoils it."""
    if NOT_TEXT.search(note):
        raise Bad("The note holds characters that are not text.")
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not head or not tail.endswith("\n"):
        raise Bad("There are no signatures under the text.")
    text, signed = head + "\n", {}
    for line in tail[:-1].split("\n"):
        name, _, encoded = line.removeprefix("— ").partition(" ")
        blob = unbase64(encoded)
        if not line.startswith("— ") or not NAME.fullmatch(name) or len(blob) < 5:
            raise Bad("A signature line is malformed.")
        for key in keys:
            if (key.name, key.id()) == (name, blob[:4]):
                signed[key] = check_signature(key, blob[4:], text)
    return text, signed


def check_signature(key: Key, signature: bytes, text: str) -> int:
    """Return the time within the signature (0: none); raises Bad unless the key made it over this text."""
    at, signature = (0, signature) if key.kind == LOG else (int.from_bytes(signature[:8], "big"), signature[8:])
    if at >= 2**63:
        raise Bad(f"The time in the signature of {key.name} is impossible.")
    try:
        if key.kind == QUANTUM:
            message = quantum_message(key, at, read_checkpoint(text))
            MLDSA44PublicKey.from_public_bytes(key.data).verify(signature, message)
        else:
            stamped = f"cosignature/v1\ntime {at}\n" if key.kind == WITNESS else ""
            Ed25519PublicKey.from_public_bytes(key.data).verify(signature, (stamped + text).encode())
    except InvalidSignature:
        raise Bad(f"The signature of {key.name} is forged or damaged.") from None
    return at


def quantum_message(key: Key, at: int, head: Checkpoint) -> bytes:
    """Return what an ML-DSA-44 key signs of a checkpoint."""
    name, origin = key.name.encode(), head.origin.encode()
    if len(name) > 255 or len(origin) > 255:
        raise Bad("A name is too long.")
    layout = f">12sB{len(name)}sQB{len(origin)}sQQ32s"
    return pack(layout, b"subtree/v1\n\0", len(name), name, at, len(origin), origin, 0, head.size, head.root)


def read_checkpoint(text: str) -> Checkpoint:
    """Return what the text of a checkpoint states (c2sp.org/tlog-checkpoint@v1.0.0)."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or "" in lines[:-1]:
        raise Bad("This is not a checkpoint: it does not have its three lines.")
    root = unbase64(lines[2])
    if not NUMBER.fullmatch(lines[1]) or len(root) != 32:
        raise Bad("The size or the root in the checkpoint is malformed.")
    return Checkpoint(lines[0], int(lines[1]), root)
