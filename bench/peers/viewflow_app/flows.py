"""A flow of eight people's steps, each assigned as it comes up; the process row is locked as its manual advises."""

from typing import Any

from django.contrib.auth.models import User
from django.views.generic import View
from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process

_officer: list[User] = []


def officer(_activation: Any = None) -> User:
    """Return the one officer of the benchmark, read once."""
    if not _officer:
        _officer.append(User.objects.get_or_create(username="officer")[0])
    return _officer[0]


def _step(then: str) -> Any:
    return flow.View(View.as_view()).Assign(officer).Next(getattr(this, then))


class EightSteps(flow.Flow):
    """Eight steps one after the other."""

    process_class = Process
    lock_impl = lock.select_for_update_lock

    start = flow.StartHandle(this.begin).Next(this.step1)
    step1, step2, step3, step4 = _step("step2"), _step("step3"), _step("step4"), _step("step5")
    step5, step6, step7, step8 = _step("step6"), _step("step7"), _step("step8"), _step("end")
    end = flow.End()

    def begin(self, activation: Any, form: dict[str, Any]) -> Process:
        """Keep the form with the process."""
        activation.process.data = form
        process: Process = activation.process
        return process
