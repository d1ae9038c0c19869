"""What a decision does: the module's effect and the paper it grants, in the decision's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from minjing.base.clock import CHINA, local_day
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.actions import append
from minjing.kernel.ledger.actions import entry as ledger_entry
from minjing.kernel.matters import forms, plugs, queries
from minjing.kernel.matters.actions.corrections import proposed_corrections
from minjing.kernel.matters.errors import MatterError
from minjing.kernel.matters.rules import Change, Snapshot
from minjing.kernel.matters.schema import Body


def run_effect(change: Change, body: Body, by: Actor, now: datetime) -> None:
    """Run the module's effect and issue the paper, in the transaction of the decision."""
    from minjing.kernel.papers import actions as papers

    service = body.service
    run = plugs.CORRECTIONS.get(service.effect) if change.reverses else plugs.EFFECTS[service.effect]
    answers = queries.opened(change.before)
    if change.reverses:
        answers |= proposed_corrections(change.before)
        papers.revoke_of_matter(change.before.id, reason="corrected", by=by, now=now)
    if run is None:
        raise MatterError("no_correction", "此事项不支持更正。", "A correction is not provided for in this service.")
    outcome = run(matter=change.after, answers=answers, by=by, now=now)
    if service.grants is None:
        return
    due = forms.paper_due(service.grants, answers, local_day(now))
    papers.issue(
        kind=due.certificate,
        title=due.title.model_dump(),
        matter_id=change.after.id,
        matter_number=change.after.number,
        org_id=change.after.org_id,
        holder_person=outcome.holder_person,
        facts=[(label.model_dump(), value) for label, value in outcome.facts],
        valid_until=valid_until(due.valid, now),
        unit_id=change.after.unit_id,
        by=by,
        now=now,
        replaces=outcome.replaces,
    )


@contextmanager
def refusals_on_record(matter: Snapshot, action: str, *, by: Actor, now: datetime) -> Iterator[None]:
    """Put on record that a register refused a step: around its transaction, which is undone with what it noted."""
    try:
        yield
    except plugs.EffectRefused as refused:
        about = {"matter": matter.id if matter.number else None, "code": matter.code, "action": action}
        said = about | {"why": refused.key or "register", "by": by.account_id}
        append(ledger_entry("matters:step:refused", said, at=now, org_id=matter.org_id, subject_id=matter.person_id))
        raise


def run_step_act(name: str, matter: Snapshot, by: Actor, now: datetime) -> None:
    """Run a module's act beside a step or a submission, in its transaction; nothing where none is named."""
    if name:
        plugs.STEP_ACTS[name](matter=matter, answers=queries.opened(matter), by=by, now=now)


def valid_until(valid: str, now: datetime) -> datetime | None:
    """Return the end of `40d` from `now`: the last moment of that day; None for no end."""
    if not valid:
        return None
    last = local_day(now) + timedelta(days=int(valid.rstrip("d")))
    return datetime.combine(last, datetime.max.time().replace(microsecond=0), CHINA)
