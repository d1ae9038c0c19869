"""What comes from outside: a gateway's notification, answered as it expects; a payer's browser on its way back."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.kernel.identity.clients import address
from minjing.kernel.pay.actions.attempts import came_back
from minjing.kernel.pay.actions.notifications import take_notification
from minjing.kernel.pay.errors import NoSuchChannel

BODY_MAX = 64_000  # bytes; a notification of any gateway is below 10 kB


@csrf_exempt
@never_cache
def notify(request: HttpRequest, channel: str) -> HttpResponse:
    """Take a notification. The signature is its only credential: no session, no token."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if int(request.headers.get("Content-Length") or 0) > BODY_MAX:
        return HttpResponse(status=413)
    try:
        answer = take_notification(channel, dict(request.headers), request.body, address=address(request), now=now())
    except NoSuchChannel:
        raise Http404 from None
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


@csrf_exempt  # UnionPay sends the browser back by a form
@never_cache
@require_http_methods(["GET", "POST"])
def back(request: HttpRequest, number: str) -> HttpResponse:
    """Note that the payer is back and lead to the page that waits for certainty; what the form says is not read."""
    if came_back(number, now=now()) is None:
        raise Http404
    return HttpResponseRedirect(reverse("citizen:pay_wait", args=[number]))
