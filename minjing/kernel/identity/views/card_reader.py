"""Leave to read a card, and the policy of a page that may talk to the bridge beside the browser."""

import secrets

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from minjing.base import clock
from minjing.kernel.identity.actions import card_readers
from minjing.kernel.identity.errors import Unknown

SESSION_KEY = "card_reader"


def session_of(request: HttpRequest) -> str:
    """Return the secret that binds tickets to this browser's session, made when first asked for."""
    held = request.session.get(SESSION_KEY)
    if not isinstance(held, str):
        held = request.session[SESSION_KEY] = secrets.token_urlsafe(24)
    return held


def may_talk_to_reader(response: HttpResponse) -> HttpResponse:
    """Let this one page connect to the bridge; no other page of ours may."""
    response.headers[HEADER] = build_policy(update={"connect-src": ["'self'", settings.CARD_READER_URL]})
    return response


@require_POST
def ticket(request: HttpRequest) -> HttpResponse:
    """Answer {ticket} for the device that the page found beside it."""
    try:
        made = card_readers.card_ticket(
            device=request.POST.get("device", "")[:60], session=session_of(request), now=clock.now()
        )
    except Unknown:
        zh, en = card_readers.REFUSED["device"]
        return JsonResponse({"text": {"zh": zh, "en": en}}, status=404)
    return JsonResponse({"ticket": made})
