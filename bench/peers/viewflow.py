"""django-viewflow 2.4: one transition is what its view does to execute a task, under the process lock."""

from __future__ import annotations

from collections.abc import Callable

from bench.bulk import FORM


def prepare(_client: int) -> Callable[[], None]:
    """Return a step: begin a process, or execute its open task."""
    import django

    django.setup()
    from bench.peers.viewflow_app.flows import EightSteps, officer

    officer()
    process, done = None, 0

    def step() -> None:
        nonlocal process, done
        if process is None:
            process, done = EightSteps.start.run(form=FORM), 0
            return
        execute(process.pk)
        done += 1
        if done == 8:
            process = None

    return step


def execute(process_id: int) -> None:
    """Execute the open task of a process, under the process lock."""
    from django.db import transaction
    from viewflow.workflow.models import Task
    from viewflow.workflow.status import STATUS

    from bench.peers.viewflow_app.flows import EightSteps

    with EightSteps.lock(process_id), transaction.atomic():
        task = Task.objects.get(process_id=process_id, status=STATUS.ASSIGNED)
        activation = task.flow_task.activation_class(task)
        activation.start(None)
        activation.execute()
