"""Checking an electronic licence on the open portal: in the browser, with the published key, without asking us."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minjing.modules.traffic import signing


@require_safe
def check_licence(request: HttpRequest) -> HttpResponse:
    """Show the page; the code stands behind the # of the address, which browsers never send."""
    return render(request, "traffic/registers/check_licence.html", {"key": signing.public_key()})


@require_safe
def licence_key(request: HttpRequest) -> HttpResponse:
    """Hand out the public key, for checks without this page."""
    return HttpResponse(signing.public_key() + "\n", content_type="text/plain; charset=utf-8")
