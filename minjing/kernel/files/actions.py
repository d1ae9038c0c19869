"""Taking files in: whole or in pieces, checked, cleaned, sealed, recorded. The caller attaches them to a matter."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Manager, Q, QuerySet, Sum

from minjing.base.ids import new_id
from minjing.kernel.files import blobs, models, pieces
from minjing.kernel.files.errors import SCANNER_DOWN, OutOfStep, Refused, Unknown
from minjing.kernel.files.plugs import plugs
from minjing.kernel.files.providers import cleaner, scanner
from minjing.kernel.files.queries import FACTS, File, file
from minjing.kernel.files.rules import (
    CHUNK_MAX,
    DAY_BYTES_MAX,
    IMAGES,
    NAMES,
    OPEN_UPLOADS_MAX,
    SIDE_MAX,
    SIZE_MAX,
    Cleaned,
    clean_name,
    is_double,
    kind_of,
)
from minjing.kernel.identity import sealing
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.errors import Wrong
from minjing.kernel.ledger import actions as ledger

__all__ = [
    "OutOfStep",
    "Refused",
    "Unknown",
    "Upload",
    "append",
    "begin",
    "cancel",
    "clean_picture",
    "discard",
    "finish",
    "let_go",
    "store",
    "sweep",
]

T = TypeVar("T")
UPLOAD_NAME = "files_upload.name"
UPLOAD_LIVES = timedelta(hours=24)
FINISHING_S = timedelta(seconds=120)  # a process that has not reported for so long is taken to be dead
ORPHAN_AFTER_S = 86_400.0
LOOSE_AFTER = timedelta(hours=24)  # a file may wait so long to be attached, e.g. by a program that sends files first
GONE_AFTER = timedelta(hours=1)  # far longer than any transaction that attaches
SWEPT = 1_000
MB = 1024 * 1024


class Readable(Protocol):
    """A stream of bytes, such as an uploaded file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


class Upload(Protocol):
    """An upload as its sender sees it."""

    id: UUID
    size: int
    received: int


def store(
    content: bytes | Readable,
    *,
    by: Actor,
    owner_person: UUID | None,
    name: str,
    now: datetime,
    purpose: str = "",
    org_id: int = 0,
) -> File:
    """Check, clean and keep a file sent in one go; return it. Raises Refused, which is on record by then."""
    owner = owner_person or by.account_id

    def take() -> File:
        data = _bounded(content)
        _check_quota(by, len(data), now)
        return _keep(data, by=by, owner=owner, name=name, purpose=purpose, org_id=org_id, now=now)

    return _recorded(take, by=by, owner=owner, purpose=purpose, org_id=org_id, now=now)


def begin(
    *,
    by: Actor,
    owner_person: UUID | None,
    name: str,
    size: int,
    now: datetime,
    purpose: str = "",
    org_id: int = 0,
) -> Upload:
    """Open an upload in pieces of a file of `size` bytes. Raises Refused."""
    owner = owner_person or by.account_id

    def check() -> None:
        if size <= 0:
            raise Refused("empty")
        if size > SIZE_MAX:
            raise Refused("too_large", limit_mb=SIZE_MAX // MB)
        if _open_uploads(by, now).count() >= OPEN_UPLOADS_MAX:
            raise Refused("too_many_uploads", limit=OPEN_UPLOADS_MAX)
        _check_quota(by, size, now)

    _recorded(check, by=by, owner=owner, purpose=purpose, org_id=org_id, now=now)
    return models.Upload.objects.create(
        id=new_id(),
        org_id=org_id,
        owner_id=owner,
        account_id=by.account_id,
        name_sealed=sealing.seal(owner, UPLOAD_NAME, clean_name(name)),
        size=size,
        purpose=purpose[:60],
        opened_at=now,
        expires_at=now + UPLOAD_LIVES,
    )


@transaction.atomic
def append(upload_id: UUID, offset: int, chunk: bytes, *, by: Actor, now: datetime) -> int:
    """Add a piece at `offset` and return where the next begins.

    Raises OutOfStep when the piece does not follow on what has come, Refused, Unknown.
    """
    upload = _own(upload_id, by, now, models.Upload.objects.select_for_update())
    if offset != upload.received:
        raise OutOfStep(upload.received)
    if len(chunk) > CHUNK_MAX or offset + len(chunk) > upload.size:
        raise Refused("too_large", limit_mb=SIZE_MAX // MB)
    if chunk:
        upload.stored = pieces.add(upload.owner_id, upload.id, upload.stored, offset, chunk)
        upload.received += len(chunk)
        upload.save(update_fields=["stored", "received"])
    return upload.received


def finish(upload_id: UUID, *, by: Actor, now: datetime) -> File:
    """Check, clean and keep what has come; asked again, return the same file.

    Raises Refused, OutOfStep (another process is at it, or pieces are missing), Unknown.
    """
    upload = _own(upload_id, by, now, models.Upload.objects, done=True)
    if upload.file_id is not None:
        return file(upload.file_id)
    if upload.received != upload.size:
        raise OutOfStep(upload.received)
    if not _claim(upload, now):
        raise OutOfStep(upload.received)
    name = sealing.unseal(upload.owner_id, UPLOAD_NAME, bytes(upload.name_sealed)).decode()

    def take() -> File:
        try:
            data = pieces.whole(upload.owner_id, upload.id, upload.stored)
        except FileNotFoundError:
            raise Refused("gone") from None
        return _keep(
            data, by=by, owner=upload.owner_id, name=name, purpose=upload.purpose, org_id=upload.org_id,
            now=now, upload=upload,
        )  # fmt: skip

    try:
        kept = _recorded(take, by=by, owner=upload.owner_id, purpose=upload.purpose, org_id=upload.org_id, now=now)
    except Refused as refusal:
        if refusal.key == SCANNER_DOWN:  # not the file's fault: it may be finished later
            models.Upload.objects.filter(pk=upload.pk).update(finishing_at=None)
        else:
            models.Upload.objects.filter(pk=upload.pk).update(fault=refusal.key)
            pieces.drop(upload.id)
        raise
    pieces.drop(upload.id)
    return kept


def cancel(upload_id: UUID, *, by: Actor, now: datetime) -> None:
    """Drop an upload under way. Raises Unknown."""
    upload = _own(upload_id, by, now, models.Upload.objects)
    upload.delete()
    pieces.drop(upload_id)


def let_go(file_ids: Iterable[UUID], *, now: datetime) -> None:
    """Mark files that their draft no longer holds: they cannot be attached again, and the sweep removes them.

    Not removed at once: another tab may be attaching the same file in this very moment, and what a matter holds
    must never go. Call it in the transaction that took them off.
    """
    models.File.objects.filter(pk__in=list(file_ids), settled_at__isnull=True, loose_since__isnull=True).update(
        loose_since=now
    )


@transaction.atomic
def discard(file_id: UUID, *, by: Actor, now: datetime) -> None:
    """Remove a file that no matter holds any more; the caller knows that. Raises Unknown."""
    row = models.File.objects.select_for_update().filter(pk=file_id).first()
    if row is None:
        raise Unknown
    said = {"file": row.pk, "by": by.account_id}
    ledger.append(ledger.entry("files:file:discarded", said, at=now, org_id=row.org_id, subject_id=by.person_id))
    index = bytes(row.content_index)
    row.delete()
    if not models.File.objects.filter(content_index=index).exists():
        transaction.on_commit(lambda: blobs.drop(index))


def sweep(now: datetime) -> tuple[int, int]:
    """Remove uploads past their end, files that nothing holds, and blobs without a row. Safe to run twice.

    Returns how many uploads and how many blobs.
    """
    _sweep_loose(now)
    over = list(models.Upload.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:1000])
    for upload_id in over:
        pieces.drop(upload_id)
    models.Upload.objects.filter(pk__in=over).delete()
    orphans = 0
    for index in blobs.old(ORPHAN_AFTER_S):
        if not models.File.objects.filter(content_index=index).exists():
            blobs.drop(index)
            orphans += 1
    return len(over), orphans


def _sweep_loose(now: datetime) -> None:
    """Settle what belongs to a matter, mark what belongs to nothing, and remove what was marked an hour ago.

    Between the two looks nobody can attach a marked file, and who was attaching it at the first has long finished.
    """
    if plugs.holders is None:
        return
    old = Q(created_at__lt=now - LOOSE_AFTER) | Q(loose_since__isnull=False)
    waiting = models.File.objects.filter(old, settled_at__isnull=True)
    last = (datetime.min.replace(tzinfo=UTC), UUID(int=0))
    while page := list(
        waiting.filter(Q(created_at__gt=last[0]) | Q(created_at=last[0], pk__gt=last[1]))
        .order_by("created_at", "pk")
        .values_list("created_at", "pk", "loose_since")[:SWEPT]
    ):
        last = page[-1][:2]
        held = plugs.held([pk for _, pk, _ in page])
        models.File.objects.filter(pk__in=[pk for pk, by in held.items() if by == "matter"]).update(
            settled_at=now, loose_since=None
        )
        models.File.objects.filter(pk__in=[pk for pk, by in held.items() if by == "draft"]).update(loose_since=None)
        let_go([pk for _, pk, _ in page if pk not in held], now=now)
        for _, pk, loose_since in page:
            if pk not in held and loose_since is not None and loose_since <= now - GONE_AFTER:
                _discard_if_loose(pk, now)


@transaction.atomic
def _discard_if_loose(file_id: UUID, now: datetime) -> None:
    row = models.File.objects.select_for_update().filter(pk=file_id, loose_since__isnull=False).first()
    if row is not None and plugs.holders is not None and not plugs.held([file_id]):
        discard(file_id, by=SYSTEM, now=now)


def _bounded(content: bytes | Readable) -> bytes:
    data = content if isinstance(content, bytes) else content.read(SIZE_MAX + 1)
    if len(data) > SIZE_MAX:
        raise Refused("too_large", limit_mb=SIZE_MAX // MB)
    return data


def _check_quota(by: Actor, size: int, now: datetime) -> None:
    if by.kind == SYSTEM.kind:
        return  # cameras and recorders send all day
    since = now - UPLOAD_LIVES
    kept = models.File.objects.filter(account_id=by.account_id, created_at__gt=since)
    sent = kept.aggregate(n=Sum("received"))["n"] or 0
    under_way = _open_uploads(by, now).aggregate(n=Sum("size"))["n"] or 0
    if sent + under_way + size > DAY_BYTES_MAX:
        raise Refused("quota", limit_mb=DAY_BYTES_MAX // MB)


def _open_uploads(by: Actor, now: datetime) -> QuerySet[models.Upload]:
    return models.Upload.objects.filter(account_id=by.account_id, file_id__isnull=True, fault="", expires_at__gt=now)


def _keep(
    data: bytes,
    *,
    by: Actor,
    owner: UUID,
    name: str,
    purpose: str,
    org_id: int,
    now: datetime,
    upload: models.Upload | None = None,
) -> File:
    """Check, clean and keep; the blob lies on the disk before its row says so."""
    name = clean_name(name)
    cleaned = _cleaned(data, name)
    index = blobs.index_of(owner, cleaned.content)
    blobs.keep(owner, index, cleaned.content)
    if cleaned.thumbnail:
        blobs.keep(owner, index, cleaned.thumbnail, blobs.THUMBNAIL)
    kept = blobs.kept_sha256(index)  # a document that is swapped on the disk no longer fits its entry
    facts = {"name": name, "sha256": hashlib.sha256(cleaned.content).hexdigest()}
    file_id = new_id()
    with transaction.atomic():
        models.File.objects.create(
            id=file_id,
            org_id=org_id,
            owner_id=owner,
            account_id=by.account_id,
            content_index=index,
            facts_sealed=sealing.seal(owner, FACTS, json.dumps(facts, ensure_ascii=False)),
            kind=cleaned.kind,
            media_type=cleaned.media_type,
            size=len(cleaned.content),
            received=len(data),
            pages=cleaned.pages,
            width=cleaned.width,
            height=cleaned.height,
            purpose=purpose[:60],
            created_at=now,
        )
        if upload is not None:
            models.Upload.objects.filter(pk=upload.pk).update(file_id=file_id)
        said = {
            "file": file_id,
            "by": by.account_id,
            "purpose": purpose,
            "kind": cleaned.kind,
            "size": len(data),
            "content": index.hex(),
            "kept": kept,
        }
        ledger.append(ledger.entry("files:file:stored", said, at=now, org_id=org_id, subject_id=by.person_id))
    return file(file_id)


def _cleaned(data: bytes, name: str, side_max: int = SIDE_MAX) -> Cleaned:
    """Return the file written anew. Raises Refused: the scan comes first, then the type, then the decoding."""
    if not data:
        raise Refused("empty")
    if len(data) > SIZE_MAX:
        raise Refused("too_large", limit_mb=SIZE_MAX // MB)
    try:
        virus = scanner.scan(data)
    except scanner.ScannerDown:
        raise Refused(SCANNER_DOWN) from None
    if virus:
        raise Refused("infected")
    kind = kind_of(data)
    if kind == "heic":
        raise Refused("heic")
    if kind == "other":
        raise Refused("unknown_type", name=name)
    if kind != "pdf" and kind not in IMAGES:
        raise Refused("wrong_type", name=name, found=NAMES[kind])
    if is_double(data, kind):
        raise Refused("double", name=name)
    return cleaner.clean(data, kind, side_max)


PICTURE_SIDE = 1600  # pixels: enough to read a card and to compare two faces


def clean_picture(content: bytes) -> bytes:
    """Return a picture scanned and written anew as JPEG, for a part that keeps it itself. Raises Wrong."""
    try:
        cleaned = _cleaned(content, "picture.jpg", side_max=PICTURE_SIDE)
    except Refused as refusal:
        raise Wrong(f"picture_{refusal.key}", refusal.text) from None
    if cleaned.kind != "image":
        raise Wrong("picture_pdf", {"zh": "请上传照片，不能用 PDF。", "en": "Send a photo; a PDF will not do here."})
    return cleaned.content


def _recorded(act: Callable[[], T], *, by: Actor, owner: UUID, purpose: str, org_id: int, now: datetime) -> T:
    """Run the act; a refusal is written to the ledger before it is told."""
    try:
        return act()
    except Refused as refusal:
        said = {"by": by.account_id, "purpose": purpose, "reason": refusal.key}
        ledger.append(ledger.entry("files:file:refused", said, at=now, org_id=org_id, subject_id=by.person_id))
        raise


def _own(
    upload_id: UUID,
    by: Actor,
    now: datetime,
    uploads: QuerySet[models.Upload] | Manager[models.Upload],
    *,
    done: bool = False,
) -> models.Upload:
    upload = uploads.filter(pk=upload_id, account_id=by.account_id).first()
    if upload is None:
        raise Unknown
    if upload.expires_at <= now or upload.fault or (upload.file_id is not None and not done):
        raise Refused("gone")
    return upload


def _claim(upload: models.Upload, now: datetime) -> bool:
    free = Q(finishing_at__isnull=True) | Q(finishing_at__lte=now - FINISHING_S)
    return bool(models.Upload.objects.filter(free, pk=upload.pk, file_id__isnull=True).update(finishing_at=now))
