"""Reading the watch: how far behind, what stands open, who may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db.models import F, Q, QuerySet

from minjing.kernel.ledger import queries as ledger
from minjing.kernel.ledger.providers.policy import policy
from minjing.kernel.ledger.rules.note import BadNote, opened
from minjing.kernel.watch import models, rules
from minjing.kernel.watch.errors import Closed
from minjing.kernel.watch.rules import Beat

FRESH_S = 3.0  # how long a process trusts the beat it has read: two beats of the monitor, and next to no queries


@dataclass(slots=True)
class _Kept:
    """The beat as this process last read it; `heard_at` is when it last was a newer one, by the monotonic clock."""

    beat: Beat | None = None
    read_at: float = float("-inf")
    heard_at: float = 0.0


_kept = _Kept()


def behind_s(now: datetime) -> float:
    """Return by how many seconds the ledger lies behind, as far as anyone can tell; costs a query every 3 s."""
    tick = monotonic()
    if tick - _kept.read_at >= FRESH_S:
        found = _read(now)
        if found != _kept.beat:
            _kept.heard_at = tick
        _kept.beat, _kept.read_at = found, tick
    if _kept.beat is None:
        return 0.0
    return rules.behind_s(_kept.beat, now, tick - _kept.heard_at)


def forget() -> None:
    """Let the next question read the beat anew, whatever this process has kept."""
    _kept.beat, _kept.read_at, _kept.heard_at = None, float("-inf"), monotonic()


def _read(now: datetime) -> Beat | None:
    row = models.Beat.objects.values_list("at", "lag_s").first()
    if row:
        return Beat(*row)
    # No monitor has ever run here, or its row was taken away: a ledger that signs is then asked itself.
    return Beat(now, ledger.lag_s(now)) if ledger.head() else None


def reads_open(account_id: UUID, now: datetime) -> UUID | None:
    """Return None when personal data may be read as usual, or the break-glass under which this account may.

    Raises Closed when the ledger lies an hour behind and no break-glass is open.
    """
    if not rules.is_closed(behind_s(now)):
        return None
    found = _open_glasses(now).filter(asked_by=account_id).first()
    if found is None:
        raise Closed("ledger_behind", rules.WORDS["ledger_behind"])
    return found.pk


def _open_glasses(now: datetime) -> QuerySet[models.Glass]:
    return models.Glass.objects.filter(confirmed_at__lte=now, until__gt=now)


def beat() -> models.Beat | None:
    """Return the monitor's last beat, None where it has never run."""
    return models.Beat.objects.first()


def minutes(since: datetime) -> list[models.Minute]:
    """Return the lag by the minute, oldest first; at most a day is kept."""
    return list(models.Minute.objects.filter(at__gte=since).order_by("at"))


def alarms(limit: int = 100) -> list[models.Alarm]:
    """Return the alarms that stand, those without a note first, then the newest."""
    standing = models.Alarm.objects.filter(ended_at__isnull=True)
    return list(standing.order_by(F("acknowledged_at").asc(nulls_first=True), "-raised_at")[:limit])


def standing() -> list[tuple[UUID, str, str]]:
    """Return id, kind and subject of every alarm that stands."""
    return list(models.Alarm.objects.filter(ended_at__isnull=True).values_list("pk", "kind", "about"))


def past_alarms(limit: int = 20) -> list[models.Alarm]:
    """Return the alarms that have ended, the newest first."""
    return list(models.Alarm.objects.filter(ended_at__isnull=False).order_by("-ended_at")[:limit])


def alarms_named(ids: Sequence[UUID]) -> list[models.Alarm]:
    """Return these alarms."""
    return list(models.Alarm.objects.filter(pk__in=ids))


def alarm_counts() -> tuple[int, int]:
    """Return how many alarms stand, and how many of them nobody has taken note of."""
    standing = models.Alarm.objects.filter(ended_at__isnull=True)
    return standing.count(), standing.filter(acknowledged_at__isnull=True).count()


def glasses(now: datetime, limit: int = 50) -> list[models.Glass]:
    """Return the break-glass wishes that wait, are open, or were asked for in the last week, the newest first."""
    recent = Q(asked_at__gt=now - timedelta(days=7)) | Q(until__gt=now)
    return list(models.Glass.objects.filter(recent).order_by("-asked_at")[:limit])


def glass_count(since: datetime, until: datetime) -> int:
    """Return how many times the glass was broken in that time; the public figure."""
    return models.Glass.objects.filter(confirmed_at__gte=since, confirmed_at__lt=until).count()


def cosigned_by(checkpoint_text: str) -> list[str]:
    """Return the witnesses of the city's policy whose cosignatures stand under a checkpoint."""
    known = policy()
    try:
        _, signed = opened(
            checkpoint_text, [log.verifier for log in known.logs] + [w.verifier for w in known.witnesses]
        )
    except BadNote:
        return []
    return [witness.name for witness in known.witnesses if witness.verifier in signed]
