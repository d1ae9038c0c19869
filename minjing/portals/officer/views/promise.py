"""The ledger's promise of an act, for the officer who did it and for everybody whose business the matter is."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from minjing.kernel.ledger import queries as ledger
from minjing.kernel.matters import queries
from minjing.kernel.matters.errors import Unknown
from minjing.portals.officer.gate import OfficerRequest, officer_page


@officer_page()
@require_GET
def promise_file(request: OfficerRequest, number: str, entry_id: UUID) -> HttpResponse:
    """Hand out the signed promise that the entry of one act of this matter will be in the log within a minute."""
    matter = queries.matter(number, request.actor, request.at)
    if entry_id not in {event.entry_id for event in queries.events(matter)}:
        raise Unknown
    response = HttpResponse(ledger.promise_for(entry_id), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{str(entry_id)[-12:]}.promise"'
    return response
