"""Reading papers. `check` is for everyone and says nothing of the person; the others are for callers that have
checked the asker's right on the matter or the person, and recorded the look."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from django.db.models import QuerySet

from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.sealing import unseal
from minjing.kernel.papers import rules
from minjing.kernel.papers.actions import PDF_CONTEXT
from minjing.kernel.papers.errors import Unknown
from minjing.kernel.papers.models import Paper
from minjing.kernel.papers.rules import State

LISTED = (
    "id", "org_id", "number", "code", "kind", "title", "matter_id", "holder_id", "unit_id", "issued_by",
    "issued_at", "valid_until", "pdf_size", "pdf_sha256", "entry_id", "state", "revoked_at", "reason", "replaced_by",
)  # fmt: skip
Text = dict[str, str]
KINDS = Path(__file__).parent / "templates_typst" / "kinds.typ"


@cache
def kinds() -> frozenset[str]:
    """Return the kinds of papers that have words of their own above the table."""
    found = re.findall(r"^  ([a-z_]+): \($", KINDS.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(found) - {"other"}


@dataclass(frozen=True, slots=True)
class Check:
    """What anyone may learn from a code: whether the paper is worth anything, and what it is. Nobody's data."""

    state: State
    code: str = ""
    kind: str = ""
    title: Text | None = None
    number: str = ""
    unit: Text | None = None
    issued_at: datetime | None = None
    valid_until: datetime | None = None
    revoked_at: datetime | None = None
    reason: Text | None = None
    replaced: bool = False
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A paper in a list: all but its contents."""

    id: UUID
    org_id: int
    number: str
    code: str
    kind: str
    title: Text
    matter_id: UUID
    holder_id: UUID
    unit_id: int
    issued_by: UUID
    issued_at: datetime
    valid_until: datetime | None
    state: State
    size: int
    sha256: str
    entry_id: UUID
    revoked_at: datetime | None
    reason: Text | None
    replaced_by: UUID | None


def check(code: str, *, now: datetime) -> Check:
    """Return what a paper with this code is worth now. A code that was never given out is `unknown`."""
    return _checked(_by_code(code), now)


def check_file(content: bytes, *, now: datetime) -> Check:
    """Return what a paper is worth whose file is given: it must be, byte for byte, one that was issued."""
    digest = hashlib.sha256(content).digest()
    return _checked(Paper.objects.filter(pdf_sha256=digest).only(*LISTED).first(), now)


def _checked(paper: Paper | None, now: datetime) -> Check:
    if paper is None:
        return Check("unknown")
    unit = Unit.objects.filter(id=paper.unit_id).values_list("name", flat=True).first()
    return Check(
        state=rules.state(paper.state, paper.valid_until, now),
        code=paper.code,
        kind=paper.kind,
        title=paper.title,
        number=paper.number,
        unit=unit,
        issued_at=paper.issued_at,
        valid_until=paper.valid_until,
        revoked_at=paper.revoked_at,
        reason=rules.REASONS.get(paper.reason),
        replaced=paper.replaced_by is not None,
        entry_id=paper.entry_id,
    )


def of_matter(matter_id: UUID, *, now: datetime) -> list[Card]:
    """Return the papers of a matter, newest first, revoked ones included."""
    return _cards(Paper.objects.filter(matter_id=matter_id), now)


def of_person(person_id: UUID, *, now: datetime) -> list[Card]:
    """Return the papers a person holds, newest first, revoked ones included."""
    return _cards(Paper.objects.filter(holder_id=person_id), now)


def card(paper_id: UUID, *, now: datetime) -> Card:
    """Return one paper without its contents, so that the caller can check the asker's right. Raises Unknown."""
    found = _cards(Paper.objects.filter(id=paper_id), now)
    if not found:
        raise Unknown
    return found[0]


def pdf(paper_id: UUID) -> bytes:
    """Return the signed file. Raises Unknown, or Erased when the holder's key is gone."""
    found = Paper.objects.filter(id=paper_id).values_list("holder_id", "pdf_sealed").first()
    if found is None:
        raise Unknown
    return unseal(found[0], PDF_CONTEXT, bytes(found[1]))


def _by_code(text: str) -> Paper | None:
    code = rules.parse_code(text)
    if code is None:
        return None
    return Paper.objects.filter(org_id=rules.org_of_code(code), code=code).only(*LISTED).first()


def _cards(papers: QuerySet[Paper], now: datetime) -> list[Card]:
    rows = papers.only(*LISTED).order_by("-issued_at", "-id")
    return [
        Card(
            id=p.id,
            org_id=p.org_id,
            number=p.number,
            code=p.code,
            kind=p.kind,
            title=p.title,
            matter_id=p.matter_id,
            holder_id=p.holder_id,
            unit_id=p.unit_id,
            issued_by=p.issued_by,
            issued_at=p.issued_at,
            valid_until=p.valid_until,
            state=rules.state(p.state, p.valid_until, now),
            size=p.pdf_size,
            sha256=bytes(p.pdf_sha256).hex(),
            entry_id=p.entry_id,
            revoked_at=p.revoked_at,
            reason=rules.REASONS.get(p.reason),
            replaced_by=p.replaced_by,
        )
        for p in rows
    ]
