"""The door of camera systems: records by HTTP, each answered with what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from minjing.base.clock import now
from minjing.kernel.files import actions as files
from minjing.modules.traffic.actions import cameras
from minjing.modules.traffic.models import CameraSystem
from minjing.modules.traffic.rules.camera_records import MESSAGE_MOST
from minjing.modules.traffic.rules.messages import WrongMessage
from minjing.modules.traffic.views import machines

FINDINGS = {
    "gcj02": (
        "位置像是 GCJ-02，却按 WGS-84 发来；已按摄像机登记的位置记录。",
        "The position looks like GCJ-02 and says WGS-84; the camera’s own position is kept.",
    ),
    "wgs84": (
        "位置像是 WGS-84，却按 GCJ-02 发来；已按摄像机登记的位置记录。",
        "The position looks like WGS-84 and says GCJ-02; the camera’s own position is kept.",
    ),
    "away": (
        "位置离摄像机登记的位置超过 150 米；已按登记的位置记录。",
        "More than 150 m from where the camera stands; the camera’s own position is kept.",
    ),
    "picture": ("有一张不是可用的图片，未采用。", "One picture could not be used and was left out."),
}


@csrf_exempt
@require_POST
def records(request: HttpRequest) -> JsonResponse:
    """Take one message: 200 with what became of each record, 400 unreadable, 401 unknown, 409 clock, 413 long.

    503: pictures could not be looked at now; the same message sent again has them kept.
    """
    at = now()
    come = machines.admitted(request, CameraSystem, MESSAGE_MOST, now=at)
    if isinstance(come, JsonResponse):
        return come
    system, body = come
    try:
        outcomes = cameras.take(body, system, now=at)
    except WrongMessage as wrong:
        return JsonResponse({"error": "wrong_message", "where": wrong.where, "why": wrong.why}, status=400)
    except cameras.ClockOff as clock:
        return JsonResponse({"error": "clock", "off_s": clock.seconds}, status=409)
    except files.Refused:
        return JsonResponse({"error": "pictures"}, status=503, headers={"Retry-After": "60"})
    return JsonResponse({"records": [_said(outcome) for outcome in outcomes]})


def _said(outcome: cameras.Outcome) -> dict[str, Any]:
    told = {name: value for name, value in asdict(outcome).items() if value}
    findings = [{"code": code, "zh": FINDINGS[code][0], "en": FINDINGS[code][1]} for code in outcome.findings]
    return {"record": told.pop("key"), **told, **({"findings": findings} if findings else {})}
