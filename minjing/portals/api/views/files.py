"""Files: sent whole, or in pieces that go on where they broke off; shown to those who may see them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Query, Router, Status, UploadedFile
from pydantic import Field

from minjing.base.clock import now
from minjing.kernel.files import actions, queries
from minjing.kernel.files.errors import Refused, Unknown
from minjing.kernel.files.rules import CHUNK_MAX, SIZE_MAX
from minjing.kernel.matters.errors import NotAllowed
from minjing.portals.api import shapes_files as shapes
from minjing.portals.api.shapes import ErrorOut
from minjing.portals.api.views.door import asker

files = Router(tags=["files"])
UPLOADED: Any = File(...)  # type: ignore[type-arg]
REFUSED = {404: ErrorOut, 409: ErrorOut, 422: ErrorOut}
Offset = Annotated[int, Query(), Field(ge=0, le=2**40)]


@files.post("", response={201: shapes.FileOut, 403: ErrorOut, 422: ErrorOut})
def store(request: HttpRequest, file: UploadedFile = UPLOADED) -> Status[Any]:
    """Upload an image or a PDF."""
    by = asker(request)
    if by.person_id is None:
        raise NotAllowed("identity_level", "请先完成实名核验。", "Say who you are first.")
    return Status(201, actions.store(file, by=by, owner_person=by.person_id, name=file.name or "", now=now()))


@files.post("/uploads", response={201: shapes.UploadOut, **REFUSED})
def begin(request: HttpRequest, data: shapes.BeginUploadIn) -> Status[shapes.UploadOut]:
    """Open an upload in pieces; it lasts a day."""
    by = asker(request)
    made = actions.begin(
        by=by, owner_person=by.person_id, name=data.name, size=data.size, purpose=data.purpose, now=now()
    )
    return Status(201, shapes.UploadOut(id=made.id, offset=0, chunk=CHUNK_MAX))


@files.get("/uploads/{uuid:upload_id}", response={200: shapes.UploadOut, **REFUSED})
def how_far(request: HttpRequest, upload_id: UUID) -> shapes.UploadOut:
    """Return how far one's own upload has come."""
    offset = queries.upload_offset(upload_id, by=asker(request), now=now())
    return shapes.UploadOut(id=upload_id, offset=offset, chunk=CHUNK_MAX)


@files.patch("/uploads/{uuid:upload_id}", response={200: shapes.UploadOut, **REFUSED})
def append(request: HttpRequest, upload_id: UUID, offset: Offset) -> shapes.UploadOut:
    """Add the body, a piece of the file, at `offset`; 409 says where to go on where it does not follow."""
    length = request.headers.get("Content-Length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 12 or int(length) > CHUNK_MAX:
        raise Refused("too_large", limit_mb=SIZE_MAX // CHUNK_MAX)
    reached = actions.append(upload_id, offset, request.body, by=asker(request), now=now())
    return shapes.UploadOut(id=upload_id, offset=reached, chunk=CHUNK_MAX)


@files.post("/uploads/{uuid:upload_id}/finish", response={200: shapes.FileOut, **REFUSED})
def finish(request: HttpRequest, upload_id: UUID) -> Any:
    """Check and keep what has come; asked again, the same file is answered."""
    return actions.finish(upload_id, by=asker(request), now=now())


@files.delete("/uploads/{uuid:upload_id}", response={200: dict[str, bool], **REFUSED})
def cancel(request: HttpRequest, upload_id: UUID) -> dict[str, bool]:
    """Drop an upload under way."""
    actions.cancel(upload_id, by=asker(request), now=now())
    return {"deleted": True}


@files.get("/{uuid:file_id}")
def show(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Return a file to one who may see it; the look is on record before a byte leaves."""
    _must_see(request, file_id)
    return _answer(queries.read(file_id), queries.file(file_id).media_type)


@files.get("/{uuid:file_id}/small")
def thumbnail(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Return a small picture of a file to one who may see it."""
    _must_see(request, file_id)
    small = queries.thumbnail(file_id)
    if small is None:
        raise Unknown
    return _answer(small, "image/jpeg")


def _must_see(request: HttpRequest, file_id: UUID) -> None:
    if not queries.may_see(file_id, by=asker(request), now=now()):
        raise Unknown


def _answer(content: bytes, media_type: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store, private", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
