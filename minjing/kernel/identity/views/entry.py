"""What the doors have in common: where to go next, and letting somebody in."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from minjing.kernel.identity import clients, sessions
from minjing.kernel.identity.errors import IdentityError, Wrong
from minjing.kernel.identity.models import Account

BACKEND = "django.contrib.auth.backends.ModelBackend"


def next_of(request: HttpRequest, default: str) -> str:
    """Return the page of ours that the asker wanted, or `default`: never another site's (ASVS 5.0 §3.7.2)."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else default


def with_next(address: str, wanted: str) -> str:
    """Return `address` with the page to come carried along."""
    return f"{address}?{urlencode({'next': wanted})}" if wanted else address


def let_in(request: HttpRequest, account: Account, now: datetime, *, second: bool) -> None:
    """Sign the account in: a new session key, the old one ends, limits count from now."""
    keep = request.session.get("_language")
    request.session.flush()
    if keep:
        request.session["_language"] = keep
    login(request, account, backend=BACKEND)
    sessions.begin(request, account, clients.device(request), now, second=second)


def page(request: HttpRequest, template: str, error: IdentityError | None = None, **context: Any) -> HttpResponse:
    """Return a page, with what was wrong and at which field; 422 says so to programs."""
    context |= {"error": error, "wrong": error.field if isinstance(error, Wrong) else ""}
    response = render(request, f"identity/{template}.html", context, status=422 if error else 200)
    response["Cache-Control"] = "no-store"  # codes, secrets and names do not belong in a cache
    return response
