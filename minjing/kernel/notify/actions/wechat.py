"""Answering what people send to the WeChat official account: following, the menu, a code, "进度"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.errors import NotAllowed, TooMany
from minjing.kernel.identity.models import Account
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.notify.actions.bindings import bind_by_code, follow_again, give_up_address
from minjing.kernel.notify.actions.reports import reported_by_receipt
from minjing.kernel.notify.models import Heard
from minjing.kernel.notify.plugs import plugs
from minjing.kernel.notify.rules import WECHAT, Text

# Guessing codes from one WeChat, and asking without end.
TRIES = limits.Limit(10, timedelta(hours=1))
ASKED = limits.Limit(60, timedelta(hours=1))
REMEMBERED = timedelta(hours=1)
SEALING = "notify_heard.answer"
CODE = re.compile(r"(?:绑定|bind)\s*([A-Za-z0-9]{8})|([A-Za-z0-9]{8})", re.I)
NUMBER = re.compile(r"[A-Z]{2}\d{11}", re.I)
PROGRESS = {"进度", "办件", "办件进度", "查进度", "progress", "status"}
MENU_PROGRESS, MENU_HELP = "progress", "help"

HELLO: Text = {
    "zh": "您好，这里是民生警务。\n发送“进度”查看您的办件，发送办件编号看一件，"
    "发送“绑定 验证码”把微信绑定到您的账号。\n报警请拨打 110。",
    "en": "Welcome to Minjing.\nSend “progress” for your matters, a matter’s number for one, "
    "“bind CODE” to bind this WeChat.\nIn an emergency call 110.",
}
NOT_BOUND: Text = {
    "zh": "这个微信还没有绑定账号，不能查询办件。请打开 {url} 登录并绑定，或在“通知方式”里取验证码发到这里。",
    "en": "This WeChat is bound to no account, so nothing can be looked up. Open {url} to sign in and bind it.",
}
BOUND: Text = {
    "zh": "绑定成功。今后办件有进展会在这里通知您，发送“进度”随时查看。",
    "en": "It is bound. News of your matters will come here; send “progress” at any time.",
}
NO_CODE: Text = {
    "zh": "验证码不对或已过期。请在“通知方式”里重新取一个，10 分钟内发来。",
    "en": "The code is wrong or has run out. Get a new one under “How we tell you” and send it within 10 minutes.",
}
TOO_OFTEN: Text = {"zh": "您问得太频繁了，请过一会儿再试。", "en": "Too often; please try again in a while."}


def heard(said: Mapping[str, str], *, now: datetime) -> str:
    """Answer one call of WeChat and return the words, "" for none. The same call again gets the same words.

    WeChat repeats a call that it has no answer to within five seconds; and nobody may replay one.
    """
    openid = said.get("FromUserName", "")
    key = f"wechat|{said.get('MsgId') or '{}|{}|{}'.format(openid, said.get('CreateTime'), said.get('Event'))}"[:80]
    with transaction.atomic():
        mine = Heard.objects.bulk_create([Heard(key=key, at=now)], ignore_conflicts=True)
        first = Heard.objects.select_for_update().get(pk=mine[0].pk)
        if first.at != now:
            return sealing.reveal(SEALING, bytes(first.answer_sealed).decode()) if first.answer_sealed else ""
        answer = _answer(said, openid, now)
        if answer:
            Heard.objects.filter(pk=key).update(answer_sealed=sealing.conceal(SEALING, answer).encode())
    return answer


def forget_heard(now: datetime) -> int:
    """Delete the calls that nobody repeats any more; return how many."""
    gone, _ = Heard.objects.filter(at__lt=now - REMEMBERED).delete()
    return gone


def _answer(said: Mapping[str, str], openid: str, now: datetime) -> str:
    kind, event = said.get("MsgType", ""), said.get("Event", "").upper()
    if kind == "event":
        if event == "TEMPLATESENDJOBFINISH":
            status = said.get("Status", "")
            reported_by_receipt(WECHAT, said.get("MsgID", ""), delivered=status == "success", fault=status, now=now)
            return ""
        if event == "SUBSCRIBE":
            account_id = follow_again(openid, now=now)
            return _in(HELLO, _language(account_id))
        if event == "UNSUBSCRIBE":
            give_up_address(WECHAT, openid, why="unfollowed", now=now)
            return ""
        if event == "CLICK":
            return _of_text("进度" if said.get("EventKey") == MENU_PROGRESS else "帮助", openid, now)
        return ""
    return _of_text(said.get("Content", "").strip() if kind == "text" else "", openid, now)


def _of_text(text: str, openid: str, now: datetime) -> str:
    account = people.account_by_door(WECHAT, openid)
    language = account.language if account else "zh-hans"
    code = CODE.fullmatch(text)
    try:
        if text.lower() in PROGRESS or NUMBER.fullmatch(text):
            limits.spend("wechat-asked", openid, ASKED, now)
            if account is None:
                ledger.append(ledger.entry("notify:progress:refused", {"why": "not_bound"}, at=now))
                return _in(NOT_BOUND, language).format(url=f"{settings.BASE_URL}/door/wechat")
            return _progress(account.pk, "" if text.lower() in PROGRESS else text.upper(), language, now)
        if code:
            limits.spend("wechat-code", openid, TRIES, now)
            return _bind((code[1] or code[2]).upper(), openid, language, now)
    except TooMany:
        return _in(TOO_OFTEN, language)
    return _in(HELLO, language)


def _progress(account_id: UUID, asked: str, language: str, now: datetime) -> str:
    if plugs.progress is None:
        return _in(HELLO, language)
    return _in(plugs.progress(account_id=account_id, asked=asked, source=WECHAT, now=now), language)


def _bind(code: str, openid: str, language: str, now: datetime) -> str:
    try:
        by = bind_by_code(code, openid=openid, now=now)
    except NotAllowed as refused:
        return _in(refused.text, language)
    return _in(NO_CODE, language) if by is None else _in(BOUND, by.language)


def _language(account_id: UUID | None) -> str:
    if account_id is None:
        return ""
    return Account.objects.filter(pk=account_id).values_list("language", flat=True).first() or "zh-hans"


def _in(text: Text, language: str) -> str:
    return text["en" if language.startswith("en") else "zh"]
