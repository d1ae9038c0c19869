"""Handing a text message to one of the providers: to the next at once when one is down, and never to two."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Greatest

from minjing.kernel.notify.models import Carrier, Message
from minjing.kernel.notify.providers import sms
from minjing.kernel.notify.rules import (
    LEAST_SHARE,
    QUIET_BEFORE_SHARE_BACK,
    SLOW_AFTER_S,
    order_of,
    recovered,
)


class TakenOver(Exception):
    """Another worker has this notice now: whatever this one was about to do, it must not."""


def carry(message: Message, letter: sms.Letter, now: datetime) -> str:
    """Hand the letter to a provider and return its receipt.

    Who may have it is written down before it is asked, so a worker that dies here leaves the trace. Raises
    sms.Refused, sms.Unavailable, TakenOver.
    """
    known = sms.providers()
    if message.carrier:
        receipt = _asked(message, letter, known)
        if receipt is not None:
            return receipt
    first: sms.Unavailable | None = None
    for name in order_of(_shares(known), f"{message.pk}|{message.attempts}"):
        hold(message, name)
        try:
            return _given(known[name], letter, now)
        except sms.Unclear as unclear:
            first = first or unclear
            receipt = _after_unclear(known[name], letter, unclear)
            if receipt is not None:
                return receipt
        except sms.Unavailable as trouble:
            first = first or trouble
        hold(message, "")
    raise first or sms.Unavailable("no_provider")


def recover(now: datetime) -> None:
    """Give back ten of a hundred to each provider that has been well for a minute."""
    for one in Carrier.objects.exclude(fault_at__gt=now - QUIET_BEFORE_SHARE_BACK):
        resting = _resting(one.name)
        if one.share == resting and not one.faults:
            continue
        share = recovered(one.share, resting)
        Carrier.objects.filter(pk=one.pk, share=one.share, fault_at=one.fault_at).update(
            share=share, changed_at=now, faults=0 if share == resting else one.faults
        )


def _asked(message: Message, letter: sms.Letter, known: Mapping[str, sms.Provider]) -> str | None:
    """Return the receipt of the provider that may have it already, None when it says that it has not."""
    if message.carrier not in known:  # taken out of the settings meanwhile: nobody can say
        raise sms.Unavailable("carrier_gone")
    return known[message.carrier].ask(letter)


def _after_unclear(provider: sms.Provider, letter: sms.Letter, unclear: sms.Unclear) -> str | None:
    """Ask at once where the answer can be believed at once; else leave it with this provider until later."""
    if provider.ask_after:
        raise sms.Unclear(unclear.fault, max(unclear.wait or timedelta(0), provider.ask_after)) from None
    try:
        return provider.ask(letter)
    except sms.Unavailable:
        raise unclear from None


def _given(provider: sms.Provider, letter: sms.Letter, now: datetime) -> str:
    began = time.monotonic()
    try:
        receipt = provider.send(letter)
    except sms.Unavailable as trouble:
        _weaken(provider.name, trouble.fault, now)
        raise
    if time.monotonic() - began > SLOW_AFTER_S:
        _weaken(provider.name, "slow", now)
    return receipt


def hold(message: Message, name: str) -> None:
    """Write down who may have the notice, in a transaction of its own that is over before the provider is asked."""
    own = Message.objects.filter(pk=message.pk, state=Message.SENDING, attempts=message.attempts)
    if not own.update(carrier=name):
        raise TakenOver
    message.carrier = name


def _shares(known: Mapping[str, sms.Provider]) -> dict[str, int]:
    now_are = dict(Carrier.objects.filter(pk__in=list(known)).values_list("pk", "share"))
    return {name: min(now_are.get(name, _resting(name)), _resting(name)) for name in known}


def _resting(name: str) -> int:
    return int(settings.SMS_SHARES.get(name, LEAST_SHARE))


def _weaken(name: str, fault: str, now: datetime) -> None:
    Carrier.objects.get_or_create(pk=name, defaults={"share": _resting(name), "changed_at": now})
    Carrier.objects.filter(pk=name).update(
        share=Greatest(Value(LEAST_SHARE), F("share") / 2),
        faults=F("faults") + 1,
        fault=fault[:30],
        fault_at=now,
        changed_at=now,
    )
