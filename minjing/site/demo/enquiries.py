"""Looks at two residents of the demo, and what they asked the inspectorate about them: one answered, one waiting."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Account
from minjing.kernel.matters import actions
from minjing.site.demo import residents

SERVICE = "DC0101"
ANSWER = "您当天来电咨询户口簿补领，民警按规定核对来电人身份，通话录音可以印证，没有用于其他用途。"


@transaction.atomic
def load(now: datetime, say: Callable[[str], None]) -> None:
    """Let officers look and the two residents ask; the second question lies in the inspectors' queue."""
    lin, wang = _resident("lin", now), _resident("wang", now)
    asked = _asked(lin, _looked("futian.clerk", lin, "phone_enquiry", now - timedelta(days=6)), "why", now, days=5)
    inspector = _officer("inspector", now)
    for action, ver, note in (("claim", 1, ""), ("answer", 2, ANSWER)):
        at = now - timedelta(days=4, minutes=30 - ver)
        actions.act(asked, action, ver=ver, by=inspector, now=at, request_id=new_id(), note=note)
    _looked("luohu.checker", lin, "register_upkeep", now - timedelta(days=3))
    _asked(wang, _looked("nanshan.approver", wang, "identity_check", now - timedelta(days=2)), "lawful", now, days=1)
    say("3 looks, 2 questions about them")


def _resident(key: str, now: datetime) -> Actor:
    account = residents.account(key)
    assert account is not None
    return people.actor_of(account.pk, now)


def _officer(login: str, now: datetime) -> Actor:
    return people.actor_of(Account.objects.get(login=login).pk, now)


def _looked(login: str, at: Actor, reason: str, when: datetime) -> UUID:
    """Let an officer look at a resident; return the look's entry."""
    assert at.person_id is not None
    identity.look(_officer(login, when), [at.person_id], ["name", "phone"], reason=reason, now=when)
    return people.looks_at(at.person_id, when + timedelta(seconds=1))[0].entry_id


def _asked(by: Actor, look: UUID, about: str, now: datetime, *, days: int) -> UUID:
    """Let the resident ask about it so many days ago; return the matter."""
    said = {"look": str(look), "about": about}
    at = now - timedelta(days=days)
    return actions.submit_whole(SERVICE, said, by=by, now=at, request_id=new_id()).id
