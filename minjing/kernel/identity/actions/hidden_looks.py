"""The leave to hide looks from the person for a time: asked with a ground, given beforehand by another, ended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from minjing.kernel.identity import reasons, sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import HiddenLook
from minjing.kernel.identity.queries import person_once_with
from minjing.kernel.identity.rules import APPROVE_HIDDEN, WORDS, Verdict, may, may_hide, may_look, names_by_number
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.ledger.actions import Entry

FACTS_CONTEXT = "identity_hiddenlook.facts"
FACTS_MIN, FACTS_MAX = 10, 500  # characters


def ask_hidden(id_number: str, basis: str, facts: str, until: datetime, *, by: Actor, now: datetime) -> UUID:
    """Ask that one's looks at the person with this ID number be hidden until an instant; return the request's id.

    `basis` is a key of hidden_bases; `facts` says why, naming nobody. Nothing of the person is shown to anybody by
    this. Raises Wrong by field, and NotAllowed without a post that reads records.
    """
    verdict = may_look(by)
    if not verdict or verdict.holding is None:
        raise _refusal(verdict)
    person_id = person_once_with(id_number) if id_number.strip() else None
    if person_id is None:
        raise Wrong(
            "id_number",
            {"zh": "没有登记这个身份证号码的人。", "en": "Nobody with this ID number is on record."},
            "id_number",
        )
    if basis not in reasons.hidden_bases():
        raise Wrong("basis", {"zh": "请选择法律依据。", "en": "Choose the ground in law."}, "basis")
    facts = facts.strip()
    if not FACTS_MIN <= len(facts) <= FACTS_MAX:
        raise Wrong(
            "facts",
            {
                "zh": f"请用 {FACTS_MIN} 至 {FACTS_MAX} 个字写明事由。",
                "en": f"Say why in {FACTS_MIN} to {FACTS_MAX} characters.",
            },
            "facts",
        )
    if names_by_number(facts):
        raise Wrong(
            "facts",
            {
                "zh": "事由中请不要写身份证号码或电话号码。",
                "en": "Leave ID numbers and phone numbers out of the reasons.",
            },
            "facts",
        )
    span = may_hide(now, until)
    if not span:
        raise Wrong(span.reason_key, WORDS[span.reason_key], "until")
    holding = verdict.holding
    with transaction.atomic():
        leave = HiddenLook.objects.create(
            org_id=holding.org_id,
            account_id=by.account_id,
            acts_for_id=holding.deputy_for,
            unit_id=holding.unit_id,
            person_id=person_id,
            basis=basis,
            facts_sealed=sealing.seal(person_id, FACTS_CONTEXT, facts),
            asked_at=now,
            until=until,
        )
        ledger.append(_entry("asked", leave, by, now, basis=basis, until=until))
    return leave.pk


def decide_hidden(leave_id: UUID, grant: bool, *, by: Actor, now: datetime) -> None:
    """Give or refuse the leave, as another person with the act approve_hidden over the asker's unit; once.

    It hides looks from this instant on, none before. Raises NotAllowed, and Unknown where it is decided or over.
    """
    with transaction.atomic():
        leave = _locked(Q(pk=leave_id, decided_at__isnull=True, until__gt=now))
        _require(by, leave)
        leave.approver_id, leave.decided_at, leave.granted = by.account_id, now, grant
        leave.save(update_fields=["approver", "decided_at", "granted"])
        ledger.append(_entry("granted" if grant else "refused", leave, by, now, until=leave.until))


def end_hidden(leave_id: UUID, *, by: Actor, now: datetime) -> None:
    """End a leave before its time: what it hid shows itself at once. The asker may, and whoever may give it."""
    with transaction.atomic():
        leave = _locked(Q(pk=leave_id, granted=True, ended_at__isnull=True, until__gt=now))
        if leave.account_id != by.account_id:
            _require(by, leave)
        leave.ended_at = now
        leave.save(update_fields=["ended_at"])
        ledger.append(_entry("ended", leave, by, now))


def open_facts(leave_id: UUID, *, by: Actor, now: datetime) -> str:
    """Return why the leave is asked for, to whoever may decide on it; that they read it stands in the ledger."""
    with transaction.atomic():
        leave = _locked(Q(pk=leave_id, decided_at__isnull=True))
        _require(by, leave)
        ledger.append(_entry("read", leave, by, now))
    return sealing.unseal(leave.person_id, FACTS_CONTEXT, bytes(leave.facts_sealed)).decode()


def _require(by: Actor, leave: HiddenLook) -> None:
    apart = [pk for pk in (leave.account_id, leave.acts_for_id) if pk]
    verdict = may(by, APPROVE_HIDDEN, unit_path=leave.unit.path, not_by=apart)
    if not verdict:
        raise _refusal(verdict)


def _refusal(verdict: Verdict) -> NotAllowed:
    return NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])


def _locked(which: Q) -> HiddenLook:
    leave = HiddenLook.objects.select_for_update(of=("self",)).select_related("unit").filter(which).first()
    if leave is None:
        raise Unknown
    return leave


def _entry(what: str, leave: HiddenLook, by: Actor, now: datetime, **more: object) -> Entry:
    said = {"by": by.account_id, "leave": leave.pk, "unit": leave.unit_id, **more}
    return ledger.entry(f"identity:hidden_look:{what}", said, at=now, org_id=leave.org_id, subject_id=leave.person_id)
