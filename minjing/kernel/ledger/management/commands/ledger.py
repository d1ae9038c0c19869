"""`minjing ledger status | verify | adopt`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from minjing.base.clock import now
from minjing.kernel.ledger import actions, queries
from minjing.kernel.ledger.queries import Fault, Report


def status_text() -> str:
    """Return where the ledger stands, in sentences."""
    head, lag = queries.head(), queries.lag_s(now())
    waits = "No act waits." if not lag else f"The oldest act has waited {lag:.0f} s to be signed."
    if head is None:
        return f"Nothing has been signed yet. {waits}"
    return (
        f"The ledger holds {head.size:,} signed entries, last signed at {head.at:%Y-%m-%d %H:%M:%S %Z}.\n"
        f"Root: {head.root.hex()}\n{waits}"
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
    """Reads the ledger for people at a terminal; only `adopt` changes it."""

    help = "Shows where the ledger stands, or checks all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["status", "verify", "adopt"])

    def handle(self, *args: Any, **options: Any) -> None:
        verb = options["verb"]
        if verb == "status":
            self.stdout.write(status_text())
        elif verb == "adopt":
            left = actions.adopt(now())
            self.stdout.write(f"The ledger now follows this cluster's transactions; {left:,} entries wait.")
        else:
            self._verify()

    def _verify(self) -> None:
        report = queries.verify(self._progress)
        if not report.ok:
            raise CommandError(verify_text(report))
        self.stdout.write(verify_text(report))

    def _progress(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and total > 100_000:
            self.stderr.write(f"\r{done:,} of {total:,} entries", ending="\n" if done == total else "")
