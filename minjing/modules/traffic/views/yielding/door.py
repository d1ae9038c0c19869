"""The door of dispatch systems: a batch by HTTP, answered at once with what was found."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from minjing.base.clock import now
from minjing.kernel.files import actions as files
from minjing.modules.traffic.actions.yielding import taking
from minjing.modules.traffic.models import Batch, DispatchSystem
from minjing.modules.traffic.rules.messages import WrongMessage
from minjing.modules.traffic.rules.yielding.messages import MESSAGE_MOST
from minjing.modules.traffic.views import machines
from minjing.modules.traffic.views.yielding.words import said_of


@csrf_exempt
@require_POST
def batches(request: HttpRequest) -> JsonResponse:
    """Take one batch: 200 taken or repeated, 202 held, 400 unreadable, 401 unknown, 409 other content, 413 long.

    503: a picture could not be looked at now; the same batch sent again has it kept.
    """
    at = now()
    come = machines.admitted(request, DispatchSystem, MESSAGE_MOST, now=at)
    if isinstance(come, JsonResponse):
        return come
    dispatch, body = come
    try:
        answer = taking.take(body, dispatch, way="http", now=at)
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
