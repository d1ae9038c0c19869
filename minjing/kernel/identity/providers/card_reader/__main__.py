"""`python -m minjing.kernel.identity.providers.card_reader`: the bridge on a kiosk's or a counter's machine.

register NAME --bridge FILE --platform FILE   make a device: one file for this machine, one line for the platform
serve --bridge FILE --origin URL --driver package.module:Class [--camera …] [--slot …] [--port 9413]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from minjing.kernel.identity.providers.card_reader import driver, tickets
from minjing.kernel.identity.providers.card_reader.bridge import Bridge

PORT = 9413


def main() -> None:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    new = verbs.add_parser("register")
    new.add_argument("name")
    new.add_argument("--bridge", type=Path, required=True)
    new.add_argument("--platform", type=Path, required=True)
    run = verbs.add_parser("serve")
    run.add_argument("--bridge", type=Path, required=True)
    run.add_argument("--origin", action="append", required=True, help="the platform's address, as browsers write it")
    run.add_argument("--driver", required=True)
    run.add_argument("--camera", default="")
    run.add_argument("--slot", default="", help="the slot that takes permits")
    run.add_argument("--port", type=int, default=PORT)
    asked = parser.parse_args()
    if asked.verb == "register":
        tickets.make(asked.name, asked.bridge, asked.platform)
    else:
        camera = driver.load_camera(asked.camera) if asked.camera else None
        slot = driver.load_slot(asked.slot) if asked.slot else None
        bridge = Bridge(tickets.own(asked.bridge), driver.load(asked.driver), asked.origin, camera=camera, slot=slot)
        bridge.server(asked.port).serve_forever()


if __name__ == "__main__":
    main()
