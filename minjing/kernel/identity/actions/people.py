"""People: made known, corrected, erased."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from minjing.base import idnumber, names
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Stale, Unknown, Wrong
from minjing.kernel.identity.models import Account, Erasure, Person, PersonKey, Session
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.identity.queries import ID_NUMBER, NAME, person_once_with
from minjing.kernel.identity.reasons import erasure_grounds
from minjing.kernel.identity.rules import WORDS
from minjing.kernel.ledger import actions as ledger

CHUNK = 1_000  # people made known in one statement; their keys must fit in the cache of unwrapped keys


def ensure_person(*, name: str, id_number: str, now: datetime) -> UUID:
    """Return the person with this ID number, made known if they were not.

    A known person keeps the name they have: `correct_person` changes it. Raises WrongName, WrongIdNumber, and
    NotAllowed for a number that was replaced.
    """
    return ensure_people_bulk([(name, id_number)], now)[0]


def ensure_people_bulk(rows: Iterable[tuple[str, str]], now: datetime) -> list[UUID]:
    """Return the people with these (name, ID number), in order, with a handful of statements per thousand.

    Raises as `ensure_person` does.
    """
    today = local_day(now)
    wanted = [(names.parse(name), idnumber.parse(number, today).text) for name, number in rows]
    people: list[UUID] = []
    with transaction.atomic():
        for start in range(0, len(wanted), CHUNK):
            people += _ensure_chunk(wanted[start : start + CHUNK], now)
    return people


def _ensure_chunk(wanted: Sequence[tuple[str, str]], now: datetime) -> list[UUID]:
    by_index = {sealing.blind_index("id_number", number): (name, number) for name, number in wanted}
    known = _known(by_index)
    fresh = {}
    keys = {}
    unknown = by_index.keys() - known.keys()
    if unknown and plugs.replaced_numbers is not None and plugs.replaced_numbers(unknown):
        raise NotAllowed("number_replaced", WORDS["number_replaced"])
    for index in unknown:
        person_id = new_id()
        keys[person_id] = PersonKey(owner_id=person_id, wrapped=sealing.new_key(person_id), created_at=now)
        fresh[index] = _person(person_id, index, *by_index[index], now)
    if fresh:
        # Somebody else may be making the same person known at this moment: theirs stands.
        Person.objects.bulk_create(fresh.values(), ignore_conflicts=True)
        known = _known(by_index)
        PersonKey.objects.bulk_create([keys[pk] for pk in known.values() if pk in keys])
        ledger.append(
            *(ledger.entry("identity:person:known", {}, at=now, subject_id=pk) for pk in known.values() if pk in keys)
        )
    return [known[sealing.blind_index("id_number", number)] for _, number in wanted]


def _known(indexes: Iterable[bytes]) -> dict[bytes, UUID]:
    rows = Person.objects.filter(id_index__in=list(indexes)).values_list("id_index", "pk")
    return {bytes(index): pk for index, pk in rows if index is not None}


def _person(person_id: UUID, index: bytes, name: str, number: str, now: datetime) -> Person:
    return Person(
        id=person_id,
        id_index=index,
        name_index=sealing.blind_index("name", name),
        name_sealed=sealing.seal(person_id, NAME, name),
        id_number_sealed=sealing.seal(person_id, ID_NUMBER, number),
        created_at=now,
    )


@transaction.atomic
def correct_person(
    person_id: UUID, *, name: str | None = None, id_number: str | None = None, by: Actor, now: datetime
) -> None:
    """Write the name or the ID number that the register now holds.

    The caller is the register's effect and has decided. Raises Unknown, WrongName, WrongIdNumber, and NotAllowed
    when the ID number is another person's.
    """
    person = Person.objects.select_for_update().filter(pk=person_id, erased_at__isnull=True).first()
    if person is None:
        raise Unknown
    changed = []
    if name is not None:
        stored = names.parse(name)
        person.name_index = sealing.blind_index("name", stored)
        person.name_sealed = sealing.seal(person_id, NAME, stored)
        changed.append("name")
    if id_number is not None:
        number = idnumber.parse(id_number, local_day(now)).text
        index = sealing.blind_index("id_number", number)
        if Person.objects.filter(id_index=index).exclude(pk=person_id).exists():
            raise NotAllowed(
                "id_number_taken",
                {"zh": "该身份证号码已属于另一人。", "en": "This ID number belongs to another person."},
            )
        person.id_index = index
        person.id_number_sealed = sealing.seal(person_id, ID_NUMBER, number)
        changed.append("id_number")
    person.save()
    ledger.append(
        ledger.entry(
            "identity:person:corrected",
            {"by": by.account_id, "fields": changed},
            at=now,
            subject_id=person_id,
        )
    )


@transaction.atomic
def ask_erasure(*, by: Actor, person_id: UUID, ground: str, now: datetime) -> UUID:
    """Put before another administrator the wish to erase a person; return its id.

    Asked by the same person twice, it waits once. Raises NotAllowed without the act ask_erasure, and while something
    is against it; Wrong without a ground of the law's list.
    """
    _require(by, "ask_erasure")
    if ground not in erasure_grounds():
        raise Wrong("no_ground", {"zh": "请选择删除依据。", "en": "Please choose the ground for erasing."}, "ground")
    if not Person.objects.select_for_update().filter(pk=person_id, erased_at__isnull=True).exists():
        raise Unknown
    _nothing_against(person_id)
    waiting = Erasure.objects.filter(
        person_id=person_id, ground=ground, asked_by_id=by.account_id, done_at__isnull=True
    ).first()
    if waiting is not None:
        return waiting.pk
    wish = Erasure.objects.create(person_id=person_id, ground=ground, asked_by_id=by.account_id, asked_at=now)
    ledger.append(
        ledger.entry(
            "identity:erasure:asked",
            {"by": by.account_id, "erasure": wish.pk, "ground": ground},
            at=now,
            subject_id=person_id,
        )
    )
    return wish.pk


def ask_erasure_by_number(*, by: Actor, id_number: str, ground: str, now: datetime) -> UUID:
    """Ask for the erasure of the person with this ID number; nothing of them is opened. Return the wish's id.

    Raises as `ask_erasure` does, and Wrong for what is no ID number or nobody's.
    """
    _require(by, "ask_erasure")  # first: that somebody is known is an answer too
    try:
        number = idnumber.parse(id_number).text
    except idnumber.WrongIdNumber:
        raise Wrong(
            "id_number", {"zh": "身份证号码不正确。", "en": "This is no valid ID number."}, "id_number"
        ) from None
    found = person_once_with(number)
    if found is None:
        raise Wrong("nobody", {"zh": "没有这个人的数据。", "en": "Nothing is kept of this person."}, "id_number")
    return ask_erasure(by=by, person_id=found, ground=ground, now=now)


@transaction.atomic
def erase_person(erasure_id: UUID, *, by: Actor, now: datetime) -> None:
    """Delete the key of the person of an asked erasure, close their doors and take their salts from the ledger.

    Raises NotAllowed when the one who confirms is the one who asked, or holds no right to confirm; and while
    something speaks against it, such as a matter that nobody could close any more: the wish stays and waits.
    """
    _require(by, "confirm_erasure")
    wish = Erasure.objects.select_for_update().filter(pk=erasure_id, done_at__isnull=True).first()
    if wish is None:
        raise Unknown
    if wish.asked_by_id == by.account_id:
        raise NotAllowed("same_person", WORDS["same_person"])
    person_id = wish.person_id
    _nothing_against(person_id)
    Erasure.objects.filter(pk=erasure_id).update(done_by_id=by.account_id, done_at=now)
    _close_doors(person_id)
    Person.objects.filter(pk=person_id).update(id_index=None, name_index=None, erased_at=now)
    PersonKey.objects.filter(pk=person_id).delete()
    ledger.erase_person(person_id, by, now)
    transaction.on_commit(lambda: sealing.forget(person_id))


def _nothing_against(person_id: UUID) -> None:
    for asked in plugs.erasure_vetoes:
        against = asked(person_id)
        if against is not None:
            raise Stale("not_now", against)


def _close_doors(person_id: UUID) -> None:
    accounts = list(Account.objects.filter(person_id=person_id, kind=Account.RESIDENT).values_list("pk", flat=True))
    Session.objects.filter(account_id__in=accounts).delete()
    PersonKey.objects.filter(pk__in=accounts).delete()
    Account.objects.filter(pk__in=accounts).update(is_active=False, phone_index=None, phone_sealed=None)


def _require(by: Actor, act: str) -> None:
    if not any(act in h.acts for h in by.holdings):
        raise NotAllowed("no_post", WORDS["no_post"])
