"""What the security administrator does: officers' accounts, their posts, sessions and second factors; erasures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.reasons import erasure_grounds
from minjing.portals.api import shapes_accounts as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import asker

accounts = Router(tags=["accounts"])
erasures = Router(tags=["erasures"])
REFUSED = {403: ErrorOut, 404: ErrorOut, 409: ErrorOut, 422: ErrorOut}
Asked = Annotated[str, Query(), Field(max_length=100, pattern=r"^[^\x00]*$")]


def _one(account_id: UUID, by: Actor, at: datetime) -> shapes.AccountOneOut:
    return shapes.one(
        queries.officer(by, account_id),
        queries.appointments(by, account_id=account_id, now=at),
        queries.past_appointments(by, account_id, at),
        [shapes.AccountSessionOut.model_validate(row) for row in queries.sessions_of(account_id, at)],
    )


@accounts.get("", response={200: list[shapes.AccountOut], **REFUSED})
def find(request: HttpRequest, q: Asked = "", after: Asked = "", limit: int = 50) -> list[shapes.AccountOut]:
    """Return officers' accounts by login; `q` narrows login, name and number, `after` is the last login seen."""
    found = queries.officers(asker(request), text=q, after=after, limit=max(1, min(limit, 200)))
    return [shapes.AccountOut.of(row) for row in found]


@accounts.post("", response={201: shapes.AccountOneOut, **REFUSED})
def create(request: HttpRequest, data: shapes.OfficerIn) -> Status[shapes.AccountOneOut]:
    """Open an officer's account; a second factor follows at the first sign-in."""
    by, at = asker(request), now()
    made = actions.create_officer(
        login=data.login, password=data.password, name=data.name, police_number=data.police_number, by=by, now=at
    )
    return Status(201, _one(made.pk, by, at))


@accounts.get("/{uuid:account_id}", response={200: shapes.AccountOneOut, **REFUSED})
def one(request: HttpRequest, account_id: UUID) -> shapes.AccountOneOut:
    """Return one account: its posts past and present, its sessions."""
    return _one(account_id, asker(request), now())


@accounts.post("/{uuid:account_id}/posts", response={201: dict[str, UUID], **REFUSED})
def appoint(request: HttpRequest, account_id: UUID, data: shapes.AppointIn) -> Status[dict[str, UUID]]:
    """Give an officer a post; the same once more is the same appointment."""
    made = actions.appoint(
        by=asker(request), account_id=account_id, unit_id=data.unit_id, post=data.post, since=data.since,
        until=data.until, now=now(),
    )  # fmt: skip
    return Status(201, {"id": made})


@accounts.delete("/posts/{uuid:appointment_id}", response={200: dict[str, bool], **REFUSED})
def end_appointment(request: HttpRequest, appointment_id: UUID) -> dict[str, bool]:
    """End a post now, with its deputies; the holder's sessions and tokens are cut at once."""
    actions.end_appointment(appointment_id, by=asker(request), now=now())
    return {"ended": True}


@accounts.delete("/sessions/{uuid:ref}", response={200: dict[str, bool], **REFUSED})
def end_session(request: HttpRequest, ref: UUID) -> dict[str, bool]:
    """Cut one session of an officer."""
    actions.end_session(ref, by=asker(request), now=now())
    return {"ended": True}


@accounts.post("/{uuid:account_id}/disable", response={200: shapes.AccountOneOut, **REFUSED})
def disable(request: HttpRequest, account_id: UUID) -> shapes.AccountOneOut:
    """Shut an account: its sessions and tokens end at once."""
    by, at = asker(request), now()
    actions.disable_account(account_id=account_id, by=by, now=at)
    return _one(account_id, by, at)


@accounts.post("/{uuid:account_id}/enable", response={200: shapes.AccountOneOut, **REFUSED})
def enable(request: HttpRequest, account_id: UUID) -> shapes.AccountOneOut:
    """Open a shut account again."""
    by, at = asker(request), now()
    actions.enable_account(account_id=account_id, by=by, now=at)
    return _one(account_id, by, at)


@accounts.post("/{uuid:account_id}/reset-factors", response={200: shapes.AccountOneOut, **REFUSED})
def reset_factors(request: HttpRequest, account_id: UUID) -> shapes.AccountOneOut:
    """Take an officer's second factors away, for a lost phone; they enrol anew."""
    by, at = asker(request), now()
    actions.reset_factors(account_id=account_id, by=by, now=at)
    return _one(account_id, by, at)


# ---- erasures: one asks, another confirms ---------------------------------------------------------------


@erasures.get("/grounds", response=list[shapes.GroundOut])
def grounds(request: HttpRequest) -> list[shapes.GroundOut]:
    """Return the grounds of the law for erasing a person."""
    return [shapes.GroundOut.of(ground) for ground in erasure_grounds().values()]


@erasures.get("", response={200: list[shapes.ErasureOut], **REFUSED})
def waiting(request: HttpRequest) -> list[shapes.ErasureOut]:
    """Return the erasures that wait for a second administrator."""
    return [shapes.ErasureOut.of(row) for row in queries.erasures_waiting(asker(request))]


@erasures.post("", response={201: dict[str, UUID], **REFUSED})
def ask(request: HttpRequest, data: shapes.ErasureIn) -> Status[dict[str, UUID]]:
    """Ask for the erasure of a person; nothing of them is opened. The same once more waits once."""
    made = actions.ask_erasure_by_number(by=asker(request), id_number=data.id_number, ground=data.ground, now=now())
    return Status(201, {"id": made})


@erasures.post("/{uuid:erasure_id}/confirm", response={200: dict[str, bool], **REFUSED})
def confirm(request: HttpRequest, erasure_id: UUID) -> dict[str, bool]:
    """Erase the person, as another administrator than who asked: their key goes."""
    actions.erase_person(erasure_id, by=asker(request), now=now())
    return {"erased": True}
