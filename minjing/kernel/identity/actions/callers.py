"""People who come another way than by their own phone: to the desk line, to a machine, to a counter."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.actions.doors import must_be_present, parse_id_number, parse_name, send_code
from minjing.kernel.identity.actions.people import ensure_person
from minjing.kernel.identity.actions.searching import asked_in_vain
from minjing.kernel.identity.actor import RESIDENT, Actor
from minjing.kernel.identity.errors import Wrong
from minjing.kernel.identity.models import Account, Person, PersonKey
from minjing.kernel.identity.plugs import Registered, plugs
from minjing.kernel.identity.queries import ID_NUMBER, NAME, own_phone, person_by_id_number
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


def send_code_by_id_number(
    id_number: str, now: datetime, *, address: str = "", language: str = "zh-hans"
) -> tuple[str, str]:
    """Send a code to the phone that the owner of an ID number has signed in with; return the handle and that phone.

    For a machine in a hall, where the number comes from a card or a keypad: the number lets nobody in, the code
    does. The phone is for the session alone and is "" where nothing was sent; the page says the same either way.
    Raises Wrong for what is no ID number, TooMany beyond the limits.
    """
    number = parse_id_number(id_number, now)
    person_id = person_by_id_number(number)
    phone = own_phone(person_id) if person_id is not None else ""
    if phone:
        return send_code(phone, now, address=address, language=language), phone
    limits.spend("code-again", f"{number}|{address}", limits.CODE_AGAIN, now)
    limits.spend("code-address", address, limits.CODE_ADDRESS, now)
    return secrets.token_urlsafe(24), ""


def received_at_counter(*, name: str, id_number: str, by_card: bool, by: Actor, now: datetime) -> Actor:
    """Return the resident whom an officer has before them, with their account, or one without a door.

    The register vouches for the name, where it knows the number; where it does not, only a card that a reader has
    read does. What it does not vouch for is on record and counted: whoever tries names for a number is stopped.
    Raises Wrong with the field that is wrong, TooMany.
    """
    spoken, number = parse_name(name), parse_id_number(id_number, now)
    limits.check("reception", str(by.account_id), limits.RECEPTION, now)
    seen = plugs.check_register(name=spoken, id_number=number, now=now) if plugs.check_register else Registered(False)
    must_be_present(seen)
    if not seen.alive or (seen.found and not seen.name_agrees) or not (seen.found or by_card):
        limits.count("reception", str(by.account_id), limits.RECEPTION, now)
        asked_in_vain(by, number, reason="counter", now=now)
        raise Wrong("not_vouched", NOT_VOUCHED, "id_number")
    with transaction.atomic():
        person_id = ensure_person(name=spoken, id_number=number, now=now)
        accounts = Account.objects.filter(person_id=person_id, kind=Account.RESIDENT, is_active=True)
        known = accounts.order_by("phone_index", "created_at").first()  # nulls last: a door of their own first
        if known is None:
            account_id = new_id()
            known = Account(
                id=account_id, kind=Account.RESIDENT, login=str(account_id), person_id=person_id, level=2,
                created_at=now,
            )  # fmt: skip
            known.set_unusable_password()
            known.save(force_insert=True)
            said = {"account": account_id, "level": 2}
            ledger.append(ledger.entry("identity:account:opened", said, at=now, subject_id=person_id))
    return Actor(known.pk, RESIDENT, person_id, level=max(2, known.level))


NOT_VOUCHED = {
    "zh": "姓名与身份证号码不一致，或登记库中没有。请核对原件；市外户籍的请用读卡器读卡。",
    "en": "Name and ID number do not agree, or are not in the register. Look at the original; for people registered "
    "elsewhere read the card with a reader.",
}


def key_of_its_own(record_id: UUID, *, now: datetime) -> UUID:
    """Give a record that concerns somebody nobody knows a key of its own, once, and return its id.

    What is sealed under it goes when that key is deleted; that is for whoever keeps the record to do at its end.
    """
    if not PersonKey.objects.filter(pk=record_id).exists():
        made = PersonKey(owner_id=record_id, wrapped=sealing.new_key(record_id), created_at=now)
        PersonKey.objects.bulk_create([made], ignore_conflicts=True)
        sealing.forget(record_id)  # somebody may have been faster: the key that is kept counts
    return record_id
