"""The door of dispatch systems: a batch by HTTP, answered at once with what was found."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from minjing.base.clock import now
from minjing.kernel.files import actions as files
from minjing.kernel.identity import clients, limits
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.limits import Limit
from minjing.modules.traffic.actions.yielding import taking
from minjing.modules.traffic.models import Batch
from minjing.modules.traffic.rules.yielding.messages import MESSAGE_MOST, WrongMessage
from minjing.modules.traffic.views.yielding.words import said_of

TRIES = Limit(30, limits.CODE_HERE.window)  # wrong tokens an hour from one address


@csrf_exempt
@require_POST
def batches(request: HttpRequest) -> JsonResponse:
    """Take one batch: 200 taken or repeated, 202 held, 400 unreadable, 401 unknown, 409 other content, 413 long.

    503: a picture could not be looked at now; the same batch sent again has it kept.
    """
    at = now()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    dispatch = taking.sender(token) if scheme == "Bearer" and token else None
    if dispatch is None:
        try:
            limits.spend("dispatch", clients.address(request), TRIES, at)
        except TooMany:
            return JsonResponse({"error": "too_many"}, status=429)
        taking.refuse("token", now=at)
        return JsonResponse({"error": "unknown_token"}, status=401)
    if int(request.headers.get("Content-Length") or 0) > MESSAGE_MOST:
        taking.refuse("too long", now=at, dispatch=dispatch)
        return JsonResponse({"error": "too_long", "most_bytes": MESSAGE_MOST}, status=413)
    try:
        answer = taking.take(request.body, dispatch, way="http", now=at)
    except WrongMessage as wrong:
        return JsonResponse({"error": "wrong_message", "where": wrong.where, "why": wrong.why}, status=400)
    except taking.OtherContent:
        return JsonResponse({"error": "other_content"}, status=409)
    except files.Refused:
        return JsonResponse({"error": "pictures"}, status=503, headers={"Retry-After": "60"})
    said = {
        "batch": answer.batch.key,
        "state": answer.state,
        "fixes": answer.batch.fixes,
        "findings": [{**finding, **said_of(finding)} for finding in answer.findings],
    }
    return JsonResponse(said, status=202 if answer.state == Batch.HELD else 200)
