"""Issuing and revoking papers. Both run inside the transaction of the decision they belong to.

The caller has settled that `by` may decide; papers only make what was decided.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from minjing.base.clock import CHINA
from minjing.base.ids import new_id
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.models import Unit
from minjing.kernel.identity.sealing import seal
from minjing.kernel.ledger.actions import Entry, append, entry
from minjing.kernel.papers import numbers, rules, typeset
from minjing.kernel.papers.city import city
from minjing.kernel.papers.errors import AlreadyRevoked, Unknown
from minjing.kernel.papers.models import Paper

FACTS_CONTEXT = "papers_paper.facts"
PDF_CONTEXT = "papers_paper.pdf"
Facts = Sequence[tuple[Mapping[str, str], str]]


@transaction.atomic
def issue(
    *,
    kind: str,
    title: Mapping[str, str],
    matter_id: UUID,
    matter_number: str,
    org_id: int,
    holder_person: UUID,
    facts: Facts,
    valid_until: datetime | None,
    unit_id: int,
    by: Actor,
    now: datetime,
    replaces: Collection[UUID] = (),
) -> Paper:
    """Typeset, sign, seal and record one paper; it stands or falls with the caller's transaction.

    `facts` are pairs of a label {zh, en} and what is printed beside it, in order. A paper of the same matter that
    was revoked before is marked as replaced by this one; what the people `replaces` still hold of this kind is
    revoked for it. Raises Erased when the holder's key is gone.
    """
    from minjing.kernel.papers import pades  # large: only a process that issues papers loads it

    unit = Unit.objects.get(id=unit_id)
    bureau = Unit.objects.get(id=int(unit.path.split(".", 1)[0])) if "." in unit.path else unit
    code, year = rules.new_code(org_id), now.astimezone(CHINA).year
    number = rules.number(city().prefix, org_id, year, numbers.draw(org_id, year))
    sheet = typeset.Sheet(
        kind=kind, title=dict(title), number=number, matter_number=matter_number, code=code,
        check_url=f"{settings.BASE_URL}/open/check/",
        facts=[(dict(label), value or "") for label, value in facts],  # what was not answered prints as a dash
        bureau=bureau.name, unit=unit.name, issued_at=now, valid_until=valid_until, demo=settings.DEMO,
    )  # fmt: skip
    pdf = pades.sign(typeset.render(sheet), unit_name=unit.name["zh"])
    paper = Paper(
        id=new_id(), org_id=org_id, number=number, code=code, kind=kind, title=dict(title), matter_id=matter_id,
        holder_id=holder_person, unit_id=unit_id, issued_by=by.account_id, issued_at=now, valid_until=valid_until,
        facts_sealed=seal(holder_person, FACTS_CONTEXT, json.dumps(sheet.facts, ensure_ascii=False)),
        pdf_sealed=seal(holder_person, PDF_CONTEXT, pdf), pdf_sha256=hashlib.sha256(pdf).digest(), pdf_size=len(pdf),
    )  # fmt: skip
    record = _issued(paper)
    paper.entry_id = record.id
    paper.save(force_insert=True)
    Paper.objects.filter(matter_id=matter_id, state=Paper.REVOKED, replaced_by__isnull=True).update(
        replaced_by=paper.id
    )
    append(record)
    if replaces:
        _replace(paper, replaces, by=by, now=now)
    return paper


def _replace(paper: Paper, holders: Collection[UUID], *, by: Actor, now: datetime) -> None:
    """Revoke the papers of this kind that were issued to these people before: one of them may be in strange hands."""
    older = Paper.objects.select_for_update().filter(holder_id__in=holders, kind=paper.kind, state=Paper.VALID)
    found = list(older.exclude(id=paper.id).defer("pdf_sealed", "facts_sealed"))
    _revoke(found, reason="replaced", by=by, now=now, replaced_by=paper.id)


def _issued(paper: Paper) -> Entry:
    return entry(
        "papers:paper:issued",
        {
            "paper": paper.id, "number": paper.number, "kind": paper.kind, "matter": paper.matter_id,
            "unit": paper.unit_id, "valid_until": paper.valid_until, "sha256": paper.pdf_sha256.hex(),
            # What lies in the row, as it lies there: a paper that is swapped no longer fits its entry.
            "sealed": hashlib.sha256(paper.pdf_sealed).hexdigest(),
            "by": paper.issued_by,
        },
        at=paper.issued_at, org_id=paper.org_id, subject_id=paper.holder_id,
    )  # fmt: skip


@transaction.atomic
def revoke(paper_id: UUID, *, reason: str, by: Actor, now: datetime) -> Paper:
    """Take back a paper for one of rules.REASONS. Raises Unknown, AlreadyRevoked; ValueError for another reason."""
    paper = Paper.objects.select_for_update().filter(id=paper_id).defer("pdf_sealed", "facts_sealed").first()
    if paper is None:
        raise Unknown
    if paper.state == Paper.REVOKED:
        raise AlreadyRevoked
    _revoke([paper], reason=reason, by=by, now=now)
    return paper


@transaction.atomic
def revoke_of_matter(matter_id: UUID, *, reason: str, by: Actor, now: datetime) -> int:
    """Take back every valid paper of a matter; return how many there were."""
    papers = Paper.objects.select_for_update().filter(matter_id=matter_id, state=Paper.VALID)
    valid = list(papers.defer("pdf_sealed", "facts_sealed"))
    _revoke(valid, reason=reason, by=by, now=now)
    return len(valid)


def _revoke(
    papers: Sequence[Paper], *, reason: str, by: Actor, now: datetime, replaced_by: UUID | None = None
) -> None:
    if reason not in rules.REASONS:
        raise ValueError(f"{reason!r} is no reason to revoke a paper: {', '.join(rules.REASONS)}")
    for paper in papers:
        paper.state, paper.reason = Paper.REVOKED, reason
        paper.revoked_at, paper.revoked_by, paper.replaced_by = now, by.account_id, replaced_by
        paper.save(update_fields=["state", "reason", "revoked_at", "revoked_by", "replaced_by"])
    append(
        *(
            entry(
                "papers:paper:revoked",
                {
                    "paper": paper.id,
                    "number": paper.number,
                    "kind": paper.kind,
                    "matter": paper.matter_id,
                    "reason": reason,
                    "by": by.account_id,
                },
                at=now,
                org_id=paper.org_id,
                subject_id=paper.holder_id,
            )
            for paper in papers
        )
    )
