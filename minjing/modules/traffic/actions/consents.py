"""Asking the other person of a matter, and their answer: the matter waits for it, the clock stands still."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.matters import actions as matters
from minjing.kernel.matters import queries as known
from minjing.kernel.matters.rules import Ask
from minjing.kernel.notify import actions as notify
from minjing.modules.traffic import events
from minjing.modules.traffic.actions.case import Case, refused
from minjing.modules.traffic.errors import Refused, Unknown
from minjing.modules.traffic.models import JointConsent

ANSWER_WITHIN = timedelta(days=7)  # a platform rule; the flow's lapse says the same


def ask(case: Case) -> None:
    """Ask whom the form names, in the transaction of the submission: the matter waits for their answer."""
    other = case.person_of(case.text("other_id") or case.text("driver_id"))
    if other == case.person:
        raise refused("对方不能是您本人。", "The other person cannot be yourself.")
    JointConsent.objects.create(
        matter_id=case.matter.id, org_id=case.matter.org_id, code=case.matter.code, asked_by_person_id=case.person,
        person_id=other, subject=(case.text("plate") or case.text("violation_no"))[:40], asked_at=case.now,
        until_at=case.now + ANSWER_WITHIN,
    )  # fmt: skip
    case.note(events.CONSENT_ASKED, other, code=case.matter.code)
    matters.step(case.matter, "ask_consent", Ask(), by=SYSTEM, now=case.now, request_id=new_id())
    account = people.account_of_person(other)
    if account is not None:
        title = case.service.title.model_dump()
        said = {"title": title, "number": case.matter.number}
        notify.tell(account, "consent_asked", said, dedupe=f"consent:{case.matter.id}", now=case.now)


@transaction.atomic
def answer(matter_id: UUID, agrees: bool, *, by: Actor, now: datetime) -> JointConsent:
    """Agree or refuse, once: the matter goes on, or ends. Raises Unknown for anybody but the one who was asked.

    Asked twice for the same answer, nothing happens the second time; Refused is raised for the other one.
    """
    if by.person_id is None:
        raise Unknown
    row = JointConsent.objects.select_for_update().filter(matter_id=matter_id, person_id=by.person_id).first()
    if row is None:
        raise Unknown
    given = JointConsent.AGREED if agrees else JointConsent.REFUSED
    if row.state == given:
        return row
    if row.state != JointConsent.ASKED:
        raise Refused("answered")
    matter = known.matter(matter_id, SYSTEM, now)
    if matter.state != "consenting":  # withdrawn or lapsed meanwhile
        raise Unknown
    row.state, row.answered_at = given, now
    row.save(update_fields=["state", "answered_at"])
    kind = events.CONSENT_AGREED if agrees else events.CONSENT_REFUSED
    said = {"matter": matter_id, "by": by.account_id}
    ledger.append(ledger.entry(kind, said, at=now, org_id=row.org_id, subject_id=by.person_id))
    step = "agree" if agrees else "decline"
    matters.step(matter, step, Ask(), by=SYSTEM, now=now, request_id=row.answer_id)
    return row
