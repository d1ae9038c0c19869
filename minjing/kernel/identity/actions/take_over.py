"""Taking over people from another system, by the million: COPY, and one ledger entry for the whole.

Somebody whose ID number is known already would be made known twice: the caller takes over into a register that does
not know them, and the unique index of the number refuses the whole of it otherwise.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from minjing.kernel.identity import sealing
from minjing.kernel.identity.queries import ID_NUMBER, NAME
from minjing.kernel.ledger import actions as ledger

BATCH, BLOCK = 50_000, 500
_PEOPLE = "COPY identity_person (id, id_index, name_index, name_sealed, id_number_sealed, created_at) FROM STDIN"
_KEYS = "COPY identity_personkey (owner_id, wrapped, created_at) FROM STDIN"


@transaction.atomic
def take_over_people(
    people: Iterable[tuple[UUID, str, str]], *, source: str, now: datetime, told: Callable[[int], None]
) -> int:
    """Make known these (id, name, ID number), as well formed as `ensure_person` would have them; return how many.

    `told` is called with how many are in after each batch. IntegrityError: one of the numbers is known already.
    """
    rows, at, many = iter(people), now.isoformat(), 0
    while batch := list(islice(rows, BATCH)):
        keys: list[str] = []
        # In small blocks: the database takes one in while the next is being sealed.
        with connection.cursor() as cursor, cursor.copy(_PEOPLE) as copy:
            for start in range(0, len(batch), BLOCK):
                copy.write("".join(_lines(batch[start : start + BLOCK], at, keys)).encode())
        with connection.cursor() as cursor, cursor.copy(_KEYS) as copy:
            copy.write("".join(keys).encode())
        many += len(batch)
        told(many)
    ledger.append(ledger.entry("identity:people:taken_over", {"count": many, "source": source}, at=now))
    return many


def _lines(batch: Sequence[tuple[UUID, str, str]], at: str, keys: list[str]) -> list[str]:
    """Return the rows of these people, and put those of their keys into `keys`."""
    index, digest = settings.INDEX_KEY, hmac.digest
    people = []
    for person_id, name, number in batch:
        said, digits = name.encode(), number.encode()
        wrapped, (name_sealed, number_sealed) = sealing.sealed_under_new_key(
            person_id, ((NAME, said), (ID_NUMBER, digits))
        )
        by_number = digest(index, b"id_number|" + digits, "sha256").hex()
        by_name = digest(index, b"name|" + said, "sha256").hex()
        people.append(
            f"{person_id.hex}\t\\\\x{by_number}\t\\\\x{by_name}\t\\\\x{name_sealed.hex()}"
            f"\t\\\\x{number_sealed.hex()}\t{at}\n"
        )
        keys.append(f"{person_id.hex}\t\\\\x{wrapped.hex()}\t{at}\n")
    return people
