"""A form whose token has become out of date: another tab has signed in anew. What was typed is shown again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from minjing.portals.citizen.views import apply


def token_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what happened; a page of an application comes back as it was typed, with nothing saved."""
    try:
        where = resolve(request.path_info)
    except Resolver404:
        return render(request, "403_csrf.html", status=403)
    if where.view_name == "citizen:page" and getattr(request, "actor", None) is not None:
        return apply.ask_again(request, **where.kwargs)
    return render(request, "403_csrf.html", status=403)
