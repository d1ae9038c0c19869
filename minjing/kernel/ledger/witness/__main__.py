"""`minjing witness init | run | show`, also as `python -m minjing.kernel.ledger.witness`: starts without Django."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from types import FrameType

from minjing.kernel.ledger.rules.cosignature import CosignerKey
from minjing.kernel.ledger.rules.note import NAME, BadNote
from minjing.kernel.ledger.rules.policy import BadPolicy
from minjing.kernel.ledger.witness import store
from minjing.kernel.ledger.witness.server import Server, Witness
from minjing.kernel.ledger.witness.trust import Trust

KINDS = {"ed25519": b"\x04", "ml-dsa-44": b"\x06"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; what goes wrong is one sentence, not a traceback."""
    options = _parser().parse_args(arguments)
    verbs = {"init": init, "run": run, "show": show}
    try:
        verbs[options.verb](options)
    except (store.Doubt, BadNote, BadPolicy) as reason:
        sys.exit(f"witness: {reason}")
    except OSError as error:
        sys.exit(f"witness: {error.strerror}: {error.filename or options.data_dir}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="minjing witness", description="Cosign a log that only grows.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, told in [
        ("init", "make the key of a new witness"),
        ("run", "answer logs and monitors"),
        ("show", "print the public key"),
    ]:
        child = verbs.add_parser(verb, help=told)
        child.add_argument("--data-dir", type=Path, required=True)
        if verb == "init":
            child.add_argument("--name", required=True, help="an address without https://, e.g. court.example/w1")
            child.add_argument("--kind", choices=KINDS, default="ed25519")
        if verb == "run":
            child.add_argument("--host", default="127.0.0.1")
            child.add_argument("--port", type=int, required=True)
            child.add_argument("--log", action="append", default=[], help="public key (vkey) of a log; repeatable")
            child.add_argument(
                "--policy", type=Path, help="trusts the logs of this policy, read again when it changes"
            )
            child.add_argument(
                "--guard-dir", type=Path, help="where sizes are kept a second time; another disk is best"
            )
    return parser


def init(options: argparse.Namespace) -> None:
    """Make the key and print its public half, as the line that goes into a policy."""
    if not NAME.fullmatch(options.name):
        raise BadNote("A name has no space and no plus sign.")
    key = CosignerKey(options.name, KINDS[options.kind], os.urandom(32))
    try:
        store.make(options.data_dir, key)
    except FileExistsError:
        raise store.Doubt(f"There is a witness in {options.data_dir} already; its key is kept.") from None
    sys.stdout.write(f"{key.verifier}\n")


def show(options: argparse.Namespace) -> None:
    """Print who the witness is."""
    sys.stdout.write(f"{store.key_in(options.data_dir).verifier}\n")


def run(options: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    key = store.key_in(options.data_dir)
    held = store.Store(options.data_dir, options.guard_dir)
    server = Server((options.host, options.port), Witness(key, held, Trust(options.log, options.policy)))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        Thread(target=server.shutdown).start()  # from within the loop it would wait for itself

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
