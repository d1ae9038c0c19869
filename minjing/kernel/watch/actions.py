"""Writing to the watch: the beat, alarms and their notes, break-glass. Each act leaves its ledger entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from minjing.base.ids import new_id
from minjing.kernel.ledger import actions as ledger
from minjing.kernel.watch import models, queries, rules
from minjing.kernel.watch.errors import Refused, Text
from minjing.kernel.watch.rules import WORDS, Watcher

MONITOR = UUID(int=0)  # the account of what acts by itself: identity's SYSTEM
KEPT = timedelta(days=1)  # of lag by the minute
ALARMS_MAX = 200  # that stand at once: beyond that the ledger is not damaged but lost, and one alarm says so
TELL = "notify.tell_alarms"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit: `about` tells it from others of its kind; `row` and `index` say where."""

    kind: str
    about: str
    text: Text
    since: datetime
    index: int | None = None
    row: str = ""


def beat(*, lag_s: float, size: int, checked: int, doubts: Sequence[str] = (), now: datetime) -> None:
    """Say how far the ledger lies behind. A means, not an act: no ledger entry."""
    models.Beat.objects.update_or_create(
        id=1, defaults={"at": now, "lag_s": lag_s, "size": size, "checked": checked, "doubts": list(doubts)}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO watch_minute AS m (at, lag_s, size) VALUES (date_trunc('minute', %s::timestamptz), %s, %s)"
            " ON CONFLICT (at) DO UPDATE SET lag_s = greatest(m.lag_s, excluded.lag_s), size = excluded.size",
            [now, lag_s, size],
        )
        cursor.execute("DELETE FROM watch_minute WHERE at < %s", [now - KEPT])


@transaction.atomic
def raise_alarms(findings: Iterable[Finding], *, now: datetime) -> list[UUID]:
    """Open an alarm for each finding that has none standing and tell the inspectors on duty; return the new ones."""
    standing = set(models.Alarm.objects.filter(ended_at__isnull=True).values_list("kind", "about"))
    fresh: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.kind, finding.about[:200])
        if key in standing or key in fresh:
            continue
        if len(standing) + len(fresh) >= ALARMS_MAX:
            fresh.setdefault(("many", ""), _too_many(now))
            break
        fresh[key] = finding
    made = [
        _alarm(kind, about, finding, now) for (kind, about), finding in fresh.items() if (kind, about) not in standing
    ]
    models.Alarm.objects.bulk_create(made)
    _record("watch:alarm:raised", made, now)
    _tell(made)
    return [alarm.pk for alarm in made]


def _too_many(now: datetime) -> Finding:
    text = {
        "zh": f"同时存在的告警超过 {ALARMS_MAX} 条，其余不再逐条列出：请用 minjing ledger verify 核验全部条目。",
        "en": f"More than {ALARMS_MAX} alarms stand; the rest is not listed one by one. Run minjing ledger verify.",
    }
    return Finding("many", "", text, now)


def _alarm(kind: str, about: str, finding: Finding, now: datetime) -> models.Alarm:
    return models.Alarm(
        id=new_id(),
        kind=kind,
        about=about,
        text=dict(finding.text),
        index=finding.index,
        row=finding.row[:120],
        since=finding.since,
        raised_at=now,
    )


@transaction.atomic
def end_alarms(alarm_ids: Sequence[UUID], *, now: datetime) -> int:
    """Close standing alarms whose cause is gone; return how many."""
    if not alarm_ids:
        return 0
    ended = list(models.Alarm.objects.select_for_update().filter(pk__in=alarm_ids, ended_at__isnull=True))
    models.Alarm.objects.filter(pk__in=[alarm.pk for alarm in ended]).update(ended_at=now)
    _record("watch:alarm:ended", ended, now)
    return len(ended)


@transaction.atomic
def escalate(now: datetime) -> list[UUID]:
    """Tell the next ones and the administrators of each alarm that nobody took note of in 15 minutes, once."""
    waiting = models.Alarm.objects.select_for_update().filter(
        ended_at__isnull=True, acknowledged_at__isnull=True, escalated_at__isnull=True
    )
    late = [alarm for alarm in waiting if rules.is_unanswered(alarm.since, False, now)]
    models.Alarm.objects.filter(pk__in=[alarm.pk for alarm in late]).update(escalated_at=now)
    _record("watch:alarm:escalated", late, now)
    _tell(late)
    return [alarm.pk for alarm in late]


@transaction.atomic
def acknowledge(alarm_id: UUID, *, by: Watcher, now: datetime, note: str = "") -> None:
    """Record that an inspector has taken note of an alarm. Raises Refused without the act `watch`."""
    if not rules.holds(by, {rules.WATCH}):
        raise _refused("no_post")
    changed = models.Alarm.objects.filter(pk=alarm_id, acknowledged_at__isnull=True).update(
        acknowledged_by=by.account_id, acknowledged_at=now, note=note.strip()[:200]
    )
    if not changed:
        raise _refused("no_alarm")
    said = {"by": by.account_id, "alarm": alarm_id}
    ledger.append(ledger.entry("watch:alarm:acknowledged", said, at=now))


def _record(kind: str, alarms: Sequence[models.Alarm], now: datetime) -> None:
    said: list[dict[str, Any]] = [
        {"by": MONITOR, "alarm": a.pk, "kind": a.kind, "index": a.index, "since": a.since} for a in alarms
    ]
    ledger.append(*(ledger.entry(kind, what, at=now) for what in said))


def _tell(alarms: Sequence[models.Alarm]) -> None:
    """Leave a job for the worker, in this transaction: who is on duty is known above, and told from there."""
    if alarms:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('notify', %s, jsonb_build_object('alarm_ids', %s::text[]))",
                [TELL, [str(alarm.pk) for alarm in alarms]],
            )


@transaction.atomic
def ask_glass(reason: str, *, by: Watcher, now: datetime) -> UUID:
    """Ask that the record be opened for `by` although the ledger lies behind; another person must confirm it.

    The edge has checked the asker's own password. The same asked again waits once. Raises Refused without the act
    `look`, without a reason, or while records are open as usual.
    """
    if not rules.holds(by, {rules.LOOK}):
        raise _refused("no_post")
    if not rules.REASON_MIN <= len(reason.strip()) <= rules.REASON_MAX:
        raise _refused("reason")
    if not rules.is_closed(queries.behind_s(now)):
        raise _refused("not_closed")
    waiting = models.Glass.objects.filter(
        asked_by=by.account_id,
        reason=reason.strip(),
        confirmed_at__isnull=True,
        asked_at__gt=now - rules.GLASS_WAITS,
    ).first()
    if waiting is not None:
        return waiting.pk
    glass = models.Glass.objects.create(reason=reason.strip(), asked_by=by.account_id, asked_at=now)
    ledger.append(
        ledger.entry("watch:glass:asked", {"by": by.account_id, "glass": glass.pk, "why": glass.reason}, at=now)
    )
    return glass.pk


@transaction.atomic
def confirm_glass(glass_id: UUID, *, by: Watcher, now: datetime) -> datetime:
    """Open the record for the asker for an hour; return until when.

    The edge has checked the confirmer's own password. Raises Refused for the asker themself, without a post that
    may confirm, or when it lapsed or was confirmed already.
    """
    glass = models.Glass.objects.select_for_update().filter(pk=glass_id).first()
    if glass is None or glass.confirmed_at is not None:
        raise _refused("confirmed")
    why = rules.why_not_confirm(glass.asked_by, glass.asked_at, by, now)
    if why:
        raise _refused(why)
    glass.confirmed_by, glass.confirmed_at, glass.until = by.account_id, now, now + rules.GLASS_LASTS
    glass.save()
    said = {"by": by.account_id, "glass": glass.pk, "asked_by": glass.asked_by, "until": glass.until}
    ledger.append(ledger.entry("watch:glass:confirmed", said, at=now))
    return glass.until


def _refused(key: str) -> Refused:
    return Refused(key, WORDS[key])
