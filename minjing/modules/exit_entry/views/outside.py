"""Where the carrier pushes, and the screen of the pick-up cabinet."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from minjing.base.clock import now
from minjing.kernel.identity import clients, limits
from minjing.kernel.identity.errors import TooMany
from minjing.modules.exit_entry import ways
from minjing.modules.exit_entry.actions import fetching, posting
from minjing.modules.exit_entry.providers.carrier import BODY_MAX, Forged


@csrf_exempt
@require_POST
def carrier(request: HttpRequest) -> HttpResponse:
    """Take what the carrier tells of parcels: signed, each event once, in any order."""
    at = now()
    body = request.body
    try:
        if len(body) > BODY_MAX:
            raise Forged("length")
        waybill, happened = posting.carrier().read_push(request.path, request.headers, body)
    except Forged:
        if limits.is_worth_an_entry("carrier_rubbish", clients.address(request), at):
            posting.forged(at)
        return JsonResponse({"error": "bad_signature"}, status=403)
    if not posting.told(waybill, happened, now=at):
        return JsonResponse({"error": "unknown_waybill"}, status=404)
    return JsonResponse({"ok": True})


@never_cache
@require_http_methods(["GET", "POST"])
def cabinet(request: HttpRequest) -> HttpResponse:
    """Open a box with the code: the screen of the cabinet in the hall. Nobody's name is shown."""
    at = now()
    context: dict[str, object] = {}
    status = 200
    if request.method == "POST":
        try:
            limits.spend("cabinet", clients.address(request), ways.CABINET_TRIES, at)
            opened = fetching.take(request.POST.get("code", ""), now=at)
        except TooMany:
            context, status = {"too_many": True}, 429
        else:
            context = {"box": opened.box} if opened else {"wrong": True}
            status = 200 if opened else 422
    return render(request, "exit_entry/cabinet.html", context, status=status)
