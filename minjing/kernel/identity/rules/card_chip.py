"""The text in an identity card's chip as a reader's security module hands it out, and what a bridge signs. Pure.

The module hands out 256 bytes of UTF-16LE in fields of fixed length; vendors' manuals agree on them (the standard
itself was not read: confidence C). 民族 is among them: it is read over, as on the printed card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from minjing.kernel.identity.rules.card import LONG_TERM, Field

# Name and bytes of each field, in order.
LAYOUT = (
    ("name", 30), ("sex", 2), ("", 4), ("birth_date", 16), ("address", 70), ("id_number", 36), ("issuer", 30),
    ("valid_from", 16), ("valid_to", 16), ("", 36),
)  # fmt: skip
MESSAGE_BYTES = 256
TICKET_S = 120  # a page may ask for one card within this time
SKEW_S = 300  # how far a bridge's clock may be from ours
BODY_MAX = 100_000
SEXES = {"1": "男", "2": "女"}  # GB/T 2261.1


class NotACard(ValueError):
    """The bytes are not what a card's chip says."""


class Refused(ValueError):
    """A signed reading is not taken; `reason`: shape, device, signature, ticket, late, other_page, replayed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """What a bridge signs: which reader read which card for which ticket, and when."""

    device: str
    ticket: str
    read_at: datetime
    fields: Mapping[str, str]
    portrait: str  # base64 of a JPEG, "" when the reader has no decoder for it

    def body(self) -> str:
        """Return the text that is signed: ASCII, which no form's encoding alters on its way."""
        said = {
            "v": 1, "device": self.device, "ticket": self.ticket, "read_at": self.read_at.isoformat(),
            "fields": dict(self.fields), "portrait": self.portrait,
        }  # fmt: skip
        return json.dumps(said, sort_keys=True, separators=(",", ":"))


def parse(message: bytes) -> dict[str, str]:
    """Return the fields of a chip's message by the names of rules.card. Raises NotACard."""
    if len(message) != MESSAGE_BYTES:
        raise NotACard("length")
    found, at = {}, 0
    for name, size in LAYOUT:
        if name:
            try:
                found[name] = message[at : at + size].decode("utf-16-le").strip(" \0\u3000")
            except UnicodeDecodeError:
                raise NotACard(name) from None
        at += size
    found["sex"] = SEXES.get(found["sex"], found["sex"])
    for name in ("birth_date", "valid_from", "valid_to"):
        found[name] = LONG_TERM if found[name] == "长期" else _day(found[name])
    return found


def compose(fields: Mapping[str, str]) -> bytes:
    """Return the message a chip with these fields would say: for stand-ins and tests."""
    codes = {sex: code for code, sex in SEXES.items()}
    said = {**fields, "sex": codes.get(fields["sex"], fields["sex"])}
    for name in ("birth_date", "valid_from", "valid_to"):
        said[name] = "长期" if said[name] == LONG_TERM else said[name].replace("-", "")
    parts = []
    for name, size in LAYOUT:
        text = said.get(name, "").encode("utf-16-le")[:size] if name else b""
        parts.append(text + " ".encode("utf-16-le") * ((size - len(text)) // 2))
    return b"".join(parts)


def _day(text: str) -> str:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat()
    except ValueError:
        raise NotACard("date") from None


def open_body(body: str) -> Signed:
    """Return what a signed text says. Raises Refused."""
    try:
        said = json.loads(body)
        known = {name for name, _ in LAYOUT if name}
        fields = {name: str(value) for name, value in said["fields"].items() if name in known}
        if said["v"] != 1 or set(fields) != known:
            raise Refused("shape")
        read_at = datetime.fromisoformat(said["read_at"])
        if read_at.tzinfo is None:
            raise Refused("shape")
        return Signed(str(said["device"]), str(said["ticket"]), read_at, fields, str(said["portrait"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("shape") from None


def as_fields(signed: Signed) -> dict[str, Field]:
    """Return the chip's fields for rules.card.judge: read electronically, so all of them are sure."""
    return {name: Field(value, 1.0, borne_out=True) for name, value in signed.fields.items() if value}
