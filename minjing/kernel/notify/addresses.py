"""Where a notice goes: read at the moment of sending, kept nowhere else."""

import json
from dataclasses import dataclass
from uuid import UUID

from minjing.kernel.identity import sealing
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.queries import PHONE
from minjing.kernel.notify.models import Address as Bound
from minjing.kernel.notify.plugs import plugs
from minjing.kernel.notify.rules import LETTER, SMS

BOUND = "notify_address.address"


@dataclass(frozen=True, slots=True)
class Address:
    """An account's phone and language."""

    phone: str
    language: str


def of_account(account_id: UUID) -> Address | None:
    """Return where the account is reached; None when it has no phone, is closed or was erased."""
    account = Account.objects.filter(pk=account_id, is_active=True, phone_sealed__isnull=False).first()
    if account is None or account.phone_sealed is None:
        return None
    (phone,) = sealing.unseal_many([(account.pk, PHONE, bytes(account.phone_sealed))])
    return None if phone is None else Address(phone.decode(), account.language)


def close(message_id: UUID, phone: str, words: str) -> bytes:
    """Return a letter sealed for the short way to the provider, bound to its row."""
    return sealing.conceal(_purpose(message_id), json.dumps([phone, words])).encode()


def open_envelope(message_id: UUID, sealed: bytes) -> tuple[str, str]:
    """Return phone and words of a sealed letter."""
    phone, words = json.loads(sealing.reveal(_purpose(message_id), sealed.decode()))
    return phone, words


def _purpose(message_id: UUID) -> str:
    return f"notify_message.envelope|{message_id}"


def channels_of(account_id: UUID) -> set[str]:
    """Return the channels by which the account can be reached now; letters are asked for apart (`postal`)."""
    found = set(
        Bound.objects.filter(account_id=account_id, confirmed_at__isnull=False, ended_at__isnull=True)
        .exclude(channel=LETTER)
        .values_list("channel", flat=True)
    )
    if Account.objects.filter(pk=account_id, is_active=True, phone_sealed__isnull=False).exists():
        found.add(SMS)
    return found


def postal(account_id: UUID) -> str | None:
    """Return the address for letters: the one the person gave, else the one of the register; None: neither."""
    given = bound(account_id, LETTER)
    if given:
        return given[0][1]
    person_id = Account.objects.filter(pk=account_id, is_active=True).values_list("person_id", flat=True).first()
    return plugs.home(person_id) if person_id and plugs.home else None


def bound(account_id: UUID, channel: str) -> list[tuple[UUID, str]]:
    """Return the open addresses of the account in a channel, each with the id of its row."""
    rows = list(
        Bound.objects.filter(
            account_id=account_id, channel=channel, confirmed_at__isnull=False, ended_at__isnull=True
        ).values_list("pk", "address_sealed")
    )
    opened = sealing.unseal_many([(account_id, BOUND, bytes(blob or b"")) for _, blob in rows])
    return [(pk, text.decode()) for (pk, _), text in zip(rows, opened, strict=True) if text is not None]


def sealed(account_id: UUID, address: str) -> bytes:
    """Return an address sealed under the account's own key."""
    return sealing.seal(account_id, BOUND, address)


def index_of(channel: str, address: str) -> bytes:
    """Return the blind index by which an address is found."""
    return sealing.blind_index(f"notify.{channel}", address)


def read_back(account_id: UUID, blob: bytes) -> str:
    """Return an address that is just being confirmed by whoever reads it there. Raises Erased."""
    return sealing.unseal(account_id, BOUND, blob).decode()
