"""A stranger keeps asking for codes to somebody's phone: its owner is told how to stop them, and does."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from minjing.base.clock import local_day
from minjing.kernel.identity import limits, sealing
from minjing.kernel.identity.errors import Wrong
from minjing.kernel.identity.models import PhoneStop
from minjing.kernel.identity.plugs import plugs
from minjing.kernel.ledger import actions as ledger

TOLD_AT = 5  # codes in a row that nobody used, after which the phone's owner is told how to stop them
STOP_LASTS = timedelta(hours=24)
WORD_CHARS = 6


def is_stopped(number: str, now: datetime) -> bool:
    """Say whether the owner of this phone wants no codes now; told to nobody who asks for one."""
    return PhoneStop.objects.filter(phone_index=sealing.blind_index("phone", number), until__gt=now).exists()


def tell_owner(number: str, language: str, now: datetime) -> None:
    """Tell the owner of a phone that codes keep being asked for and how to stop them."""
    if plugs.text_phone is None:
        return
    address, word = f"{settings.BASE_URL}/sign-in/stop/", _word(number, now)
    text = {
        "zh": f"今天有人多次向本号索取登录验证码。不是您本人？打开 {address} 填写停发口令 {word}，停发 24 小时。",
        "en": f"Codes keep being asked for to this phone. Not you? Open {address} and give the word {word} to stop "
        "them for 24 hours.",
    }
    plugs.text_phone(phone=number, text=text, language=language, now=now)


def stop_codes(phone: str, word: str, *, address: str, now: datetime) -> None:
    """Stop codes to a phone for a day, for who has the word that was sent to it. Raises Wrong, TooMany."""
    _check_word(phone, word, address, now)
    index = sealing.blind_index("phone", phone)
    with transaction.atomic():
        PhoneStop.objects.update_or_create(phone_index=index, defaults={"since": now, "until": now + STOP_LASTS})
        ledger.append(ledger.entry("identity:code:stopped", {"until": now + STOP_LASTS}, at=now))


def let_codes_go(phone: str, word: str, *, address: str, now: datetime) -> None:
    """Send codes to a phone again before the day is over. Raises Wrong, TooMany."""
    _check_word(phone, word, address, now)
    with transaction.atomic():
        PhoneStop.objects.filter(phone_index=sealing.blind_index("phone", phone)).delete()
        ledger.append(ledger.entry("identity:code:let_go", {}, at=now))


def _check_word(phone: str, word: str, address: str, now: datetime) -> None:
    limits.spend("stop", address, limits.STOP, now)
    limits.spend("stop-phone", phone, limits.STOP_PHONE, now)
    said = "".join(c for c in word.upper() if c.isalnum())
    right = {_word(phone, now), _word(phone, now - timedelta(days=1))}
    if not any(hmac.compare_digest(said.encode(), one.encode()) for one in right):
        raise Wrong(
            "word", {"zh": "口令不对。请照短信填写。", "en": "Not the word: type it as in the text message."}, "word"
        )


def _word(number: str, now: datetime) -> str:
    drawn = sealing.blind_index("stop-word", f"{number}|{local_day(now).isoformat()}")
    return base64.b32encode(drawn).decode()[:WORD_CHARS]
