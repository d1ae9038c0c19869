"""One's own border records, certified: what crossed when, on a paper with the electronic seal."""

from __future__ import annotations

from datetime import date

from minjing.kernel.identity import actions as identity
from minjing.kernel.matters.plugs import Outcome
from minjing.modules.exit_entry import events, queries, rules, tariff
from minjing.modules.exit_entry.actions.case import HOLDER, Case, Facts, text

MAX_LINES = 300  # a paper of more would be a book; the total is always said


def certify(case: Case) -> Outcome:
    """Print the crossings of the applicant between two days: nobody else's, whatever the form says."""
    person = case.matter.person_id
    since, until = date.fromisoformat(case.first("date_from")), date.fromisoformat(case.first("date_to"))
    since = max(since, earliest(case.act.day))
    found = queries.crossings(person, since, until, case.act.by, case.act.now, matter_id=case.matter.id)
    names = identity.look(case.act.by, [person], ["name"], matter_id=case.matter.id, now=case.act.now)
    lines = [
        f"{c.day}　{'出境' if c.outward else '入境'}　{c.port}　{queries.TITLES[c.document].zh}"
        for c in found[:MAX_LINES]
    ]
    facts: Facts = [
        (HOLDER, names.get(person, {}).get("name", "")),
        (text("查询期间", "Period"), f"{since} 至 {until}"),
        (text("用途", "Purpose"), case.label("purpose")),
        (text("出入境次数", "Crossings"), f"{len(found)} 次"),
        (text("出入境记录", "Records"), "\n".join(lines) or "该期间没有出入境记录"),
    ]
    case.act.note(events.CERTIFIED, case.matter.org_id, person, crossings=len(found))
    return Outcome(facts, person)


def earliest(day: date) -> date:
    """Return from which day on records can be asked for."""
    return rules.months_after(day, -12 * tariff.platform().border_record_years)
