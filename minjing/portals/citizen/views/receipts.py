"""Receipts: what proves to a resident, without us, that an act in their matter or a look at their data was recorded.

Of each there are three files: the receipt, which anybody may check; the promise that was given at once; and the
disclosure, for the person alone, which opens what the public line only commits to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from minjing.base.clock import now
from minjing.kernel.identity import queries as identity
from minjing.kernel.identity.errors import Unknown
from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown as UnknownMatter
from minjing.kernel.papers import queries as papers
from minjing.portals.citizen.access import resident, who
from minjing.portals.citizen.views.matters import my_matter


@require_safe
@resident
def of_matter(request: HttpRequest, number: str, entry_id: UUID) -> HttpResponse:
    """Show the receipt of one act in one's own matter, in plain words, with its files."""
    _act_of(request, number, entry_id)
    back = reverse("citizen:matter", args=[number])
    return _page(request, entry_id, back, lambda kind: reverse("citizen:receipt_file", args=[number, entry_id, kind]))


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
    _look_at(request, entry_id)
    back = reverse("citizen:looks")
    return _page(request, entry_id, back, lambda kind: reverse("citizen:look_file", args=[entry_id, kind]))


@require_safe
@resident
def file_of_look(request: HttpRequest, entry_id: UUID, kind: str) -> HttpResponse:
    """Hand out a file of the receipt of a look."""
    _look_at(request, entry_id)
    return _file(request, entry_id, kind, reverse("citizen:look", args=[entry_id]))


def _act_of(request: HttpRequest, number: str, entry_id: UUID) -> None:
    """Raise Unknown unless the entry is of an act in this matter of the asker's, or of a paper it ended in."""
    matter = my_matter(request, number)
    acts = {event.entry_id for event in queries.events(matter)}
    issued = {paper.entry_id for paper in papers.of_matter(matter.id, now=now())}
    if entry_id not in acts | issued:
        raise UnknownMatter


def _look_at(request: HttpRequest, entry_id: UUID) -> None:
    """Raise Unknown unless the entry is a look at the asker that they may know of."""
    person_id = who(request).person_id
    if person_id is None or identity.look_at(person_id, entry_id, now()) is None:
        raise Unknown


def _page(request: HttpRequest, entry_id: UUID, back: str, address: Callable[[str], str]) -> HttpResponse:
    found = ledger.disclosure(entry_id)
    assert found is not None  # its act or look has been found
    context = {
        "tab": "me",
        "back": back,
        "entry_id": entry_id,
        "disclosure": found,
        "line": found.entry.decode(),
        "receipt": ledger.receipt(entry_id),
        "receipt_url": address("tlog-proof"),
        "promise_url": address("promise"),
        "disclosure_url": address("json"),
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
