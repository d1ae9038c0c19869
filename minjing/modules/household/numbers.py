"""ID numbers that were replaced: whose they were. They are nobody's again, and what names them means that person."""

from collections.abc import Iterable
from uuid import UUID

from minjing.modules.household.models import RetiredNumber


def holders(indexes: Iterable[bytes]) -> dict[bytes, UUID]:
    """Return who had these numbers, by their blind index; those that nobody gave up are left out."""
    rows = RetiredNumber.objects.filter(pk__in=list(indexes)).values_list("pk", "person_id")
    return {bytes(index): person for index, person in rows}


def before(person_id: UUID) -> list[bytes]:
    """Return the blind indexes of the numbers that a person had before the present one."""
    rows = RetiredNumber.objects.filter(person_id=person_id).values_list("pk", flat=True)
    return [bytes(index) for index in rows]
