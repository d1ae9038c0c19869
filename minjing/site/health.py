"""GET /healthz: the state of each part, for the machine that watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.http import HttpRequest, JsonResponse

from minjing.base.clock import now

LAG_ALARM_S = 60.0  # the ledger publishes within seconds; a minute behind is an alarm


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is well, 503 when one is not; no part's trouble hides another's state."""
    checks: dict[str, Callable[[datetime], dict[str, Any]]] = {
        "database": _database,
        "ledger": _ledger,
        "monitor": _monitor,
        "jobs": _jobs,
        "catalogue": _catalogue,
    }
    at = now()
    states = {name: _state(check, at) for name, check in checks.items()}
    well = all(state["ok"] for state in states.values())
    return JsonResponse({"ok": well, "parts": states}, status=200 if well else 503)


def _state(check: Callable[[datetime], dict[str, Any]], at: datetime) -> dict[str, Any]:
    try:
        return check(at)
    except Exception as error:
        return {"ok": False, "error": type(error).__name__}


def _database(at: datetime) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        row = cursor.fetchone()
    return {"ok": True, "postgresql": row[0]}


def _ledger(at: datetime) -> dict[str, Any]:
    from minjing.kernel.ledger import queries

    head, lag = queries.head(), queries.lag_s(at)
    return {"ok": lag < LAG_ALARM_S, "size": head.size if head else 0, "lag_s": round(lag, 1)}


def _monitor(at: datetime) -> dict[str, Any]:
    """The monitor beats every two seconds; one that is silent for a minute watches nothing.

    Alarms are told here but make no 503: it would take the pages down over one altered row.
    """
    from minjing.kernel.watch import queries

    beat, (standing, unanswered) = queries.beat(), queries.alarm_counts()
    silent_s = None if beat is None else round((at - beat.at).total_seconds(), 1)
    return {
        "ok": silent_s is not None and silent_s < LAG_ALARM_S,
        "silent_s": silent_s,
        "lag_s": round(queries.behind_s(at), 1),
        "doubts": beat.doubts if beat else [],
        "alarms": standing,
        "unanswered": unanswered,
    }


def _jobs(at: datetime) -> dict[str, Any]:
    """A worker beats every ten seconds; jobs that wait longer than five minutes mean that none is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'),"
            " (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
            "  AND (scheduled_at IS NULL OR scheduled_at < now()))"
        )
        workers, waiting = cursor.fetchone()
    return {"ok": workers > 0 or waiting == 0, "workers": workers, "waiting": waiting}


def _catalogue(at: datetime) -> dict[str, Any]:
    from minjing.kernel.matters import queries

    services = len(queries.current())
    return {"ok": services > 0, "services": services}
