"""Oneself, and what is open to all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import AwareDatetime

from minjing.base.clock import now
from minjing.kernel.identity import actions
from minjing.kernel.identity import queries as identity
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.notify import actions as notify
from minjing.kernel.notify import queries as notices
from minjing.kernel.papers import queries as papers
from minjing.portals.api import shapes
from minjing.portals.api.views.door import asker, resident

me = Router(tags=["me"])


@me.get("")
def myself(request: HttpRequest) -> dict[str, Any]:
    """Return who one is here: kind, level, posts held."""
    by = asker(request)
    held = [{"post": h.post, "unit_id": h.unit_id, "deputy": h.deputy_for is not None} for h in by.holdings]
    return {"id": by.account_id, "kind": by.kind, "level": by.level, "holdings": held}


@me.get("/looks")
def looks(request: HttpRequest, limit: int = 50, before: AwareDatetime | None = None) -> list[dict[str, Any]]:
    """Return who looked at one's data, when and why, newest first; `entry` leads to the receipt."""
    by = asker(request)
    if by.person_id is None:
        return []
    return [
        {
            "at": look.at,
            "unit": look.by_unit,
            "post": look.by_post,
            "police_number": look.police_number,
            "reason": look.reason,
            "law": look.law,
            "was_hidden": asdict(look.was_hidden) if look.was_hidden else None,
            "fields": list(look.fields),
            "matter_number": look.matter_number,
            "entry": look.entry_id,
        }
        for look in identity.looks_at(by.person_id, now(), limit=max(1, min(limit, 200)), before=before)
    ]


@me.get("/looks/{uuid:entry_id}/receipt", response={200: shapes.ReceiptOut, 404: shapes.ErrorOut})
def look_receipt(request: HttpRequest, entry_id: UUID) -> shapes.ReceiptOut:
    """Return the receipt of one look at one's data, its promise, and its disclosure."""
    by = asker(request)
    if by.person_id is None or identity.look_at(by.person_id, entry_id, now()) is None:
        raise Unknown
    return shapes.ReceiptOut.of(entry_id, disclose=True)


@me.put("/language", response={204: None})
def choose_language(request: HttpRequest, data: shapes.LanguageIn) -> Status[None]:
    """Choose the language one is written to in."""
    actions.set_language(by=asker(request), language=data.language)
    return Status(204, None)


@me.put("/elder-mode", response={204: None, 403: shapes.ErrorOut})
def choose_elder_mode(request: HttpRequest, data: shapes.ElderModeIn) -> Status[None]:
    """Choose large type and few choices for one's pages, or not; residents only."""
    actions.set_elder_mode(by=resident(request), wanted=data.wanted)
    return Status(204, None)


public = Router(tags=["open"], auth=None)


@public.get("/papers/{code}")
def check_paper(request: HttpRequest, code: str) -> dict[str, Any]:
    """Say whether a certificate is valid, revoked, expired or unknown; nothing about the person."""
    found = papers.check(code, now=now())
    return {"state": found.state, "title": found.title, "issued_at": found.issued_at}


@public.get("/ledger")
def ledger_head(request: HttpRequest) -> dict[str, Any]:
    """Return the signed head of the ledger."""
    head = ledger.head()
    if head is None:
        return {"size": 0, "root": "", "checkpoint": ""}
    return {"size": head.size, "root": head.root.hex(), "checkpoint": head.checkpoint_text}


@me.get("/notices")
def my_notices(request: HttpRequest, limit: int = 20, before: UUID | None = None) -> list[dict[str, Any]]:
    """Return one's notices, newest first."""
    listed = notices.inbox(asker(request).account_id, limit=max(1, min(limit, 100)), before=before)
    return [
        {"id": n.id, "text": dict(n.text), "matter_id": n.matter_id, "at": n.at, "read_at": n.read_at} for n in listed
    ]


@me.post("/notices/read")
def read_notices(request: HttpRequest) -> dict[str, int]:
    """Mark one's notices read."""
    return {"read": notify.mark_read(asker(request).account_id, now=now())}


@me.get("/register")
def my_record(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what the register holds on oneself."""
    rows = queries.own_register(asker(request))
    return [{"label": label.model_dump(), "name": name, "value": value.model_dump()} for label, name, value in rows]


@me.get("/papers")
def my_papers(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the certificates one holds."""
    by = asker(request)
    held = papers.of_person(by.person_id, now=now()) if by.person_id else []
    return [{"id": p.id, "number": p.number, "code": p.code, "state": p.state, "title": p.title} for p in held]


@me.get("/papers/{uuid:paper_id}.pdf")
def my_paper(request: HttpRequest, paper_id: UUID) -> HttpResponse:
    """Return a certificate one holds as the signed PDF, whoever applied for it."""
    by = asker(request)
    held = papers.of_person(by.person_id, now=now()) if by.is_resident and by.person_id else []
    if paper_id not in {paper.id for paper in held}:
        raise Unknown
    headers = {"Cache-Control": "no-store, private"}
    return HttpResponse(papers.pdf(paper_id), content_type="application/pdf", headers=headers)
