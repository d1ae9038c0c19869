"""Signed notes and checkpoints (C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0)."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, NamedTuple, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"  # signed-note, "Signatures": the type before the public key
MARK = "\u2014 "  # an em dash and a space begin a signature line
NAME = re.compile(r"[^\s+\ud800-\udfff]+")
NOT_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # signed-note, "Format": UTF-8 without controls
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class BadNote(ValueError):
    """The text is not a note we can trust; the message says why."""


@dataclass(frozen=True)
class Verifier:
    """A public key and the name it signs under; here Ed25519 over the note's text, `cosignature` has the others."""

    KIND: ClassVar[bytes] = ED25519
    KEY_BYTES: ClassVar[int] = 32

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || 0x0A || type || key)."""
        return sha256(self.name.encode() + b"\n" + self.KIND + self.key).digest()[:4]

    def __str__(self) -> str:
        """Return the vkey: name+id+base64(type||key)."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.KIND + self.key).decode()}"

    def check(self, signature: bytes, text: str) -> None:
        """Raise BadNote unless `signature` (without the key id) is this key's over the note's text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            raise misfit(self) from None


def misfit(verifier: Verifier) -> BadNote:
    """Return the refusal of a signature that is not the key's."""
    return BadNote(f"The signature of {verifier.name} does not fit the text.")


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it signs under."""

    name: str
    seed: bytes  # 32 bytes, Ed25519

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return `text` with a signature line; Ed25519 gives the same bytes each time."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{text}\n{line_of(self.verifier, signature)}"

    def secret_text(self) -> str:
        """Return the private key as text, in the form other tools for signed notes read."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{b64encode(ED25519 + self.seed).decode()}"


def parse_vkey(text: str) -> Verifier:
    """Return the Ed25519 public key written as a vkey; raises BadNote."""
    return read_vkey(text, (Verifier,))


V = TypeVar("V", bound=Verifier)


def read_vkey(text: str, kinds: Sequence[type[V]]) -> V:
    """Return the public key written as a vkey, if it is of one of these kinds; raises BadNote."""
    name, _, rest = text.strip().partition("+")
    claimed, _, encoded = rest.partition("+")
    data = unbase64(encoded)
    for kind in kinds:
        if data[:1] == kind.KIND and len(data) == 1 + kind.KEY_BYTES and NAME.fullmatch(name):
            verifier = kind(name, data[1:])
            if verifier.key_id.hex() != claimed:
                raise BadNote("The public key does not match its own key id.")
            return verifier
    raise BadNote("This is not a public key of the kind that is needed here.")


def parse_signer(text: str) -> Signer:
    """Return the private key written by `secret_text`; raises BadNote."""
    parts = text.strip().split("+", 4)
    if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"] or not NAME.fullmatch(parts[2]):
        raise BadNote("This is not a private key for signed notes.")
    data = unbase64(parts[4])
    if len(data) != 33 or data[:1] != ED25519:
        raise BadNote("This is not the private key of an Ed25519 log.")
    signer = Signer(parts[2], data[1:])
    if signer.verifier.key_id.hex() != parts[3]:
        raise BadNote("The private key does not match its own key id.")
    return signer


class Line(NamedTuple):
    """One signature under a note."""

    name: str
    key_id: bytes
    signature: bytes


def open_note(note: str, verifiers: Sequence[Verifier]) -> str:
    """Return the text of a note that at least one of `verifiers` signed; raises BadNote.

    Lines of unknown keys are skipped, a known key that fails refuses the note (signed-note, "Signatures").
    """
    text, signed_by = opened(note, verifiers)
    if not signed_by:
        raise BadNote("No known key signed this note.")
    return text


def opened(note: str, verifiers: Iterable[Verifier]) -> tuple[str, set[Verifier]]:
    """Return a note's text and who of `verifiers` signed it; raises BadNote, also where a known key fails."""
    text, lines = parts_of(note)
    by_id: dict[tuple[str, bytes], list[Verifier]] = {}
    for verifier in verifiers:
        by_id.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    signed_by = set()
    for line in map(parse_line, lines):
        for verifier in by_id.get((line.name, line.key_id), ()):
            verifier.check(line.signature, text)
            signed_by.add(verifier)
    return text, signed_by


def parse_line(line: str) -> Line:
    """Return a signature line taken apart; raises BadNote."""
    name, _, encoded = line.removeprefix(MARK).partition(" ")
    blob = unbase64(encoded)
    if not line.startswith(MARK) or not NAME.fullmatch(name) or len(blob) < 5:
        raise BadNote("A signature line is malformed.")
    return Line(name, blob[:4], blob[4:])


def line_of(verifier: Verifier, signature: bytes) -> str:
    """Return a signature as the line that stands under a note, with its line break."""
    return f"{MARK}{verifier.name} {b64encode(verifier.key_id + signature).decode()}\n"


def parts_of(note: str) -> tuple[str, list[str]]:
    """Return the text, ending in a line break, and the signature lines; the last blank line parts them."""
    if NOT_TEXT.search(note):
        raise BadNote("The note holds control characters.")
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or not head:
        raise BadNote("The note has no signatures.")
    return head + "\n", tail[:-1].split("\n")


def unbase64(text: str) -> bytes:
    """Return the bytes of standard base64; raises BadNote, also for a second spelling of the same bytes."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("A part of the note is not base64.") from None
    if b64encode(data).decode() != text:
        raise BadNote("A part of the note is not canonical base64.")
    return data


@dataclass(frozen=True, slots=True)
class Claim:
    """What a checkpoint states: this log has this many entries under this root."""

    origin: str
    size: int
    root: bytes


def claim_text(claim: Claim) -> str:
    """Return the text to be signed (tlog-checkpoint, "Note text")."""
    return f"{claim.origin}\n{claim.size}\n{b64encode(claim.root).decode()}\n"


def parse_claim(text: str) -> Claim:
    """Return what a checkpoint's text states; raises BadNote. Extension lines are allowed and skipped."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or "" in lines[:-1]:
        raise BadNote("The checkpoint does not have its three lines.")
    root = unbase64(lines[2])
    if not SIZE.fullmatch(lines[1]) or len(root) != 32:
        raise BadNote("The checkpoint's size or root is malformed.")
    return Claim(lines[0], int(lines[1]), root)
