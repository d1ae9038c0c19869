"""Which ways of paying a browser is offered: those that work there, in the city's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from minjing.kernel.notify import arrivals
from minjing.kernel.pay import plugs
from minjing.kernel.pay.channels import channels
from minjing.kernel.pay.words import channel_title

WECHAT, PHONE, DESK = "wechat", "phone", "desk"
JSAPI = "wechat_jsapi"
# UnionPay's page works everywhere; inside WeChat only WeChat's own and UnionPay's open.
WORKS: Mapping[str, frozenset[str]] = {
    WECHAT: frozenset({JSAPI, "unionpay"}),
    PHONE: frozenset({"wechat_h5", "alipay_wap", "unionpay"}),
    DESK: frozenset({"wechat_native", "alipay_page", "unionpay"}),
}
HINTS: Mapping[str, Mapping[str, str]] = {
    JSAPI: {"zh": "在微信内直接支付", "en": "Right here in WeChat"},
    "wechat_h5": {"zh": "打开微信支付", "en": "Opens WeChat"},
    "wechat_native": {"zh": "用手机微信扫码", "en": "Scan with WeChat on your phone"},
    "alipay_wap": {"zh": "打开支付宝支付", "en": "Opens Alipay"},
    "alipay_page": {"zh": "登录或用手机支付宝扫码", "en": "Sign in, or scan with Alipay on your phone"},
    "unionpay": {"zh": "银行卡、云闪付", "en": "Bank cards and the UnionPay app"},
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way of paying as a button."""

    name: str
    title: Mapping[str, str]
    hint: Mapping[str, str]
    mark: str  # the house, for the sign on the button
    href: str = ""  # where to go first: WeChat says whose it is


def device(request: HttpRequest) -> str:
    """Return where the page is open: inside WeChat, on a phone, at a desk."""
    agent = request.headers.get("User-Agent", "")
    if "MicroMessenger" in agent:
        return WECHAT
    return PHONE if any(mark in agent for mark in ("Mobile", "Android", "iPhone", "HarmonyOS")) else DESK


def ways(request: HttpRequest) -> tuple[list[Way], list[Way]]:
    """Return the ways that work in this browser, and the others; all stand as the first where none does."""
    here = device(request)
    built = channels()
    able = [name for name in built if name in WORKS[here]]
    rest = [name for name in built if name not in able and name != JSAPI]
    first, others = (able, rest) if able else (rest, [])
    return [_way(request, name, built[name].house) for name in first], [
        _way(request, name, built[name].house) for name in others
    ]


def payer(request: HttpRequest, channel: str) -> str:
    """Return who pays at the gateway: the WeChat that is open here, else the one bound to the account, else ""."""
    if channel != JSAPI:
        return ""
    return arrivals.here(request, WECHAT) or plugs.payer(channel, request.actor.account_id)  # type: ignore[attr-defined]


def must_say_who(request: HttpRequest) -> bool:
    """Say whether this is WeChat's browser, it could pay right here, and WeChat has not said yet whose it is."""
    return device(request) == WECHAT and JSAPI in channels() and not arrivals.here(request, WECHAT)


def door(request: HttpRequest) -> str:
    """Return the address at which WeChat is asked whose it is; it comes back to this page."""
    return f"{reverse('notify:door', args=[WECHAT])}?{urlencode({'for': 'pay', 'next': request.path})}"


def _way(request: HttpRequest, name: str, house: str) -> Way:
    first = door(request) if name == JSAPI and not payer(request, name) else ""
    return Way(name, channel_title(name), HINTS.get(name, {"zh": "", "en": ""}), house, first)
