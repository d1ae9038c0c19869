"""Acting for another: the right is asked anew at every step, so that a mandate that has ended ends at once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.rules.mandates import GUARDIAN_ALONE, Acting
from minjing.kernel.matters.errors import NotAllowed

ENDED = "mandate_ended"


def right_to_act(person_id: UUID, code: str, by: Actor, now: datetime) -> Acting | None:
    """Return by what right `by` acts for this person in this service: None for oneself. Raises NotAllowed."""
    if person_id == by.person_id:
        return None
    found = identity.may_act_for(by.account_id, person_id, code, now)
    if found is None:
        raise mandate_ended()
    return found


def mandate_ended() -> NotAllowed:
    """Return the refusal of who may not act for another, or not any more."""
    return NotAllowed(
        ENDED,
        "您现在不能代为办理这一事项：委托已终止、已到期，或不包括这一事项。已填写和已提交的都还在，"
        "本人可以接着办，也可以重新委托您。",
        "You cannot act for them in this now: the mandate has ended or does not cover this service. Nothing that was "
        "filled in or sent is lost; they can go on themselves, or give you a new mandate.",
    )


def still_may_act(
    mandate_id: UUID | None, person_id: UUID | None, account_id: UUID, code: str, by: Actor, now: datetime
) -> None:
    """Raise NotAllowed when `by` is the one who acts for another in a draft or matter and may not any more."""
    if mandate_id is None or person_id is None or by.account_id != account_id:
        return
    if person_id == by.person_id:  # for a firm: the matter is the representative's own, under the firm's mandate
        if not identity.mandate_holds(mandate_id, account_id, code, now):
            raise mandate_ended()
    else:
        right_to_act(person_id, code, by, now)


def of_age_to_act(by: Actor, now: datetime) -> None:
    """Raise NotAllowed for who is too young to act for themselves: a guardian does."""
    if by.person_id is None:
        return
    age = identity.age_of(by.person_id, now)
    if age is not None and age < GUARDIAN_ALONE:
        raise NotAllowed(
            "guardian_only",
            "未满十四周岁，请由父母或其他监护人用自己的账号代为办理。",
            "Under 14 a parent or guardian acts, from an account of their own.",
        )
