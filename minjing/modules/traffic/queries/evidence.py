"""Pictures that stand as evidence of a violation: which there are, who took them, what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from minjing.kernel.files import queries as files
from minjing.kernel.files.errors import Unknown as NoFile
from minjing.kernel.identity.errors import Erased
from minjing.modules.traffic.errors import Refused
from minjing.modules.traffic.models import ViolationPhoto
from minjing.modules.traffic.rules.penalties.shapes import Text

RECORD = "traffic.evidence"  # how a look at such a picture is called in the ledger
KINDS: Mapping[str, Text] = {
    ViolationPhoto.CAMERA: {"zh": "路口摄像机拍摄", "en": "taken by the crossing’s camera"},
    ViolationPhoto.RECORDER: {"zh": "救护车记录仪拍摄", "en": "taken by the ambulance’s recorder"},
    ViolationPhoto.REPORT: {"zh": "举报人提供", "en": "sent in with a report"},
}


def photos(violation_id: UUID) -> list[tuple[ViolationPhoto, Text]]:
    """Return the pictures of a violation, each with who took it, the first one first; no content."""
    rows = ViolationPhoto.objects.filter(violation_id=violation_id).order_by("came_at", "id")
    return [(row, KINDS[row.kind]) for row in rows]


def photos_of(violation_ids: Sequence[UUID]) -> Mapping[UUID, list[UUID]]:
    """Return which pictures each of these violations has, by one query."""
    found: dict[UUID, list[UUID]] = {pk: [] for pk in violation_ids}
    rows = ViolationPhoto.objects.filter(violation_id__in=violation_ids).order_by("came_at", "id")
    for pk, violation_id in rows.values_list("pk", "violation_id"):
        found[violation_id].append(pk)
    return found


def photo(violation_id: UUID, photo_id: UUID) -> ViolationPhoto:
    """Return one picture of this violation. Raises Refused for what is none of its own."""
    row = ViolationPhoto.objects.filter(pk=photo_id, violation_id=violation_id).first()
    if row is None:
        raise Refused("not_yours")
    return row


def content(row: ViolationPhoto) -> bytes:
    """Return a picture as JPEG; whoever calls has the right and has put the look on record. Raises Refused."""
    try:
        return files.read(row.file_id)
    except (NoFile, Erased):
        raise Refused("not_yours") from None


def file_holders(file_ids: Sequence[UUID]) -> Mapping[UUID, Literal["matter", "draft"]]:
    """Say which files are evidence of a violation: they are kept with it."""
    rows = ViolationPhoto.objects.filter(file_id__in=list(file_ids)).values_list("file_id", flat=True)
    return dict.fromkeys(rows, "matter")
