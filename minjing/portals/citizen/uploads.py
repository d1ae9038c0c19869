"""Files that a form has brought: whole with the form, or sent before in pieces and named by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from minjing.kernel.files import actions, queries
from minjing.kernel.files.errors import Refused, Text
from minjing.kernel.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class Sent:
    """What has come for one paper: the files that were taken, and why another one was not."""

    files: tuple[UUID, ...]
    refused: Text | None


def received(request: HttpRequest, name: str, *, by: Actor, now: datetime) -> Sent:
    """Return the files that came under `name` (whole) and `name_id` (sent before); ids that are not own are left out.

    A refused file does not take the others with it.
    """
    named = [UUID(text) for text in request.POST.getlist(f"{name}_id")]
    own = queries.own_among(named, by=by)
    taken = [file_id for file_id in named if file_id in own]
    refused: Text | None = None
    for upload in request.FILES.getlist(name):
        try:
            kept = actions.store(
                upload, by=by, owner_person=by.person_id, name=upload.name or "", now=now, purpose="material"
            )
        except Refused as refusal:
            refused = refusal.text
        else:
            taken.append(kept.id)
    return Sent(tuple(taken), refused)
