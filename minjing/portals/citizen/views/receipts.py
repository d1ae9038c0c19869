"""Receipts: what proves to a resident, without us, that an act in their matter or a look at their data was recorded.

Of each there are three files: the receipt, which anybody may check; the promise that was given at once; and the
disclosure, for the person alone, which opens what the public line only commits to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.identity.queries import Look
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown as UnknownMatter
from minjing.kernel.papers import queries as papers
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import WORDS, my_matter


@require_safe
@resident
def of_matter(request: HttpRequest, number: str, entry_id: UUID) -> HttpResponse:
    """Show the receipt of one act in one's own matter, in plain words, with its files."""
    words = _act_of(request, number, entry_id)
    back = reverse("citizen:matter", args=[number])
    address = partial(_address, "citizen:receipt_file", number, entry_id)
    return _page(request, entry_id, back, address, tab="matters", words=words)


@require_safe
@resident
def file_of_matter(request: HttpRequest, number: str, entry_id: UUID, kind: str) -> HttpResponse:
    """Hand out a file of the receipt of an act."""
    _act_of(request, number, entry_id)
    return _file(request, entry_id, kind, reverse("citizen:receipt", args=[number, entry_id]))


@require_safe
@resident
def of_look(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show the receipt of one look at one's own data."""
    look = _look_at(request, entry_id)
    address = partial(_address, "citizen:look_file", entry_id)
    return _page(request, entry_id, reverse("citizen:looks"), address, tab="me", look=look)


@require_safe
@resident
def file_of_look(request: HttpRequest, entry_id: UUID, kind: str) -> HttpResponse:
    """Hand out a file of the receipt of a look."""
    _look_at(request, entry_id)
    return _file(request, entry_id, kind, reverse("citizen:look", args=[entry_id]))


def _address(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def _act_of(request: HttpRequest, number: str, entry_id: UUID) -> tuple[str, str]:
    """Return what the act in this matter of the asker's is called; raise Unknown for any other entry."""
    matter = my_matter(request, number)
    action = next((event.action for event in queries.events(matter) if event.entry_id == entry_id), "")
    if action:
        return WORDS.get(action, (action, action))
    issued = (paper for paper in papers.of_matter(matter.id, now=now()) if paper.entry_id == entry_id)
    paper = next(issued, None)
    if paper is None:
        raise UnknownMatter
    return f"签发了{paper.title['zh']}", f"Issued: {paper.title['en']}"


def _look_at(request: HttpRequest, entry_id: UUID) -> Look:
    """Return the look at the asker that this entry is of, if they may know of it; raise Unknown."""
    person_id = who(request).person_id
    look = identity.look_at(person_id, entry_id, now()) if person_id else None
    if look is None:
        raise Unknown
    return look


def _page(
    request: HttpRequest, entry_id: UUID, back: str, address: Callable[[str], str], **said: Any
) -> HttpResponse:
    """Show a receipt; `said` is what the entry is of (the words of an act, or a look) and its tab."""
    found = ledger.disclosure(entry_id)
    assert found is not None  # its act or look has been found
    context = {
        "back": back,
        "entry_id": entry_id,
        "disclosure": found,
        "line": found.entry.decode(),
        "receipt": ledger.receipt(entry_id),
        "receipt_url": address("tlog-proof"),
        "promise_url": address("promise"),
        "disclosure_url": address("json"),
        **said,
    }
    return render(request, "citizen/receipt.html", context)


def _file(request: HttpRequest, entry_id: UUID, kind: str, page: str) -> HttpResponse:
    text = FILES[kind](entry_id)
    if text is None:  # not published yet, or erased: the page says which
        return HttpResponseRedirect(page)
    response = HttpResponse(text, content_type=TYPES.get(kind, "text/plain; charset=utf-8"))
    response["Content-Disposition"] = f'attachment; filename="{str(entry_id)[-12:]}.{kind}"'
    return response


def disclosed(entry_id: UUID) -> str | None:
    """Return the disclosure of an entry as the file its person keeps; None once it is erased."""
    found = ledger.disclosure(entry_id)
    if found is None or found.opening is None:
        return None
    return json.dumps(found.document, ensure_ascii=False, indent=1) + "\n"


FILES: dict[str, Callable[[UUID], str | None]] = {
    "tlog-proof": ledger.receipt,
    "promise": ledger.promise_for,
    "json": disclosed,
}
TYPES = {"json": "application/json; charset=utf-8"}
