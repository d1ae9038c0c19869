"""What waits for one's own consent: a sale, a change of owner, who drove; agreed or refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from minjing.base.clock import now
from minjing.modules.traffic.actions import consents as acts
from minjing.modules.traffic.queries import consents as asked
from minjing.portals.api.shapes import ErrorOut, Shape, TextOut
from minjing.portals.api.views.door import resident

router = Router(tags=["traffic"])


class ConsentIn(BaseModel):
    """Yes or no."""

    agrees: bool


class ConsentOut(Shape):
    """What one is or was asked: which service, about what, by whom (masked), until when."""

    matter_id: UUID
    title: TextOut
    subject: str
    asker: str
    asked_at: datetime
    until_at: datetime
    state: str  # asked, agreed, refused
    waits: bool


class ConsentAnsweredOut(Shape):
    """How it stands."""

    matter_id: UUID
    state: str
    answered_at: datetime


@router.get("/consents", response=list[ConsentOut])
def mine(request: HttpRequest) -> list[Any]:
    """Return what one is or was asked to agree to, the latest first."""
    return list(asked.of_person(resident(request), now()))


@router.post(
    "/consents/{uuid:matter_id}", response={200: ConsentAnsweredOut, 403: ErrorOut, 404: ErrorOut, 409: ErrorOut}
)
def answer(request: HttpRequest, matter_id: UUID, said: ConsentIn) -> Any:
    """Agree, and the matter goes on; or refuse, and it ends. The first answer counts; the other is refused."""
    return acts.answer(matter_id, said.agrees, by=resident(request), now=now())
