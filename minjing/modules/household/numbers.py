"""ID numbers that were replaced: whose they were. They are nobody's again, and what names them means that person.

The register names kin by their number, in entries that stay as they were written: who reads them reads them here.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.models import Person
from minjing.kernel.identity.sealing import blind_index, unseal_many
from minjing.modules.household import rules
from minjing.modules.household.models import RetiredNumber


def holders(indexes: Iterable[bytes]) -> dict[bytes, UUID]:
    """Return who had these numbers, by their blind index; those that nobody gave up are left out."""
    rows = RetiredNumber.objects.filter(pk__in=list(indexes)).values_list("pk", "person_id")
    return {bytes(index): person for index, person in rows}


def before(person_id: UUID) -> list[bytes]:
    """Return the blind indexes of the numbers that a person had before the present one."""
    rows = RetiredNumber.objects.filter(person_id=person_id).values_list("pk", flat=True)
    return [bytes(index) for index in rows]


def present(numbers: Iterable[str]) -> dict[str, str]:
    """Return these ID numbers, each with the one that its person has now: itself, unless it was replaced."""
    found = {number: number for number in numbers}
    asked = {blind_index("id_number", number): number for number in found}
    once = holders(asked) if asked else {}
    if not once:
        return found
    rows = dict(Person.objects.filter(pk__in=set(once.values())).values_list("pk", "id_number_sealed"))
    opened = unseal_many([(person, identity.ID_NUMBER, bytes(sealed)) for person, sealed in rows.items()])
    now = {person: value.decode() for person, value in zip(rows, opened, strict=True) if value is not None}
    return found | {asked[index]: now[person] for index, person in once.items() if person in now}


def with_present_kin(said: Mapping[UUID, Mapping[str, str]]) -> dict[UUID, dict[str, str]]:
    """Return what the register says of people (person → heading → value) with their kin under the present numbers."""
    now = present({items[name] for items in said.values() for name in rules.KIN if items.get(name)})
    return {
        person: {name: now.get(value, value) if name in rules.KIN else value for name, value in items.items()}
        for person, items in said.items()
    }
