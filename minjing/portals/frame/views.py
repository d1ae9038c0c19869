"""Choosing the language and the elder mode, and the pages that say what went wrong."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from minjing.portals.frame.language import ELDER_COOKIE

YEAR_S = 31_536_000


def back(request: HttpRequest) -> str:
    """Return the page to go back to, if it is one of ours."""
    goal = request.POST.get("next", "/")
    return goal if url_has_allowed_host_and_scheme(goal, {request.get_host()}) else "/"


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie; no account is needed."""
    chosen = "en" if request.POST.get("language") == "en" else "zh-hans"
    response = HttpResponseRedirect(back(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR_S, samesite="Lax", httponly=True, secure=settings.SECURE
    )
    return response


@require_POST
def elder(request: HttpRequest) -> HttpResponse:
    """Switch large type and few choices on or off."""
    response = HttpResponseRedirect(back(request))
    chosen = "1" if request.POST.get("elder") == "1" else "0"
    response.set_cookie(ELDER_COOKIE, chosen, max_age=YEAR_S, samesite="Lax", httponly=True, secure=settings.SECURE)
    return response


def malformed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request makes no sense."""
    return _said(request, "400.html", 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something went wrong on our side, also when the database does not answer."""
    return _said(request, "500.html", 500)


def _said(request: HttpRequest, template: str, status: int) -> HttpResponse:
    try:
        return render(request, template, status=status)
    except Exception:  # what failed the page may fail its frame too: then without anything that asks
        return HttpResponse(loader.get_template(template).render(), status=status)
