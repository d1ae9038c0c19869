"""The screen of a hall: which ticket is asked to which counter, and who comes next. Numbers only."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minjing.base import clock
from minjing.kernel.booking import queries
from minjing.kernel.booking.errors import Unknown


@never_cache
@require_GET
def screen(request: HttpRequest, code: str) -> HttpResponse:
    """Show the screen; htmx asks for its middle every few seconds, without a script the page loads anew."""
    try:
        place = queries.place(code)
    except Unknown:
        raise Http404 from None
    at = clock.now()
    context = {"place": place, "screen": queries.display(place, at), "at": at}
    template = "open/halls/numbers.html" if request.headers.get("HX-Request") else "open/halls/screen.html"
    return render(request, template, context)
