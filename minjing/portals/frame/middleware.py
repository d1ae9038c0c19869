"""What no page can make sense of is turned away at the door, in one place."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

NUL = "\x00"  # no text of a person has it, and PostgreSQL stores none


class CleanInput:
    """Answers 400 to an address or a form with a NUL character; JSON and files are checked where they are read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Look at the address, and at the form of a POST."""
        if NUL in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        if request.method == "POST" and any(NUL in value for _, values in request.POST.lists() for value in values):
            raise BadRequest("NUL in the form")
        return self.get_response(request)
