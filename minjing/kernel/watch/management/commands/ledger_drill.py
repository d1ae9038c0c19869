"""`minjing ledger drill`: tampers a copy in every known way and shows that each is found, and by which check."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from minjing.base.clock import now
from minjing.kernel.watch.drill import NotSound, drill


class Command(BaseCommand):
    """Writes to a scratch schema and a scratch folder only; exit 0 when every way is found."""

    help = "Tampers a copy of the ledger and shows that it is found."

    def handle(self, *args: Any, **options: Any) -> None:
        records = [import_string(name) for name in settings.WATCH_RECORDS]
        try:
            outcomes = drill(Path(settings.LEDGER_DIR), records, now())
        except NotSound as wrong:
            raise CommandError(
                f"The ledger itself does not fit, so nothing was drilled: {wrong}", returncode=2
            ) from None
        for outcome in outcomes:
            said = outcome.said or (f"not tried: {outcome.skipped}" if outcome.skipped else "NOT FOUND")
            self.stdout.write(f"{outcome.way:<40} {outcome.kind:<11} {said}")
        missed = [outcome.way for outcome in outcomes if not outcome.found]
        if missed:
            raise CommandError(
                f"{len(missed)} of {len(outcomes)} ways were not found or not tried: {', '.join(missed)}."
            )
        self.stdout.write(f"All {len(outcomes)} ways of tampering were found.")
