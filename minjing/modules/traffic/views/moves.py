"""Asking for a car to be moved: the caller's page, the owner's answer by the text's link, the relay's reports."""

from __future__ import annotations

import hmac
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from minjing.base.clock import now
from minjing.kernel.identity import clients, limits
from minjing.kernel.identity.errors import TooMany
from minjing.modules.traffic.actions import move_calls as acts
from minjing.modules.traffic.errors import Unknown
from minjing.modules.traffic.models import MoveCall
from minjing.modules.traffic.providers import relay as wire
from minjing.modules.traffic.queries import move_calls as found
from minjing.modules.traffic.rules import move_calls as rules
from minjing.modules.traffic.rules.plates import shown
from minjing.portals.citizen.access import resident, who


@require_safe
@resident
def mine(request: HttpRequest) -> HttpResponse:
    """Show one's calls: told or not, what the owner answers, which number to dial and until when."""
    at = now()
    rows = [_seen(row, at) for row in found.mine(who(request))]
    waits = any(row["waits"] for row in rows)
    return render(request, "traffic/items/moves.html", {"tab": "me", "rows": rows, "waits": waits})


@require_POST
@resident
def finish(request: HttpRequest, matter_id: UUID) -> HttpResponse:
    """End the number in between: the car is gone."""
    try:
        acts.finish(matter_id, by=who(request), now=now())
    except Unknown:
        return render(request, "traffic/items/move_gone.html", status=404)
    return HttpResponseRedirect(reverse("traffic:moves"))


@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, link: str) -> HttpResponse:
    """Show the owner what is asked, without signing in, and take the answer."""
    at = now()
    try:
        row = acts.by_link(link, clients.address(request), now=at)
    except TooMany:
        return render(request, "traffic/items/move_gone.html", status=429)
    except Unknown:
        return render(request, "traffic/items/move_gone.html", status=404)
    wrong = False
    if request.method == "POST":
        try:
            acts.answer(link, request.POST.get("answer", ""), now=at)
            return HttpResponseRedirect(reverse("traffic:move_answer", args=[link]))
        except Unknown:
            wrong = True
    context = {**_seen(row, at), "answers": rules.ANSWERS, "misuse": rules.MISUSE, "wrong": wrong}
    return render(request, "traffic/items/move_answer.html", context, status=422 if wrong else 200)


@csrf_exempt
@require_POST
def reports(request: HttpRequest, token: str) -> HttpResponse:
    """Take the relay's reports: nobody signs them, so their address is the secret."""
    at = now()
    wanted = wire.report_token(settings.RELAY_KEY)
    if not settings.RELAY_URL or not hmac.compare_digest(token.encode(), wanted.encode()):
        try:
            limits.spend("relay_report", clients.address(request), acts.GUESSES, at)
        except TooMany:
            return JsonResponse({"code": 1, "msg": "too_many"}, status=429)
        acts.forged(at)
        return JsonResponse({"code": 1, "msg": "unknown"}, status=401)
    try:
        acts.reported(wire.read_reports(request.body), now=at)
    except ValueError:
        return JsonResponse({"code": 1, "msg": "bad_json"}, status=400)
    return JsonResponse({"code": 0, "msg": "成功"})


def _seen(row: MoveCall, at: datetime) -> dict[str, object]:
    number = found.number_of(row, at)
    return {
        "row": row,
        "plate": shown(row.plate),
        "reason": rules.REASONS.get(row.reason, acts.UNSAID),
        "answer": rules.ANSWERS.get(row.answer),
        "number": number,
        "waits": row.relay_state == MoveCall.ASKED or (bool(number) and not row.answer),
        "talks": list(row.relayed.all()),
    }
