"""A limit on how often one address may check papers: against load, since the codes themselves cannot be guessed."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from minjing.base import clock
from minjing.kernel.identity.clients import address
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.limits import Limit, spend

# A counter clerk checks a few papers a minute; a whole office behind one address, a few dozen.
CHECKS = Limit(60, timedelta(minutes=1))
View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """Answer 429 when an address has checked more than 60 papers within a minute."""

    @wraps(view)
    def checked(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        try:
            spend("open:check", address(request), CHECKS, clock.now())
        except TooMany as refused:
            response = render(request, "open/too_many.html", {"text": refused.text}, status=429)
            response["Retry-After"] = str(refused.wait_s)
            return response
        return view(request, *args, **kwargs)

    return checked
