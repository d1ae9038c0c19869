"""Moving 100,000 running matters to a new version of their procedure: dry run, apply, undo."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.table import Row, at_most

MATTERS = 100_000
CODE = "HZ0301"
OLD, NEW = "recommended", "deciding"  # the new version calls a state otherwise


def run(say: Callable[[str], None]) -> list[Row]:
    """Publish a version with a renamed state, move everything, move it back, and compare."""
    import django

    django.setup()
    from bench.bulk import fill
    from minjing.base.clock import now
    from minjing.kernel.identity.actor import SYSTEM
    from minjing.kernel.matters import publishing, queries

    fill(MATTERS, MATTERS, residents=50, services={CODE: 1})
    old_id, body = queries.service(CODE)
    publishing.publish([renamed(body)], by=SYSTEM, now=now())
    queries.forget_kept()
    new_id, _ = queries.service(CODE)
    assert new_id != old_id
    first, second = _version(old_id), _version(new_id)
    before = _picture(old_id)
    say(f"{before[0]:,} matters run on version {first}")

    timed: dict[str, float] = {}

    def migrate(dry_run: bool) -> Any:
        began = time.perf_counter()
        done = publishing.migrate(CODE, first, second, {OLD: NEW}, by=SYSTEM, now=now(), dry_run=dry_run)
        timed["dry run" if dry_run else "apply"] = time.perf_counter() - began
        assert done.total == before[0], done
        return done

    migrate(True)
    assert _picture(old_id) == before
    applied = migrate(False)
    lost = before[0] - _picture(new_id)[0] + _picture(old_id)[0]
    say(f"dry run {timed['dry run']:.1f} s, apply {timed['apply']:.1f} s, {lost} lost")
    began = time.perf_counter()
    publishing.undo(applied.migration_id, by=SYSTEM, now=now())
    timed["undo"] = time.perf_counter() - began
    differing = 0 if _picture(old_id) == before else 1
    say(f"undo {timed['undo']:.1f} s, {'all as before' if not differing else 'NOT as before'}")
    both = timed["dry run"] + timed["apply"]
    note = (
        f"dry run {timed['dry run']:.2f} s, {before[0] / timed['apply']:,.0f} matters/s; undo {timed['undo']:.1f} s"
    )
    return [
        at_most("migration of 100,000 matters, dry run and apply", both, 60, "s", note=note),
        at_most("matters lost by the migration, or changed by its undo", lost + differing, 0, ""),
    ]


def renamed(body: Any) -> Any:
    """Return the procedure with one state under another name."""

    def again(value: Any) -> Any:
        if isinstance(value, dict):
            return {NEW if key == OLD else key: again(item) for key, item in value.items()}
        if isinstance(value, list):
            return [again(item) for item in value]
        return NEW if value == OLD else value

    data = body.model_dump(mode="json")
    return type(body).model_validate({**data, "flow": again(data["flow"])})


def _version(procedure_id: Any) -> int:
    from minjing.kernel.matters.models import Procedure

    return int(Procedure.objects.values_list("version", flat=True).get(id=procedure_id))


def _picture(procedure_id: Any) -> tuple[int, str]:
    """Return how many matters run on a version, and a hash of where each of them stands."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(md5(string_agg(concat_ws('|', id, state, post, unit_id, due_at, claimed_by),"
            " ',' ORDER BY id)), '') FROM matters_matter WHERE procedure_id = %s AND closed_at IS NULL",
            [procedure_id],
        )
        count, digest = cursor.fetchone()
    return int(count), str(digest)
