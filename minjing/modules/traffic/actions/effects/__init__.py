"""What a decided service of traffic does to the registers: by the names that service files use."""

from __future__ import annotations

from collections.abc import Mapping

from minjing.kernel.matters.plugs import Effect, StepAct
from minjing.modules.traffic.actions import consents, move_calls
from minjing.modules.traffic.actions.case import effect, step_act
from minjing.modules.traffic.actions.effects import (
    accidents,
    answers,
    fines,
    licences,
    objections,
    passes,
    users,
    vehicles,
    violations,
    visits,
)

_RUNS = {
    **vehicles.RUNS, **licences.RUNS, **visits.RUNS, **passes.RUNS, **users.RUNS, **answers.RUNS, **accidents.RUNS,
    **violations.RUNS,
    **fines.RUNS, **objections.RUNS,
}  # fmt: skip
EFFECTS: Mapping[str, Effect] = {f"traffic.{name}": effect(run) for name, run in _RUNS.items()}
STEP_ACTS: Mapping[str, StepAct] = {
    "traffic.ask_consent": step_act(consents.ask),
    "traffic.objects": step_act(objections.objects),
    "traffic.call_owner": step_act(move_calls.call),
}
