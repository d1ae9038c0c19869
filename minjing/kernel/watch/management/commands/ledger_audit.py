"""`minjing ledger audit`: acts beside entries, day by day or month by month; differences are named."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from minjing.base.clock import local_day, now
from minjing.kernel.ledger.providers.keys import verifier
from minjing.kernel.watch import outsider
from minjing.kernel.watch.audit import Count, audit, day_span


class Command(BaseCommand):
    """Reads only; exit 0 when all counts agree, 1 when they do not."""

    help = "Counts acts against entries, private and public."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", help="first day, 2026-11-01; without it the last 30 days")
        parser.add_argument("--until", help="last day; without it today")
        parser.add_argument("--by", choices=["day", "month"], default="day")
        parser.add_argument("--all", action="store_true", help="list also what agrees")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            until = date.fromisoformat(options["until"]) if options["until"] else local_day(now())
            since = date.fromisoformat(options["since"]) if options["since"] else until - timedelta(days=30)
        except ValueError:
            raise CommandError("Write days as 2026-11-24.") from None
        key, read = verifier(), outsider.folder(Path(settings.LEDGER_DIR))
        claim, faults = outsider.checkpoint(read, [key]) if key else (None, [])
        if faults:
            raise CommandError(faults[0].en)
        records = [import_string(name) for name in settings.WATCH_RECORDS]
        size = claim.size if claim else 0
        counts = audit(records, read, size, *day_span(since, until), by_month=options["by"] == "month")
        wrong = [count for count in counts if not count.agrees]
        self.stdout.write(f"{'period':<10} {'kind':<44} {'acts':>9} {'entries':>9} {'public':>9}")
        for count in counts if options["all"] else wrong:
            self.stdout.write(_line(count))
        total = sum(count.entries for count in counts)
        said = f"{total:,} entries of {len({c.kind for c in counts})} kinds from {since} to {until}"
        if wrong:
            raise CommandError(f"THE COUNTS DIFFER in {len(wrong)} places: {said}. Run minjing ledger verify.")
        self.stdout.write(f"The counts agree: {said}.")


def _line(count: Count) -> str:
    acts = "-" if count.acts is None else str(count.acts)
    mark = "" if count.agrees else "  DIFFERS"
    return f"{count.period:<10} {count.kind:<44} {acts:>9} {count.entries:>9} {count.public:>9}{mark}"
