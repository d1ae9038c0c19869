"""The page on which the owner of a phone stops codes that somebody else keeps asking for."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from minjing.base import clock
from minjing.kernel.identity import actions, clients
from minjing.kernel.identity.actions import doors
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.identity.views.entry import page


@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest) -> HttpResponse:
    """Take phone and word; stop codes for a day, or let them go again."""
    if request.method == "GET":
        return page(request, "stop_codes", typed={})
    typed = {key: request.POST.get(key, "") for key in ("phone", "word")}
    act = actions.let_codes_go if request.POST.get("act") == "let_go" else actions.stop_codes
    try:
        act(doors.parse_phone(typed["phone"]), typed["word"], address=clients.address(request), now=clock.now())
    except IdentityError as error:
        return page(request, "stop_codes", error, typed=typed)
    return page(request, "stop_codes", typed={}, done=request.POST.get("act") or "stop")
