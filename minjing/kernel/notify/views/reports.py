"""Where SMS providers report what became of a message."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from minjing.base.clock import now
from minjing.kernel.identity import clients, limits
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify import actions
from minjing.kernel.notify.providers import aliyun as aliyun_wire
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.providers import tencent as tencent_wire

BODY_MAX = 200_000
CLOCK_SKEW_S = 300


@csrf_exempt
@require_POST
def house(request: HttpRequest) -> HttpResponse:
    """Take a report of the city's own gateway, signed as its requests are."""
    body = request.body
    said = _json(body)
    if not isinstance(said, dict) or len(body) > BODY_MAX:
        return JsonResponse({"error": "bad_json"}, status=400)
    message_id, stamp = str(said.get("id", "")), request.headers.get("X-Timestamp", "")
    mark = sms.signature(settings.SMS_KEY.encode(), stamp, message_id, body)
    fresh = stamp.isdecimal() and len(stamp) < 12 and abs(time.time() - int(stamp)) <= CLOCK_SKEW_S
    said_mark = request.headers.get("X-Signature", "").encode()  # bytes: anybody may send signs beyond ASCII
    if not settings.SMS_URL or not fresh or not hmac.compare_digest(mark.encode(), said_mark):
        return _refused(request, "house")
    kept = _keep(message_id, "house", said.get("status") == "delivered", str(said.get("fault", "")))
    return JsonResponse({"kept": kept})


@csrf_exempt
@require_POST
def aliyun(request: HttpRequest, token: str) -> HttpResponse:
    """Take Alibaba Cloud's SmsReport: it carries no signature, so its address is the secret."""
    if not settings.SMS_B_URL or not hmac.compare_digest(token, aliyun_wire.report_token(settings.SMS_B_KEY)):
        return _refused(request, "aliyun")
    said = _json(request.body) if len(request.body) <= BODY_MAX else None
    if not isinstance(said, list):
        return JsonResponse({"code": 1, "msg": "bad_json"}, status=400)
    for one in said[:200]:
        if isinstance(one, dict):
            _keep(str(one.get("out_id", "")), "aliyun", bool(one.get("success")), str(one.get("err_code", "")))
    return JsonResponse({"code": 0, "msg": "成功"})


@csrf_exempt
@require_POST
def tencent(request: HttpRequest, token: str) -> HttpResponse:
    """Take Tencent Cloud's report: it names its own serial number, and its address is the secret."""
    if not settings.SMS_C_URL or not hmac.compare_digest(token, tencent_wire.report_token(settings.SMS_C_KEY)):
        return _refused(request, "tencent")
    said = _json(request.body) if len(request.body) <= BODY_MAX else None
    if not isinstance(said, list):
        return JsonResponse({"result": 1, "errmsg": "bad_json"}, status=400)
    for one in said[:200]:
        if isinstance(one, dict) and one.get("sid"):
            good, fault = one.get("report_status") == "SUCCESS", str(one.get("errmsg", ""))
            actions.reported_by_receipt("tencent", str(one["sid"]), delivered=good, fault=fault, now=now())
    return JsonResponse({"result": 0, "errmsg": "OK"})


def _keep(message_id: str, carrier: str, delivered: bool, fault: str) -> bool:
    try:
        found = UUID(message_id)
    except ValueError:
        return False
    return actions.reported(found, carrier=carrier, delivered=delivered, fault=fault, now=now())


def _refused(request: HttpRequest, carrier: str) -> HttpResponse:
    at = now()
    if limits.is_worth_an_entry("report_rubbish", clients.address(request), at):
        ledger.append(ledger.entry("notify:report:refused", {"carrier": carrier}, at=at))
    return JsonResponse({"error": "bad_signature"}, status=403)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
