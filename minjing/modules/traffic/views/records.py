"""Officers look up a vehicle by its plate, or a licence by its file number: typed, a reason, the record."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import IdentityError, Wrong
from minjing.kernel.identity.rules import LOOK
from minjing.modules.traffic.queries import records
from minjing.modules.traffic.queries.own import ENERGY, STATUS
from minjing.portals.officer.gate import OfficerRequest, officer_page
from minjing.portals.officer.rail import show

PAGE = "traffic_records"
USES = {
    "private": {"zh": "非营运", "en": "Private"}, "ride_hail": {"zh": "预约出租", "en": "Ride-hailing"},
    "taxi": {"zh": "出租", "en": "Taxi"}, "bus": {"zh": "客运", "en": "Passenger"},
    "freight": {"zh": "货运", "en": "Freight"}, "school": {"zh": "校车", "en": "School bus"},
    "rescue": {"zh": "救援、救护、消防", "en": "Rescue"}, "rental": {"zh": "租赁", "en": "Hire"},
}  # fmt: skip
COLOURS = {
    "white": {"zh": "白", "en": "White"}, "black": {"zh": "黑", "en": "Black"}, "grey": {"zh": "灰", "en": "Grey"},
    "silver": {"zh": "银", "en": "Silver"}, "red": {"zh": "红", "en": "Red"}, "blue": {"zh": "蓝", "en": "Blue"},
    "green": {"zh": "绿", "en": "Green"}, "yellow": {"zh": "黄", "en": "Yellow"},
    "brown": {"zh": "棕", "en": "Brown"}, "orange": {"zh": "橙", "en": "Orange"},
}  # fmt: skip
ENTRIES = {
    "plates_lost": {"zh": "号牌已报丢失或被盗", "en": "Plates reported lost or stolen"},
    "replace_cloned": {"zh": "因被套牌换过号牌", "en": "Plate replaced: it was cloned"},
    "pledge": {"zh": "质押备案", "en": "Pledged"},
}


@officer_page(LOOK)
@require_http_methods(["GET", "POST"])
def look(request: OfficerRequest) -> HttpResponse:
    """Ask what is looked for, then why, then show it. What was typed never stands in an address."""
    typed = request.POST.get("q", "").strip()[:20]
    context: dict[str, object] = {
        "q": typed, "reasons": people.look_reasons(), "stage": "start", "states": STATUS, "uses": USES,
        "colours": COLOURS, "energies": ENERGY, "entry_words": ENTRIES,
    }  # fmt: skip
    if not typed:
        return show(request, "traffic/records/look.html", context, page=PAGE)
    try:
        records.wanted(typed)
        key = request.POST.get("reason", "")
        if not key:
            return show(request, "traffic/records/look.html", context | {"stage": "reason"}, page=PAGE)
        words = request.POST.get("words", "").strip()
        found = records.look(typed, f"{key}:{words}" if words else key, by=request.actor, now=request.at)
    except Wrong as wrong:
        return show(request, "traffic/records/look.html", context | {"wrong": wrong.text}, page=PAGE, status=422)
    except IdentityError as error:
        if error.key not in ("no_reason", "reason_needs_text"):
            raise
        context |= {"stage": "reason", "wrong": error.text}
        return show(request, "traffic/records/look.html", context, page=PAGE, status=422)
    return show(request, "traffic/records/look.html", context | {"stage": "found", "found": found}, page=PAGE)
