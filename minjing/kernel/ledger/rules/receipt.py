"""Receipts: that an entry is in the log and witnesses saw it, in one file (c2sp.org/tlog-proof, as of July 2026).

Our receipts carry the public entry itself as the format's `extra`, so that one file is all a resident keeps.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from minjing.kernel.ledger.rules.note import BadNote, Claim, parse_claim, parts_of, unbase64
from minjing.kernel.ledger.rules.policy import NotTrusted, Policy
from minjing.kernel.ledger.rules.tree import HASH_BYTES, included, leaf_hash

HEAD = "c2sp.org/tlog-proof@v1"
INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
PATH_MAX = 63  # a tree has no more levels: sizes stay below 2**63


class BadReceipt(ValueError):
    """The receipt proves nothing; the message says why."""


@dataclass(frozen=True)
class Receipt:
    """A receipt taken apart; nothing in it has been checked yet."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def receipt_text(index: int, path: Sequence[bytes], checkpoint: str, extra: bytes | None = None) -> str:
    """Return the text of a receipt."""
    lines = [HEAD]
    if extra is not None:
        lines.append(f"extra {b64encode(extra).decode()}")
    lines.append(f"index {index}")
    lines += [b64encode(step).decode() for step in path]
    return "\n".join(lines) + f"\n\n{checkpoint}"


def parse_receipt(text: str) -> Receipt:
    """Return a receipt taken apart; raises BadReceipt."""
    # The first empty line ends the proof; a checkpoint has none before that of its signatures.
    proof, blank, checkpoint = text.partition("\n\n")
    lines = proof.split("\n")
    if not blank or lines.pop(0) != HEAD:
        raise BadReceipt("This is not a receipt: its first line is missing.")
    try:
        extra = unbase64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
        index = INDEX.fullmatch(lines.pop(0)) if lines else None
        path = tuple(map(unbase64, lines))
        parse_claim(parts_of(checkpoint)[0])
    except BadNote as bad:
        raise BadReceipt(str(bad)) from None
    if index is None:
        raise BadReceipt("The receipt does not say which entry it is for.")
    if len(path) > PATH_MAX or any(len(step) != HASH_BYTES for step in path):
        raise BadReceipt("A step of the receipt's path is malformed.")
    return Receipt(int(index[1]), path, checkpoint, extra)


def check_receipt(receipt: Receipt, entry: bytes, policy: Policy) -> Claim:
    """Return the signed head that holds `entry`; raises BadReceipt unless the policy trusts it and the path fits."""
    # tlog-proof: the extra data is not authenticated; what is said of the entry must be the entry.
    if receipt.extra is not None and receipt.extra != entry:
        raise BadReceipt("The entry within the receipt is not this entry.")
    try:
        claim = policy.check(receipt.checkpoint)
    except NotTrusted as reason:
        raise BadReceipt(str(reason)) from None
    if not included(receipt.index, claim.size, leaf_hash(entry), receipt.path, claim.root):
        raise BadReceipt("The path does not lead from this entry to the signed root.")
    return claim
