"""`minjing ledger init | status | verify | prove | export | rebuild | guard | adopt`; audit, drill, rotate: above."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minjing.base.clock import now
from minjing.kernel.ledger import actions, queries
from minjing.kernel.ledger.providers import folder, guard
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.queries import Fault, Report
from minjing.kernel.ledger.rules.policy import BadPolicy


def status_text() -> str:
    """Return where the ledger stands, in sentences."""
    head, lag = queries.head(), queries.lag_s(now())
    waits = "No act waits." if not lag else f"The oldest act has waited {lag:.0f} s to be published."
    if head is None:
        return f"Nothing has been published yet. {waits}"
    return (
        f"The ledger holds {head.size:,} published entries, last published at {head.at:%Y-%m-%d %H:%M:%S %Z}.\n"
        f"Root: {head.root.hex()}\n{waits}\n{_guard_text(head.size)}\n{_witness_text(head.checkpoint_text)}\n"
        f"Public folder: {folder.folder()}"
    )


def _guard_text(size: int) -> str:
    try:
        bound = guard.read()
    except guard.BadGuard as bad:
        return str(bad)
    if bound is None:
        return "THE GUARD FILE IS MISSING: the sequencer will not sign."
    return f"The guard stands at {bound.size:,}" + ("." if bound.size == size else f"; {size:,} are published.")


def _witness_text(checkpoint: str) -> str:
    try:
        asked = policy()
    except BadPolicy as bad:
        return f"The policy cannot be read: {bad}"
    if not asked.witnesses:
        return "No witnesses: this log stands alone (docs/howto/run-a-witness.md)."
    lines = {line.split(" ")[1] for line in checkpoint.split("\n") if line.startswith("— ")}
    have = [witness.name for witness in asked.witnesses if witness.verifier.name in lines]
    return (
        f"Witnesses: {len(have)} of {len(asked.witnesses)} cosigned ({', '.join(have)}); {asked.need()} are needed."
    )


def verify_text(report: Report) -> str:
    """Return the outcome of a verification, in sentences; every fault on a line of its own."""
    checked = (
        f"{report.size:,} entries, {report.checkpoints:,} signed heads and {report.payloads:,} private records"
        f" were checked; {report.erased:,} entries belong to erased persons."
    )
    if report.ok:
        return f"The ledger holds together: {checked}"
    lines = [_line(fault) for fault in report.faults]
    if report.found > len(lines):
        lines.append(f"… and {report.found - len(lines):,} more.")
    return "\n".join([f"THE LEDGER DOES NOT HOLD TOGETHER: {report.found:,} faults. {checked}", *lines])


def _line(fault: Fault) -> str:
    where = "" if fault.index is None else f"Entry {fault.index}"
    name = f" ({fault.entry_id})" if fault.entry_id else ""
    return f"  {where or 'Ledger'}{name}: {fault.what}."


class Command(BaseCommand):
    """The ledger for people at a terminal."""

    help = "Makes the log's keys, shows where it stands, checks all of it, hands out proofs and copies."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("init", help="make the keys that are missing and publish the list of them")
        verbs.add_parser("status", help="show size, lag, guard and witnesses")
        verbs.add_parser("verify", help="check every entry, file, head and private record")
        prove = verbs.add_parser("prove", help="write the receipt of an entry: ENTRY.tlog-proof")
        prove.add_argument("entry", type=UUID, help="the id of an entry, as the resident's page shows it")
        prove.add_argument("--out", type=Path, help="where to write it")
        export = verbs.add_parser("export", help="copy the public log to a folder, verified")
        export.add_argument("folder", type=Path)
        verbs.add_parser("rebuild", help="write a lost public folder anew, from the private records")
        verbs.add_parser("guard", help="set the guard to the published head, after comparing with the witnesses")
        verbs.add_parser("adopt", help="follow a dump into another PostgreSQL cluster")

    def handle(self, *args: Any, **options: Any) -> None:
        work = {
            "init": self._init,
            "status": lambda _: self.stdout.write(status_text()),
            "verify": lambda _: self._verify(),
            "prove": self._prove,
            "export": self._export,
            "rebuild": self._rebuild,
            "guard": self._guard,
            "adopt": self._adopt,
        }
        work[options["verb"]](options)

    def _init(self, options: dict[str, Any]) -> None:
        for line in actions.initialise(now()):
            self.stdout.write(line)

    def _verify(self) -> None:
        report = queries.verify(self._progress)
        if not report.ok:
            raise CommandError(verify_text(report))
        self.stdout.write(verify_text(report))

    def _prove(self, options: dict[str, Any]) -> None:
        text = queries.receipt(options["entry"])
        if text is None:
            raise CommandError("There is no such entry, or no published head covers it yet.")
        path: Path = options["out"] or Path(f"{options['entry']}.tlog-proof")
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"{path} proves the entry to anybody: tools/verify checks it without us.")

    def _export(self, options: dict[str, Any]) -> None:
        try:
            size = queries.export(options["folder"], self._progress)
        except queries.CannotExport as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{options['folder']} holds {size:,} entries, each verified; check it with tools/verify.")

    def _rebuild(self, options: dict[str, Any]) -> None:
        try:
            size = actions.rebuild_folder(now(), self._progress)
        except actions.Doubt as doubt:
            raise CommandError(str(doubt)) from None
        self.stdout.write(f"{folder.folder()} holds {size:,} entries again; check it with tools/verify.")

    def _guard(self, options: dict[str, Any]) -> None:
        try:
            size = actions.set_guard(now())
        except actions.Doubt as doubt:
            raise CommandError(str(doubt)) from None
        self.stdout.write(f"The guard stands at {size:,}, the published head.")

    def _adopt(self, options: dict[str, Any]) -> None:
        left = actions.adopt(now())
        self.stdout.write(f"The ledger now follows this cluster's transactions; {left:,} entries wait.")

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and total > 100_000:
            self.stderr.write(f"\r{done:,} of {total:,} entries", ending="\n" if done == total else "")
