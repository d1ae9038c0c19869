"""Addresses of our own pages that go out in a mail."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def to_confirm(request: HttpRequest) -> str:
    """Return the address that confirms an e-mail address, with {token} where its token stands.

    Where the demo runs at some port of somebody's machine, the host is the one that was asked.
    """
    base = f"{request.scheme}://{request.get_host()}" if settings.DEMO else settings.BASE_URL
    return f"{base}{reverse('notify:ways_confirm')}?token={{token}}"
