"""Where WeChat pushes what people send to the official account."""

from __future__ import annotations

import time
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minjing.base.clock import now
from minjing.kernel.identity import clients, limits
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify.actions import wechat
from minjing.kernel.notify.providers import wechat_crypto as crypto

BODY_MAX = 20_000
CLOCK_SKEW_S = 300
FIELDS = (
    "ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "Event", "EventKey", "Status", "MsgID",
)  # fmt: skip


@csrf_exempt
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest) -> HttpResponse:
    """Take a call of WeChat: signed, sealed (AES mode only), fresh; anything else is refused, on record."""
    query = request.GET
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not crypto.signed(query.get("signature", ""), settings.WECHAT_TOKEN, stamp, nonce):
        return _refused(request, "signature")
    if not _fresh(stamp):
        return _refused(request, "stale")
    if request.method == "GET":
        return HttpResponse(query.get("echostr", "")[:200], content_type="text/plain; charset=utf-8")
    if len(request.body) > BODY_MAX or query.get("encrypt_type") != "aes":
        return _refused(request, "not_sealed")
    sealed = _xml(request.body.decode("utf-8", "replace"), ("Encrypt",)).get("Encrypt", "")
    if not sealed or not crypto.signed(query.get("msg_signature", ""), settings.WECHAT_TOKEN, stamp, nonce, sealed):
        return _refused(request, "message_signature")
    try:
        said = _xml(crypto.unwrap(settings.WECHAT_AES_KEY, sealed, settings.WECHAT_APP_ID), FIELDS)
    except crypto.Forged:
        return _refused(request, "sealing")
    answer = wechat.heard(said, now=now())
    if not answer:
        return HttpResponse("success", content_type="text/plain")
    return HttpResponse(_reply(said, answer, nonce), content_type="text/xml; charset=utf-8")


def _reply(said: dict[str, str], answer: str, nonce: str) -> str:
    stamp = str(int(time.time()))
    plain = (
        f"<xml><ToUserName>{escape(said.get('FromUserName', ''))}</ToUserName>"
        f"<FromUserName>{escape(said.get('ToUserName', ''))}</FromUserName><CreateTime>{stamp}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{escape(answer)}</Content></xml>"
    )
    sealed = crypto.wrap(settings.WECHAT_AES_KEY, plain, settings.WECHAT_APP_ID)
    mark = crypto.signature(settings.WECHAT_TOKEN, stamp, nonce, sealed)
    return (
        f"<xml><Encrypt>{sealed}</Encrypt><MsgSignature>{mark}</MsgSignature>"
        f"<TimeStamp>{stamp}</TimeStamp><Nonce>{escape(nonce)}</Nonce></xml>"
    )


def _xml(text: str, fields: tuple[str, ...]) -> dict[str, str]:
    """Return the fields of a flat document; {} when it is none. Entities are never declared by WeChat."""
    if "<!" in text.replace("<![CDATA[", ""):
        return {}
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no declarations, and 20 kB at most
    except ElementTree.ParseError:
        return {}
    return {child.tag: child.text or "" for child in root if child.tag in fields}


def _fresh(stamp: str) -> bool:
    return stamp.isdecimal() and len(stamp) < 12 and abs(time.time() - int(stamp)) <= CLOCK_SKEW_S


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    at = now()
    if limits.is_worth_an_entry("wechat_rubbish", clients.address(request), at):
        ledger.append(ledger.entry("notify:callback:refused", {"source": "wechat", "why": why}, at=at))
    return HttpResponse("refused", status=403, content_type="text/plain")
