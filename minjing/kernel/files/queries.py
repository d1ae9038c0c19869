"""Reading files. The caller has checked the right and recorded the look; the views here ask the registered guard."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minjing.kernel.files import blobs, models
from minjing.kernel.files.errors import Unknown
from minjing.kernel.files.plugs import plugs
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import Actor
from minjing.kernel.ledger.prepared import prepared_cursor

FACTS = "files_file.facts"
OWN_AMONG = "SELECT id FROM files_file WHERE id = ANY(%s) AND account_id = %s AND loose_since IS NULL"


@dataclass(frozen=True, slots=True)
class File:
    """One kept file: what it is, not what is in it."""

    id: UUID
    kind: str  # "image" | "pdf"
    media_type: str
    size: int  # bytes
    sha256: str
    name: str
    pages: int
    width: int  # pixels
    height: int
    created_at: datetime


def file(file_id: UUID) -> File:
    """Return one file's facts. Raises Unknown, Erased."""
    return _file(_row(file_id))


def files(file_ids: list[UUID]) -> dict[UUID, File]:
    """Return the facts of several files by one query; those unknown or erased are left out."""
    found = list(models.File.objects.filter(pk__in=file_ids))
    facts = sealing.unseal_many([(row.owner_id, FACTS, bytes(row.facts_sealed)) for row in found])
    return {row.pk: _told(row, said) for row, said in zip(found, facts, strict=True) if said is not None}


def read(file_id: UUID) -> bytes:
    """Return the content, at most rules.SIZE_MAX and what cleaning added. Raises Unknown, Erased, Tampered."""
    row = _row(file_id)
    return _bytes(row)


def thumbnail(file_id: UUID) -> bytes | None:
    """Return a small JPEG of a picture; None for a PDF. Raises Unknown."""
    row = _row(file_id)
    return _bytes(row, blobs.THUMBNAIL) if row.kind == models.File.IMAGE else None


def may_see(file_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Say whether the asker may see the file; where that is a look, it is in the ledger by then."""
    if by.is_resident and models.File.objects.filter(pk=file_id, account_id=by.account_id).exists():
        return True  # their own sending: no look at anybody
    return plugs.guard is not None and plugs.guard(file_id, by=by, now=now)


def own_among(file_ids: Iterable[UUID], *, by: Actor) -> set[UUID]:
    """Return which of these files the asker has sent in and not let go of: only those may they attach."""
    wanted = list(set(file_ids))
    if not wanted:
        return set()
    with prepared_cursor() as cursor:
        cursor.execute(
            "SELECT id FROM files_file WHERE id = ANY(%s) AND account_id = %s AND loose_since IS NULL",
            [wanted, by.account_id],
        )
        return {row[0] for row in cursor.fetchall()}


def upload_offset(upload_id: UUID, *, by: Actor, now: datetime) -> int:
    """Return how many bytes of the asker's upload have come. Raises Unknown."""
    rows = models.Upload.objects.filter(pk=upload_id, account_id=by.account_id, expires_at__gt=now, fault="")
    received = rows.values_list("received", flat=True).first()
    if received is None:
        raise Unknown
    return received


def _row(file_id: UUID) -> models.File:
    row = models.File.objects.filter(pk=file_id).first()
    if row is None:
        raise Unknown
    return row


def _file(row: models.File) -> File:
    return _told(row, sealing.unseal(row.owner_id, FACTS, bytes(row.facts_sealed)))


def _told(row: models.File, facts: bytes) -> File:
    said = json.loads(facts)
    return File(
        row.pk,
        row.kind,
        row.media_type,
        row.size,
        said["sha256"],
        said["name"],
        row.pages,
        row.width,
        row.height,
        row.created_at,
    )


def _bytes(row: models.File, part: str = "") -> bytes:
    try:
        return blobs.read(row.owner_id, bytes(row.content_index), part)
    except FileNotFoundError:
        raise Unknown from None
