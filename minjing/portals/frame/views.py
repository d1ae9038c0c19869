"""Choosing the language and the elder mode, and the pages that say what went wrong."""

import errno
import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from minjing.kernel.identity import actions as identity
from minjing.kernel.identity.sessions import ELDER
from minjing.portals.frame.language import ELDER_COOKIE

YEAR_S = 31_536_000


def back(request: HttpRequest) -> str:
    """Return the page to go back to, if it is one of ours."""
    goal = request.POST.get("next", "/")
    return goal if url_has_allowed_host_and_scheme(goal, {request.get_host()}) else "/"


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie; whoever has signed in is written to in it from now on as well."""
    chosen = "en" if request.POST.get("language") == "en" else "zh-hans"
    actor = getattr(request, "actor", None)
    if actor is not None:
        identity.set_language(by=actor, language=chosen)
    response = HttpResponseRedirect(back(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR_S, samesite="Lax", httponly=True, secure=settings.SECURE
    )
    return response


@require_POST
def elder(request: HttpRequest) -> HttpResponse:
    """Switch large type and few choices on or off: on this device, and for a resident who has signed in on others."""
    response = HttpResponseRedirect(back(request))
    chosen = "1" if request.POST.get("elder") == "1" else "0"
    actor = getattr(request, "actor", None)
    if actor is not None and actor.is_resident:
        identity.set_elder_mode(by=actor, wanted=chosen == "1")
        request.session[ELDER] = chosen == "1"
    response.set_cookie(ELDER_COOKIE, chosen, max_age=YEAR_S, samesite="Lax", httponly=True, secure=settings.SECURE)
    return response


def malformed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request makes no sense."""
    return _said(request, "400.html", 400)


RETRY_AFTER_S = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something went wrong on our side; with 503 that it will pass: the database or a disk is away or full.

    Nothing of the request has had an effect then: an act is one transaction.
    """
    is_api = request.path.startswith("/api/")
    if not _will_pass(sys.exc_info()[1]):
        if not is_api:
            return _said(request, "500.html", 500)
        words = {
            "zh": "系统出错，本次请求没有生效，错误已记录，请稍后再试。",
            "en": "Something went wrong on our side. Nothing was done; the error is on record. Try again later.",
        }
        return JsonResponse({"key": "server_error", "message": words}, status=500)
    said: HttpResponse
    if is_api:
        words = {
            "zh": "数据库暂时不能保存，请稍后再试。",
            "en": "The database cannot keep anything now; try again shortly.",
        }
        said = JsonResponse({"key": "unavailable", "message": words}, status=503)
    else:
        said = _said(request, "503.html", 503)
    said["Retry-After"] = str(RETRY_AFTER_S)
    return said


def _will_pass(trouble: BaseException | None) -> bool:
    """Say whether what failed is the database being away, shutting down or full, or a full disk."""
    if isinstance(trouble, (OperationalError, InterfaceError)):
        return True
    return isinstance(trouble, OSError) and trouble.errno == errno.ENOSPC


def _said(request: HttpRequest, template: str, status: int) -> HttpResponse:
    try:
        return render(request, template, status=status)
    except Exception:  # what failed the page may fail its frame too: then without anything that asks
        return HttpResponse(loader.get_template(template).render(), status=status)
