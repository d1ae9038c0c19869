"""The same rules in OpenFisca-core: dated parameters and vectorised formulas, a simulation for each day.

OpenFisca knows no order of events, so what the past adds (how many before, months since the last) is given to it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from openfisca_core.entities import Entity
from openfisca_core.parameters import ParameterNode
from openfisca_core.periods import DAY
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from bench.peers.pandas_penalties import FINES, STEPS
from minjing.modules.traffic.rules.penalties import columns as ours
from minjing.modules.traffic.rules.penalties.months import MONTH_US

VIOLATION = Entity("violation", "violations", "A violation", "")
VIOLATION.is_person = True
SINCE = "2019-11-01"


def _input(name: str, kind: type) -> type[Variable]:
    facts = {"value_type": kind, "entity": VIOLATION, "definition_period": DAY, "default_value": kind()}
    return type(name, (Variable,), facts)


class fine(Variable):  # noqa: N801 - OpenFisca names variables by their class
    """The fine in yuan before forgiveness."""

    value_type = float
    entity = VIOLATION
    definition_period = DAY

    def formula(violation: Any, period: Any, parameters: Any) -> Any:  # noqa: N805 - OpenFisca's own form
        """Look up the amount in force on the day."""
        amounts = parameters(period).fines
        conduct, nth = violation("conduct", period), violation("nth", period)
        found = np.zeros(len(conduct))
        for at, code in enumerate(FINES):
            found = np.where(conduct == at, amounts[code], found)
            if code in STEPS:
                found = np.where((conduct == at) & (nth >= amounts.step_at), amounts[f"{code}_step"], found)
        return found


class warned(Variable):  # noqa: N801
    """Whether the first offence is forgiven."""

    value_type = bool
    entity = VIOLATION
    definition_period = DAY

    def formula(violation: Any, period: Any, parameters: Any) -> Any:  # noqa: N805
        """Hold the six conditions against the facts."""
        said = parameters(period).forgiven
        suspends = (violation("conduct", period) == list(FINES).index("SZP01")) & (violation("nth", period) >= 5)
        return (
            (violation("clean_months", period) >= said.look_back) & (violation("held_months", period) >= said.held)
            & violation("local", period) & ~violation("accident", period) & (violation("fine", period) <= said.most)
            & ~suspends
        )  # fmt: skip


def prepared(columns: Any) -> _Prepared:
    """Return the run over all days, with what the past adds taken from ours."""
    return _Prepared(columns)


class _Prepared:
    def __init__(self, columns: Any) -> None:
        facts = ours._Facts(columns)
        stands = np.ones(len(columns), dtype=bool)
        clean = ours._clean_months(columns, facts.slot, stands)
        nth = np.zeros(len(columns), dtype=np.int64)
        names = list(columns.names["conduct"])
        for code in STEPS:
            nth += ours._counted(columns, facts.slot, stands, [names.index(code)], 12)
        held = (facts.slot - columns.held_slot) // MONTH_US
        conduct = np.array([list(FINES).index(name) for name in names])[columns.conduct]
        order = np.argsort(facts.day, kind="stable")
        self.order, self.count = order, len(columns)
        bounds = np.flatnonzero(np.diff(facts.day[order])) + 1
        given = {
            "conduct": conduct, "nth": nth, "clean_months": clean, "held_months": held, "local": columns.local,
            "accident": columns.accident,
        }  # fmt: skip
        self.days = [
            (_day(int(facts.day[rows[0]])), rows, {name: values[rows] for name, values in given.items()})
            for rows in np.split(order, bounds)
        ]
        self.system = _system()

    def run(self) -> tuple[Any, Any]:
        """Return fines in fen and whether each is but a warning."""
        fines, warnings = np.zeros(self.count), np.zeros(self.count, dtype=bool)
        for day, rows, given in self.days:
            simulation = SimulationBuilder().build_default_simulation(self.system, count=len(rows))
            for name, values in given.items():
                simulation.set_input(name, day, values)
            forgiven = simulation.calculate("warned", day)
            fines[rows] = np.where(forgiven, 0, simulation.calculate("fine", day)) * 100
            warnings[rows] = forgiven
        return fines, warnings


def _day(number: int) -> str:
    return (ours.EPOCH + timedelta(days=number)).date().isoformat()


def _system() -> TaxBenefitSystem:
    system = TaxBenefitSystem([VIOLATION])
    fines = {code: {"values": {SINCE: {"value": amount}}} for code, amount in FINES.items()}
    fines |= {f"{code}_step": {"values": {SINCE: {"value": amount}}} for code, amount in STEPS.items()}
    fines["step_at"] = {"values": {SINCE: {"value": 3}}}
    bounds = {"look_back": 24, "held": 24, "most": 500}
    forgiven = {name: {"values": {SINCE: {"value": value}}} for name, value in bounds.items()}
    system.parameters = ParameterNode("", data={"fines": fines, "forgiven": forgiven})
    for name in ("conduct", "nth", "clean_months", "held_months"):
        system.add_variable(_input(name, int))
    for name in ("local", "accident"):
        system.add_variable(_input(name, bool))
    system.add_variables(fine, warned)
    return system
