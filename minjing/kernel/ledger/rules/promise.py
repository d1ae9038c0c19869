"""The promise of an entry: given at once, it says that the entry will stand in the log within a minute.

The idea is the signed certificate timestamp of RFC 6962 §3.2; the form is a signed note (C2SP signed-note), so that
whoever can check our checkpoints can check our promises. It names no person: a leaf hash says nothing without its
entry, and an entry nothing without its salt.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from minjing.kernel.ledger.rules.note import SIZE, BadNote, Verifier, open_note, unbase64

WITHIN_S = 60  # the publication delay promised; the alarm of the log's supervisor rings at the same time
LEAVES_MAX = 1_000  # entries under one promise: a page of looks is far smaller
SUFFIX = "/promise"  # after the log's origin: a promise can never be read as a checkpoint of the log


@dataclass(frozen=True, slots=True)
class Promise:
    """What a promise states: these leaves will be in the log of this origin within so many seconds of `at`."""

    origin: str
    leaves: tuple[bytes, ...]
    at: int  # seconds since 1970
    within_s: int = WITHIN_S


def promise_text(promise: Promise) -> str:
    """Return the text to be signed: origin, leaf hashes, time, delay, a line each."""
    leaves = "\n".join(b64encode(leaf).decode() for leaf in promise.leaves)
    return f"{promise.origin}{SUFFIX}\n{leaves}\n{promise.at}\nwithin {promise.within_s} s\n"


def open_promise(note: str, verifiers: Sequence[Verifier]) -> Promise:
    """Return what a promise states that one of `verifiers` signed; raises BadNote."""
    return parse_promise(open_note(note, verifiers))


def parse_promise(text: str) -> Promise:
    """Return what the text of a promise states; raises BadNote."""
    lines = text.split("\n")
    if len(lines) < 5 or lines[-1] or not lines[0].endswith(SUFFIX):
        raise BadNote("This is not a promise.")
    leaves, at = tuple(unbase64(line) for line in lines[1:-3]), lines[-3]
    words = lines[-2].split(" ")
    if len(leaves) > LEAVES_MAX or any(len(leaf) != 32 for leaf in leaves):
        raise BadNote("The promise's leaf hashes are malformed.")
    if not SIZE.fullmatch(at) or len(words) != 3 or (words[0], words[2]) != ("within", "s"):
        raise BadNote("The promise's time is malformed.")
    if not SIZE.fullmatch(words[1]):
        raise BadNote("The promise's delay is malformed.")
    return Promise(lines[0].removesuffix(SUFFIX), leaves, int(at), int(words[1]))
