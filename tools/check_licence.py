"""Check an electronic driving licence offline: `python tools/check_licence.py --key licence-key.txt MJL1.…`.

Needs Python and `cryptography`, nothing of this system and no network. Exit 0: genuine, of this minute and in force.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

STEP_S = 60


def unpacked(text: str) -> bytes:
    """Return the bytes of base64url without padding. Raises ValueError."""
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def main(arguments: list[str]) -> int:
    """Say what the code says and how far it can be believed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True, help="file with the public key in base64")
    parser.add_argument("--at", type=float, default=None, help="seconds of the epoch instead of this device's clock")
    parser.add_argument("code")
    given = parser.parse_args(arguments)
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(Path(given.key).read_text(encoding="utf-8")))
        head, body, signature = given.code.strip().rpartition("#")[2].split(".")
        said = json.loads(unpacked(body))
        key.verify(unpacked(signature), f"{head}.{body}".encode())
    except InvalidSignature:
        print("NOT ACCEPTED: the signature does not fit.")
        return 1
    except (ValueError, UnicodeError):
        print("NOT ACCEPTED: this is no electronic licence.")
        return 1
    behind = int(given.at if given.at is not None else time.time()) // STEP_S - int(said["t"])
    print(f"name {said['n']}  classes {said['c']}  valid until {said['u']}  state {said['s']}")
    if behind > 1 or behind < 0:
        print(
            f"NOT OF THIS MINUTE: it differs from this clock by {behind} minutes; one clock is wrong, or it is old."
        )
        return 1
    if said["s"] != "valid":
        print("GENUINE, BUT NOT IN FORCE.")
        return 1
    print("GENUINE AND IN FORCE. Compare it with the person: a screenshot passes too within its minute.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
