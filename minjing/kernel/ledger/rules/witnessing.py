"""What a log asks of a witness and when a witness agrees (c2sp.org/tlog-witness@v1.0.0, "add-checkpoint")."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from minjing.kernel.ledger.rules.note import (
    SIZE,
    BadNote,
    Claim,
    Verifier,
    open_note,
    parse_claim,
    parts_of,
    unbase64,
)
from minjing.kernel.ledger.rules.tree import EMPTY_ROOT, HASH_BYTES, consistent

PROOF_MAX = 63  # "The client MUST NOT send more than 63 consistency proof lines."
SIZE_TYPE = "text/x.tlog.size"
OLD = re.compile(rf"old ({SIZE.pattern})")


@dataclass(frozen=True)
class Request:
    """A checkpoint, the size it grew from, and the proof that it did."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str


class Refused(Exception):
    """The witness does not agree; `status` is the HTTP status and `body` what is answered."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body.strip()}")
        self.status = status
        self.body = body


class Forked(Refused):
    """A log signed two roots for one size: the checkpoint is evidence and worth keeping."""


def request_text(old: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Return the body of a request."""
    return f"old {old}\n" + "".join(f"{b64encode(step).decode()}\n" for step in proof) + f"\n{checkpoint}"


def parse_request(text: str) -> Request:
    """Return a request taken apart; raises Refused with 400."""
    head, _, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    old = OLD.fullmatch(first)
    if old is None:
        raise Refused(400, "The first line must be: old SIZE\n")
    try:
        proof = tuple(map(unbase64, lines))
    except BadNote as bad:
        raise Refused(400, f"{bad}\n") from None
    if len(proof) > PROOF_MAX or any(len(step) != HASH_BYTES for step in proof):
        raise Refused(400, "A proof has at most 63 lines of one SHA-256 hash each.\n")
    return Request(int(old[1]), proof, checkpoint)


def claimed(checkpoint: str) -> Claim:
    """Return what a checkpoint claims, unchecked; raises Refused with 400."""
    try:
        return parse_claim(parts_of(checkpoint)[0])
    except BadNote as bad:
        raise Refused(400, f"{bad}\n") from None


def judge(request: Request, keys: Sequence[Verifier], seen: Claim | None) -> Claim:
    """Return the claim that a witness may cosign; raises Refused.

    `keys` are those the witness trusts for the checkpoint's origin, `seen` is what it cosigned last.
    """
    claim = claimed(request.checkpoint)
    if not keys:
        raise Refused(404, "This witness does not know this log.\n")
    try:
        open_note(request.checkpoint, keys)
    except BadNote as bad:
        raise Refused(403, f"{bad}\n") from None
    if request.old > claim.size:
        raise Refused(400, "The old size is larger than the checkpoint's.\n")
    size, root = (seen.size, seen.root) if seen else (0, EMPTY_ROOT)
    if request.old != size:
        raise Refused(409, f"{size}\n")
    if claim.size == size and claim.root != root:
        raise Forked(422, f"The root at size {size} is another than the one this witness knows.\n")
    if not _follows(claim, request.proof, size, root):
        raise Refused(422, "The proof does not lead from what this witness has seen to this checkpoint.\n")
    return claim


def _follows(claim: Claim, proof: Sequence[bytes], size: int, root: bytes) -> bool:
    if size == 0:
        return not proof  # the empty tree is the beginning of every tree
    return consistent(size, claim.size, proof, root, claim.root)


def origin_hash(origin: str) -> str:
    """Return the name of a log in the addresses for monitors ("Monitor Retrieval Mechanism")."""
    return sha256(origin.encode()).hexdigest()
