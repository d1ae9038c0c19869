"""Who asks in the benchmarks over HTTP: residents and officers with sessions and tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

CSRF = "a" * 32  # the secret that the browser sends back with a form


def session(account_id: UUID, kind: str, now: datetime) -> dict[str, str]:
    """Open a session as signing in does and return the headers that a browser would send with it."""
    from minjing.base.ids import new_id
    from minjing.kernel.identity import sessions

    opened = sessions.SessionStore()
    opened.update(
        {
            sessions.ACCOUNT: str(account_id),
            sessions.KIND: kind,
            sessions.STARTED: now.isoformat(),
            sessions.REF: str(new_id()),
            sessions.DEVICE: "bench",
            sessions.SECOND: kind == "officer",
        }
    )
    opened.create()
    return {"Cookie": f"session={opened.session_key}; csrf={CSRF}", "X-CSRFToken": CSRF}


def holders(post: str, limit: int = 60) -> list[tuple[UUID, int]]:
    """Return accounts and units of those who hold a post, one for each unit."""
    from minjing.kernel.identity.models import Appointment

    rows = Appointment.objects.filter(post_id=post, deputy_for=None).order_by("unit_id", "account_id")
    return [(account, unit) for unit, account in dict(rows.values_list("unit_id", "account_id")).items()][:limit]
