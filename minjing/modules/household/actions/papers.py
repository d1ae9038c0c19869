"""Papers issued again, and what the register certifies."""

from datetime import date
from uuid import UUID

from minjing.kernel.matters.plugs import Outcome
from minjing.modules.household import codes, events, queries, rules
from minjing.modules.household.actions import register
from minjing.modules.household.actions.case import (
    ADDRESS,
    DAY,
    HOUSEHOLD,
    RELATION,
    Case,
    Facts,
    borne_out,
    household_facts,
    person_facts,
    text,
)
from minjing.modules.household.models import Household, Member
from minjing.modules.household.queries import address_of, items_of
from minjing.modules.household.rules import Refusal


def reissue(case: Case) -> Outcome:
    """Issue a household book or a permit again, as the register stands today; what was issued before is void."""
    number = case.first("household_no")
    named = case.first("person_id")
    person = register.person_of(named) if named else case.concerned
    borne_out(case, person)
    holders = {person}
    if number:
        household = register.open_household(number)
        if household.kind == Household.COLLECTIVE and case.act.by.kind == "system":
            raise Refusal("officer_must_look")  # its book lists people who are nothing to one another
        members = {m.person_id for m in register.members_of(household)}
        if person not in members:
            raise Refusal("not_a_member")  # nobody reads another family's book by asking for it
        if household.kind == Household.FAMILY:
            holders |= members  # a family has one book, whoever of it asked for the last one
        facts = household_facts(household)
        org_id, about = household.org_id, household.pk
    elif (member := register.current_membership(person)) is not None and not case.first("doc_type"):
        facts = household_facts(member.household)
        org_id, about = member.org_id, member.household_id
    else:
        facts, org_id, about = person_facts(person), case.matter.org_id, None
        facts += _last_move(person)
    doc = case.first("doc_type", "document_kind")
    if doc:
        facts.append((text("补发证件", "Document reissued"), case.label("doc_type", "document_kind")))
    if case.first("doc_no"):
        facts.append((text("原证件编号", "Number of the former document"), case.first("doc_no")))
    facts.append((text("补发原因", "Why reissued"), case.label("reason")))
    case.act.note(events.BOOK_REISSUED, org_id, person, household=about, document=doc or "book")
    # A page alone leaves the book as it is.
    replaces = () if doc == "household_page" else holders
    return Outcome([(label, value) for label, value in facts if value], person, replaces)


def _last_move(person: UUID) -> Facts:
    items = items_of([person]).get(person, {})
    last = Member.objects.filter(person_id=person).order_by("-since", "-id").select_related("household").first()
    if last is None:
        return []
    facts: Facts = [(HOUSEHOLD, last.household.number), (ADDRESS, address_of(last))]
    if items.get("moved_to"):
        facts.append((text("迁往地址", "Moving to"), items["moved_to"]))
    return facts


def certify(case: Case) -> Outcome:
    """Certify what the register says: an entry, the family, a history, a cancellation."""
    named = case.first("person_id")
    person = register.person_of(named) if named else case.concerned
    borne_out(case, person)
    last = Member.objects.filter(person_id=person).order_by("-since", "-id").select_related("household").first()
    if last is None:
        raise Refusal("was_never_registered")
    cancelled = case.first("cancel_kind")
    if cancelled and last.cause_out != cancelled:
        raise Refusal("not_cancelled")
    kind = case.first("certificate_kind", "cancel_kind") or "entry"
    facts: Facts = [
        (text("证明事项", "What is certified"), case.label("certificate_kind", "cancel_kind") or "户口登记事项")
    ]
    facts += person_facts(person)
    facts.append((HOUSEHOLD, last.household.number))
    if kind in ("relation", "kinship", "relations", "family"):
        facts += _kin_facts(last)
    elif kind in ("history", "changes"):
        facts += _history_facts(person)
    elif last.until is not None:
        facts.append((text("注销事由", "Why cancelled"), codes.cause(last.cause_out)[0]))
        facts.append((text("注销日期", "Cancelled on"), last.until.isoformat()))
    else:
        facts.append((RELATION, rules.relation_title(last.relation)[0]))
        facts.append((ADDRESS, address_of(last)))
        facts.append((DAY, _registered_since(person).isoformat()))
    if case.first("purpose"):
        facts.append((text("用途", "Purpose"), case.label("purpose")))
    if case.first("recipient", "recipient_unit"):
        facts.append((text("出具对象", "For"), case.first("recipient", "recipient_unit")))
    case.act.note(events.CERTIFIED, last.org_id, person, kind=kind)
    return Outcome(facts, person)


def _kin_facts(member: Member) -> Facts:
    facts: Facts = []
    for other in register.members_of(member.household):
        if rules.NOT_RELATED in (other.relation, member.relation) and other.person_id != member.person_id:
            continue
        name = register.known(other.person_id)[0]
        facts.append(
            (text("同户成员", "Member of the household"), f"{name}（{rules.relation_title(other.relation)[0]}）")
        )
    return facts


def _history_facts(person: UUID) -> Facts:
    facts: Facts = []
    for row in queries.held_days(person):
        until = row.until.isoformat() if row.until else "今"
        why = codes.cause(row.cause_in)[0]
        facts.append(
            (
                text("户籍变动", "Entry in the register"),
                f"{row.since} 至 {until}，户号 {row.household.number}，{why}",
            )
        )
    return facts


def _registered_since(person: UUID) -> date:
    """Return since when the person has been registered without a gap."""
    since: date | None = None
    for row in Member.objects.filter(person_id=person).order_by("-since", "-id"):
        if since is not None and (row.until is None or row.until < since):
            break
        since = row.since
    assert since is not None
    return since
