"""Telling those on duty of the ledger's alarms: the bureau's inspectors first, then others and administrators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from minjing.kernel.identity.models import Appointment, Unit
from minjing.kernel.identity.rules import ADMINISTRATORS
from minjing.kernel.notify.actions import announce
from minjing.kernel.notify.rules import Text
from minjing.kernel.watch import queries as watch
from minjing.kernel.watch.models import Alarm
from minjing.kernel.watch.rules import WATCH

TEMPLATE = "ledger_alarm"


def on_duty(now: datetime) -> list[UUID]:
    """Return the accounts that are told first: who holds the act `watch` in the bureau now."""
    return _accounts(now, Q(post__acts__contains=[WATCH], unit__level=Unit.BUREAU))


def next_ones(now: datetime) -> list[UUID]:
    """Return whom an unanswered alarm goes to: who holds the act elsewhere, and the three administrators."""
    elsewhere = Q(post__acts__contains=[WATCH]) & ~Q(unit__level=Unit.BUREAU)
    return _accounts(now, elsewhere | Q(post_id__in=ADMINISTRATORS))


def _accounts(now: datetime, who: Q) -> list[UUID]:
    held = Appointment.objects.filter(
        Q(until__isnull=True) | Q(until__gt=now), since__lte=now, account__is_active=True
    )
    return list(held.filter(who).values_list("account_id", flat=True).distinct())


def tell_alarms(alarm_ids: Sequence[UUID], *, now: datetime) -> int:
    """Tell of each alarm whoever is to hear of it at its present stage, once; return how many notices are new."""
    told = 0
    for alarm in watch.alarms_named(alarm_ids):
        stage = "next" if alarm.escalated_at else "duty"
        people = next_ones(now) if alarm.escalated_at else on_duty(now) or next_ones(now)
        told += announce(people, template=TEMPLATE, text=_words(alarm), about=f"{alarm.pk}|{stage}", now=now)
    return told


def _words(alarm: Alarm) -> Text:
    if alarm.escalated_at:
        return {
            "zh": f"账本告警 15 分钟无人确认：{alarm.text['zh']}",
            "en": f"A ledger alarm has waited 15 minutes for a note: {alarm.text['en']}",
        }
    return {
        "zh": f"账本告警，请在 15 分钟内确认：{alarm.text['zh']}",
        "en": f"Ledger alarm, please take note within 15 minutes: {alarm.text['en']}",
    }
