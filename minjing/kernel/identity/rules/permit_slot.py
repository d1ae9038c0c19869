"""What the bridge signs of the slot for permits: which number lies in it, or what was written to its chip. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from minjing.kernel.identity.rules.card_chip import Refused

TAKEN, WRITTEN = "permit_taken", "permit_written"
TEXT_MAX = 300
SAID = {"v", "what", "device", "ticket", "at", "text"}


@dataclass(frozen=True, slots=True)
class SlotSaid:
    """Which slot took (the number) or wrote (the words) for which ticket, and when."""

    device: str
    ticket: str
    at: datetime
    what: str
    text: str

    def body(self) -> str:
        """Return the text that is signed."""
        said = {
            "v": 1, "what": self.what, "device": self.device, "ticket": self.ticket, "at": self.at.isoformat(),
            "text": self.text,
        }  # fmt: skip
        return json.dumps(said, sort_keys=True, separators=(",", ":"))


def open_slot(body: str, what: str) -> SlotSaid:
    """Return what a signed text says, if it says `what`. Raises Refused."""
    try:
        said = json.loads(body)
        at = datetime.fromisoformat(said["at"])
        if set(said) != SAID or (said["v"], said["what"]) != (1, what) or at.tzinfo is None:
            raise Refused("shape")
        if len(str(said["text"])) > TEXT_MAX:
            raise Refused("shape")
        return SlotSaid(str(said["device"]), str(said["ticket"]), at, what, str(said["text"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("shape") from None
