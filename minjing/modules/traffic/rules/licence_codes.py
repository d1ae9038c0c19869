"""The code of the electronic licence: signed, new each minute, checked without asking anybody.

`MJL1.<body>.<signature>`: body is JSON in base64url with the least that a check needs (name masked, classes, last
day, state) and the minute it was made in; the signature is Ed25519 over `MJL1.<body>`. Whoever checks needs the
published key and a clock. A code photographed within its minute can be shown by another: the check says whose licence
it is, not who shows it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

STEP_S = 60
PREFIX = "MJL1"
LONGEST = 1_000  # characters


class WrongCode(ValueError):
    """It is no valid code; `reason` is one of form, signature, old, early."""

    def __init__(self, reason: str, minutes: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.minutes = reason, minutes


@dataclass(frozen=True, slots=True)
class Shown:
    """What a code says."""

    name: str  # masked
    classes: str
    until: date
    status: str
    step: int


def step_at(now: datetime) -> int:
    """Return the minute, counted from the epoch, that codes made now belong to."""
    return int(now.timestamp()) // STEP_S


def left_s(now: datetime) -> int:
    """Return for how many seconds the code of now stays the newest."""
    return STEP_S - int(now.timestamp()) % STEP_S


def made(shown: Shown, sign: Callable[[bytes], bytes]) -> str:
    """Return the code that says this."""
    said = {
        "n": shown.name,
        "c": shown.classes,
        "u": shown.until.isoformat(),
        "s": shown.status,
        "t": shown.step,
    }
    body = f"{PREFIX}.{_packed(json.dumps(said, ensure_ascii=False, separators=(',', ':')).encode())}"
    return f"{body}.{_packed(sign(body.encode()))}"


def checked(code: str, verify: Callable[[bytes, bytes], bool], now: datetime) -> Shown:
    """Return what a code says. Raises WrongCode: malformed, not signed by the key, or of another minute.

    The minute before is taken too: it turns while somebody reads. A code from later than that is of a wrong clock,
    theirs or the reader's, and is said to be so rather than taken.
    """
    code = code.strip().rpartition("#")[2]
    parts = code.split(".")
    if len(code) > LONGEST or len(parts) != 3 or parts[0] != PREFIX:
        raise WrongCode("form")
    try:
        said = json.loads(_unpacked(parts[1]))
        signature = _unpacked(parts[2])
        shown = Shown(str(said["n"]), str(said["c"]), date.fromisoformat(said["u"]), str(said["s"]), int(said["t"]))
    except (ValueError, KeyError, TypeError):
        raise WrongCode("form") from None
    if not verify(signature, f"{parts[0]}.{parts[1]}".encode()):
        raise WrongCode("signature")
    behind = step_at(now) - shown.step
    if behind > 1:
        raise WrongCode("old", behind)
    if behind < 0:
        raise WrongCode("early", -behind)
    return shown


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    found = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _packed(found) != text:  # another spelling of the same bytes
        raise ValueError("not as it is written")
    return found
