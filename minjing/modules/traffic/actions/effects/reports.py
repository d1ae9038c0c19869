"""The password of a report: told to who reported, derived under the house's key from the matter, stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from django.conf import settings

DIGITS = 8


def password_of(matter_id: UUID) -> str:
    """Return the query password of a report: eight digits that only the house can derive."""
    seal = hmac.new(settings.SECRET_KEY.encode(), b"traffic-report:" + matter_id.bytes, hashlib.sha256).digest()
    return f"{int.from_bytes(seal[:8]) % 10**DIGITS:0{DIGITS}d}"
