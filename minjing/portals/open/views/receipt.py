"""Check a receipt: a page whose script does all of it in the reader's browser; nothing is sent here."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minjing.kernel.ledger.providers.policy import policy_text


@never_cache
@require_GET
def form(request: HttpRequest) -> HttpResponse:
    """Show the form, with the policy that the city publishes in it."""
    shown = {"tab": "ledger", "policy": policy_text(), "base_url": settings.BASE_URL}
    return render(request, "open/check_receipt.html", shown)


@never_cache
@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    """Hand out whom the city's ledger asks to be believed (C2SP tlog-policy)."""
    return HttpResponse(policy_text(), content_type="text/plain; charset=utf-8")
