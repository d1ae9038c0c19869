"""People who ask without saying who they are: a call at the desk line, a question from a page without an account."""

from datetime import datetime

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.identity.models import Account, Person, PersonKey
from minjing.kernel.identity.queries import ID_NUMBER, NAME
from minjing.kernel.ledger import actions as ledger


@transaction.atomic
def nameless(now: datetime) -> Actor:
    """Return somebody new of whom nothing is known: what they say is sealed under a key of their own.

    The person has neither name nor number and is found by neither; the account has no door. Deleting the key
    erases what they said.
    """
    person_id, account_id = new_id(), new_id()
    PersonKey.objects.create(owner_id=person_id, wrapped=sealing.new_key(person_id), created_at=now)
    nothing = {
        "name_sealed": sealing.seal(person_id, NAME, ""),
        "id_number_sealed": sealing.seal(person_id, ID_NUMBER, ""),
    }
    Person.objects.create(id=person_id, created_at=now, **nothing)
    account = Account(
        id=account_id, kind=Account.RESIDENT, login=str(account_id), person_id=person_id, created_at=now
    )
    account.set_unusable_password()
    account.save(force_insert=True)
    ledger.append(ledger.entry("identity:person:nameless", {"account": account_id}, at=now, subject_id=person_id))
    return Actor(account_id, RESIDENT, person_id)
