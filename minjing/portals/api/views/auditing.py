"""What the audit administrator does: the ledger by kind and time, its verification, looks without an open matter."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from minjing.kernel.identity import queries as people
from minjing.portals.api import shapes_system as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.shapes_visits import Instant
from minjing.portals.api.views.door import asker

auditing = Router(tags=["audit administrator"])
REFUSED = {403: ErrorOut, 422: ErrorOut}
Kind = Annotated[str, Query(), Field(pattern=r"^[a-z_:]{0,60}$")]
At = Annotated[Instant, Query()]
Before = Annotated[Instant | None, Query()]


@auditing.get("/ledger", response={200: list[shapes.EntryOut], **REFUSED})
def entries(
    request: HttpRequest, since: At, until: At, kind: Kind = "", before: Before = None, limit: int = 100
) -> list[shapes.EntryOut]:
    """Return entries by the beginning of their kind and by time, newest first; `before` is the last one's `at`."""
    found = people.audited(
        asker(request), prefix=kind, since=since, until=until, before=before, limit=max(1, min(limit, 200))
    )
    return [shapes.EntryOut.of(row) for row in found]


@auditing.post("/ledger/verify", response={200: shapes.ReportOut, **REFUSED})
def verify(request: HttpRequest) -> shapes.ReportOut:
    """Verify the whole ledger now and say what was found; nothing is changed."""
    return shapes.ReportOut.of(people.verified(asker(request)))


@auditing.get("/looks", response={200: list[shapes.BareLookOut], **REFUSED})
def looks(
    request: HttpRequest, since: At, until: At, before: Before = None, limit: int = 100
) -> list[shapes.BareLookOut]:
    """Return looks that no open matter stands behind, newest first: by whom and why, not whom at."""
    found = people.looks_unbound(
        asker(request), since=since, until=until, before=before, limit=max(1, min(limit, 200))
    )
    return [shapes.BareLookOut.of(look) for look in found]


@auditing.get("/looks/lot", response={200: shapes.RecheckOut, **REFUSED})
def recheck(request: HttpRequest, since: At, until: At) -> shapes.RecheckOut:
    """Draw the lot again over the looks of a span of time, and compare."""
    return shapes.RecheckOut.model_validate(people.recheck_lot(asker(request), since=since, until=until))
