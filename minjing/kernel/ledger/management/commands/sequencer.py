"""`minjing sequencer`: the one process that orders, hashes and signs what the acts have written."""

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from minjing.base.clock import now
from minjing.kernel.ledger.actions import Doubt, initialise, run_sequencer
from minjing.kernel.ledger.rules.note import BadNote
from minjing.kernel.ledger.rules.policy import BadPolicy


class Command(BaseCommand):
    """Runs until it is told to stop; ends after the step under way."""

    requires_system_checks = ()  # they would load what this process must not
    help = "Orders, hashes and signs the ledger's entries until it is stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            initialise(now())
            run_sequencer(stop)
        except (Doubt, BadNote, BadPolicy) as doubt:
            raise CommandError(f"The sequencer stopped and signs nothing more. {doubt}", returncode=2) from None
