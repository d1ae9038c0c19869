"""Where a notice goes: read at the moment of sending, kept nowhere else."""

import json
from dataclasses import dataclass
from uuid import UUID

from minjing.kernel.identity import sealing
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.queries import PHONE


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
