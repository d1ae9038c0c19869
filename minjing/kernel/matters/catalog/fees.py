"""What a fee adds to a flow, and what must hold of it before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minjing.base import conditions
from minjing.kernel.matters import plugs
from minjing.kernel.matters.rules import PAYING, PAYMENT
from minjing.kernel.matters.schema import ActionSpec, Body, Flow, Service, State, TaskSpec, Text

TO_PAY = Text(
    zh="您申请的「{title}」已提交，编号 {number}。请缴费，缴清后即开始办理。",
    en="Your application “{title}”, number {number}, is in. Please pay the fee; work on it begins once it is paid.",
)
UNPAID = Text(
    zh="「{title}」（{number}）因逾期未缴费已终止，没有扣款，可重新申请。",
    en="“{title}” ({number}) has ended: the fee was not paid in time. No money was taken; apply again if you like.",
)
TASK = TaskSpec(title=Text(zh="缴费", en="Payment of the fee"), post="", level="station", days=7)


def with_fee(service: Service, flow: Flow, states: Mapping[str, State]) -> Flow:
    """Return the flow with what the service's fee adds: a state before the first, or a task beside the review."""
    if service.fee is None:
        return flow.model_copy(update={"states": dict(states)})
    notices = {**flow.notices, "to_pay": TO_PAY, "unpaid": UNPAID}
    if service.fee.due == "before_decision":
        tasks = {**flow.tasks, PAYMENT: TASK.model_copy(update={"days": service.fee.days})}
        return flow.model_copy(update={"states": dict(states), "tasks": tasks, "notices": notices})
    added = {PAYING: _paying(flow), **states}
    return flow.model_copy(update={"states": added, "notices": notices})


def _paying(flow: Flow) -> State:
    """Return the state in which a matter waits for its fee; no officer has it and the clock stands still."""
    return State(
        title=Text(zh="待缴费", en="To be paid"),
        plain=Text(
            zh="缴清费用后开始办理；等待缴费的时间不计入办理时限。",
            en="Work begins once the fee is paid; this time does not count.",
        ),
        pauses=PAYMENT,
        actions={
            "settle": ActionSpec(
                to="back", by="system", needs=[], strong=True, title=Text(zh="费用缴清", en="Fee paid")
            ),
            "withdraw": ActionSpec(
                to="withdrawn", by="applicant", needs=[], tells="withdrawn", title=Text(zh="撤回申请", en="Withdraw")
            ),
            "lapse": ActionSpec(
                to="lapsed", by="system", needs=[], tells="unpaid", title=Text(zh="逾期未缴费", en="Not paid in time")
            ),
        },
    )


def lint_fee(body: Body) -> Iterable[str]:
    """Say what is wrong with the fee of a service, a sentence each."""
    fee, fields = body.service.fee, body.service.fields
    if fee is None:
        return
    if bool(fee.items) == bool(fee.of):
        yield "fee: name either items or a table of prices (of)"
    if fee.of and fee.of not in plugs.FEES:
        yield f"fee: no module offers the table of prices {fee.of!r}"
    if body.service.fee_fen:
        yield "fee: fee_fen says another fee"
    if not fee.waivers and fee.how_waived is None:
        yield "fee: nobody is ever let off: give waivers, or say in how_waived how one asks"
    names = [i.name for i in fee.items] + [w.name for w in fee.waivers]
    if len(names) != len(set(names)):
        yield "fee: two items or waivers have the same name"
    told = [(f"item {i.name}", i.when) for i in fee.items] + [(f"waiver {w.name}", w.when) for w in fee.waivers]
    for where, condition in told:
        for unknown in sorted(conditions.fields_of(condition) - fields.keys()):
            yield f"fee, {where}: there is no field {unknown!r}"
        for name, value in conditions.values_of(condition):
            options = {o.value for o in fields[name].options} if name in fields else set()
            if options and str(value) not in options:
                yield f"fee, {where}: {name} has no option {value!r}"
    for waiver in fee.waivers:
        for unknown in sorted(set(waiver.items) - {i.name for i in fee.items}):
            yield f"fee, waiver {waiver.name}: there is no item {unknown!r}"
    if fee.due == "before_decision" and not any(
        "tasks_done" in spec.needs for state in body.flow.states.values() for spec in state.actions.values()
    ):
        yield "fee: no step of the flow waits for its tasks, so nothing waits for the payment"
