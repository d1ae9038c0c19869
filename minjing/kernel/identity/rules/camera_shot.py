"""What the bridge beside a machine's camera signs: one picture, for one ticket, at one instant. Pure."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from minjing.kernel.identity.rules.card_chip import Refused

PICTURE_BYTES_MAX = 600_000  # of the JPEG
BODY_MAX = PICTURE_BYTES_MAX * 2
SAID = {"v", "what", "device", "ticket", "taken_at", "picture"}


@dataclass(frozen=True, slots=True)
class Shot:
    """Which camera took which picture for which ticket, and when. `picture` is base64 of a JPEG."""

    device: str
    ticket: str
    taken_at: datetime
    picture: str

    def body(self) -> str:
        """Return the text that is signed; `what` keeps it from being taken for a card's reading."""
        said = {
            "v": 1, "what": "shot", "device": self.device, "ticket": self.ticket,
            "taken_at": self.taken_at.isoformat(), "picture": self.picture,
        }  # fmt: skip
        return json.dumps(said, sort_keys=True, separators=(",", ":"))

    def jpeg(self) -> bytes:
        """Return the picture. Raises Refused for what is no base64 of a JPEG."""
        try:
            content = base64.b64decode(self.picture, validate=True)
        except ValueError:
            raise Refused("shape") from None
        if not content.startswith(b"\xff\xd8") or len(content) > PICTURE_BYTES_MAX:
            raise Refused("shape")
        return content


def open_shot(body: str) -> Shot:
    """Return what a signed text says. Raises Refused."""
    try:
        said = json.loads(body)
        taken_at = datetime.fromisoformat(said["taken_at"])
        if set(said) != SAID or (said["v"], said["what"]) != (1, "shot") or taken_at.tzinfo is None:
            raise Refused("shape")
        return Shot(str(said["device"]), str(said["ticket"]), taken_at, str(said["picture"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("shape") from None
