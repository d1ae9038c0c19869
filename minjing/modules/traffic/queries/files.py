"""Entries on files: whose, of which kind, and what they say, unsealed for the house's own acts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from minjing.kernel.identity.sealing import unseal
from minjing.modules.traffic.models import FileEntry

FILE_CONTEXT = "traffic_fileentry.said"


def said(entry: FileEntry) -> Mapping[str, Any]:
    """Return what an entry says."""
    words: Mapping[str, Any] = json.loads(unseal(entry.person_id, FILE_CONTEXT, bytes(entry.said_sealed)))
    return words


def open_entries(kind: str, **about: Any) -> list[FileEntry]:
    """Return the entries of a kind that have not been ended, the latest first."""
    return list(FileEntry.objects.filter(kind=kind, ended_at__isnull=True, **about).order_by("-since_at", "-id")[:50])


def latest(kind: str, person_id: UUID) -> FileEntry | None:
    """Return the latest open entry of a kind on a person's file."""
    return next(iter(open_entries(kind, person_id=person_id)), None)
