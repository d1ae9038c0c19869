"""`minjing monitor`: the process that watches the ledger, from inside and as an outsider."""

import os
import signal
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from minjing.base.clock import now
from minjing.kernel.watch import outsider
from minjing.kernel.watch.monitor import Monitor, Sources, run

# Its rounds replay acts by the thousand. Whoever waits for a page comes first; a beat is late only past 60 s.
NICE = 10


class Command(BaseCommand):
    """Runs until it is told to stop."""

    requires_system_checks = ()  # they would load the pages, which this process has no use for
    help = "Watches the ledger: lag, public files, private rows, promises, records, keys and clocks."

    def handle(self, *args: Any, **options: Any) -> None:
        os.nice(NICE)
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        records = [import_string(name) for name in settings.WATCH_RECORDS]
        state = Path(settings.DATA_DIR) / "watch" / "monitor.json"
        try:
            sources = Sources(outsider.folder(Path(settings.LEDGER_DIR)), state.parent / "found")
            monitor = Monitor(sources, records, state)
        except (ValueError, KeyError):
            raise CommandError(
                f"The monitor's memory {state} is damaged. Keep a copy for the inspectors, then remove it:"
                " the monitor follows the log anew from its first entry."
            ) from None
        run(monitor, stop, now)
