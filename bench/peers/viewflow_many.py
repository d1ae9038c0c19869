"""django-viewflow 2.4, many at once: the next task of OWN processes in one transaction, each under its lock."""

from __future__ import annotations

from collections.abc import Callable

from bench.bulk import FORM
from bench.ours import OWN


def prepare(_client: int) -> Callable[[], None]:
    """Return a step: begin the processes, or execute the open task of each."""
    import django

    django.setup()
    from django.db import transaction

    from bench.peers.viewflow import execute
    from bench.peers.viewflow_app.flows import EightSteps, officer

    officer()
    processes, done = [], 0

    def step() -> None:
        nonlocal processes, done
        with transaction.atomic():
            if not processes:
                processes, done = [EightSteps.start.run(form=FORM) for _ in range(OWN)], 0
                return
            for process in processes:
                execute(process.pk)
        done += 1
        if done == 8:
            processes = []

    return step
