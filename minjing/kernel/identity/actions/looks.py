"""The one road to a person's record: the right, the reason, the ledger entry, and only then the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.kernel.identity import reasons, sealing
from minjing.kernel.identity.actor import SYSTEM_KIND, Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown
from minjing.kernel.identity.models import Account, Person
from minjing.kernel.identity.plugs import FieldReader, plugs
from minjing.kernel.identity.queries import ID_NUMBER, LOOKED, NAME, PHONE
from minjing.kernel.identity.rules import WORDS, Verdict, may_look
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.watch import queries as watch
from minjing.kernel.watch.errors import Closed


def look(
    by: Actor,
    person_ids: Iterable[UUID],
    fields: Sequence[str],
    *,
    reason: str = "",
    matter_id: UUID | None = None,
    unit_path: str = "",
    now: datetime,
) -> dict[UUID, dict[str, str]]:
    """Return the fields of these people, having first written one ledger entry for each of them.

    `reason` is a key of the list, or "other:in one's own words"; a look for a matter needs none, and the caller has
    checked the right to the matter. Fields: name, id_number, phone, and what modules register. People who are
    erased or have no such field are left out. Raises NotAllowed, and Unknown for a field nobody provides.
    Call it outside a transaction that may still be undone: what was seen must stay on record.
    """
    people = list(dict.fromkeys(person_ids))
    readers = {name: _reader(name) for name in fields}
    record_look(by, people, fields, reason=reason, matter_id=matter_id, unit_path=unit_path, now=now)
    found: dict[UUID, dict[str, str]] = {}
    for name, read in readers.items():
        for person_id, value in read(people).items():
            found.setdefault(person_id, {})[name] = value
    return found


@transaction.atomic
def record_look(
    by: Actor,
    person_ids: Iterable[UUID],
    what: Sequence[str],
    *,
    reason: str = "",
    matter_id: UUID | None = None,
    unit_path: str = "",
    now: datetime,
) -> None:
    """Write that `by` looks at `what` of these people; the caller may open it when this has returned.

    For records kept elsewhere: a matter's form, the register. One's own record needs no entry.
    Raises NotAllowed without a right, without a reason where there is no matter, or while the ledger lies an hour
    behind and no break-glass is open.
    """
    others = [pk for pk in dict.fromkeys(person_ids) if pk != by.person_id or by.is_officer]
    if not others:
        return
    verdict = _verdict(by, unit_path)
    if not verdict.ok:
        raise NotAllowed(verdict.reason_key, WORDS[verdict.reason_key])
    glass = _glass(by, now)
    key, words = ("matter", "") if matter_id and not reason else _parsed(reason)
    holding = verdict.holding
    payload = {
        "by": by.account_id,
        "unit": holding.unit_id if holding else None,
        "post": holding.post if holding else "",
        "deputy_for": holding.deputy_for if holding else None,
        "fields": list(what),
        "reason": key,
        "words": words,
        "matter": matter_id,
        **({"glass": glass} if glass else {}),
    }
    org_id = holding.org_id if holding else 0
    ledger.append(*(ledger.entry(LOOKED, payload, at=now, org_id=org_id, subject_id=pk) for pk in others))


def _verdict(by: Actor, unit_path: str) -> Verdict:
    if by.kind == SYSTEM_KIND:
        return Verdict(True)
    return may_look(by, unit_path=unit_path)


def _glass(by: Actor, now: datetime) -> UUID | None:
    """Return the break-glass under which `by` looks, None as a rule; NotAllowed while the ledger lies an hour behind.

    Steps that the house takes by itself show nothing to anybody and go on.
    """
    if by.kind == SYSTEM_KIND:
        return None
    try:
        return watch.reads_open(by.account_id, now)
    except Closed as closed:
        raise NotAllowed(closed.key, closed.text) from None


def _parsed(reason: str) -> tuple[str, str]:
    found, words = reasons.parse(reason)
    return found.key, words


def _reader(name: str) -> FieldReader:
    own: dict[str, FieldReader] = {"name": _names, "id_number": _id_numbers, "phone": _phones}
    if name in own:
        return own[name]
    if name in plugs.fields:
        return plugs.fields[name][1]
    raise Unknown("unknown_field", {"zh": f"没有名为 {name} 的信息项。", "en": f"There is no field {name}."})


def _names(people: Iterable[UUID]) -> dict[UUID, str]:
    return _opened(Person.objects.filter(pk__in=people).values_list("pk", "pk", "name_sealed"), NAME)


def _id_numbers(people: Iterable[UUID]) -> dict[UUID, str]:
    return _opened(Person.objects.filter(pk__in=people).values_list("pk", "pk", "id_number_sealed"), ID_NUMBER)


def _phones(people: Iterable[UUID]) -> dict[UUID, str]:
    # The phone belongs to the account's key; of several accounts the one last made counts.
    rows = (
        Account.objects.filter(person_id__in=people, phone_sealed__isnull=False)
        .order_by("created_at")
        .values_list("person_id", "pk", "phone_sealed")
    )
    return _opened(rows, PHONE)


def _opened(
    rows: Iterable[tuple[UUID | None, UUID, bytes | memoryview[int] | None]], context: str
) -> dict[UUID, str]:
    held = [(person, owner, bytes(blob)) for person, owner, blob in rows if person is not None and blob is not None]
    values = sealing.unseal_many([(owner, context, blob) for _, owner, blob in held])
    return {person: value.decode() for (person, _, _), value in zip(held, values, strict=True) if value is not None}
