"""Bytes an entry, all told: its row and indexes, what the tables of the log add, and the public files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from bench import published
from bench.table import Row, at_most

ROWS = int(os.environ.get("ROWS") or 100_000)
PER_PERSON = 12  # entries about one person: a matter with its steps, looks and notices
ITEM_B = 4  # a page's pointer to a row
PAGE_B = 8192 - 24
HEAP = "SELECT pg_relation_size('ledger_outbox')"
GROWS = ("ledger_outbox", "ledger_erased", "ledger_bundle", "ledger_checkpoint")


def run(say: Callable[[str], None]) -> list[Row]:
    """Write entries as the parts write them, in an ordinary mixture, publish them, and weigh."""
    place = published.own_log()
    from minjing.base.clock import now
    from minjing.kernel.ledger import actions

    before = {name: _bytes(name) for name in GROWS}
    rows_before = _one(HEAP)
    for start in range(0, ROWS, 1000):
        actions.append(*_mixture(start, min(1000, ROWS - start)))
        actions.drain(now())
    database = {name: (_bytes(name) - before[name]) / ROWS for name in GROWS}
    mean_row = (_one(HEAP) - rows_before) / ROWS
    median = (
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY pg_column_size(o.*)) FROM ledger_outbox o WHERE seq > %s"
    )
    size = _one(median, _one("SELECT max(seq) FROM ledger_outbox") - ROWS)
    median_row = PAGE_B / (
        PAGE_B // (-(-size // 8) * 8 + ITEM_B)
    )  # rows are rounded to 8 bytes, pages hold whole ones
    staging = _one(
        "SELECT (pg_total_relation_size('ledger_tile') + pg_total_relation_size("
        " (SELECT reltoastrelid FROM pg_class WHERE relname = 'ledger_bundle')))::float / 1024"
    )
    paths = [file for file in Path(place / "ledger").rglob("*") if file.is_file()]
    files = sum(file.stat().st_size for file in paths) / published.size()
    blocks = sum(512 * file.stat().st_blocks for file in paths) / published.size()
    published.discard(place)
    mean = sum(database.values()) + files
    parts = ", ".join(f"{name} {size:.0f}" for name, size in database.items() if size >= 0.5)
    note = (
        f"{ROWS:,} entries, a checkpoint for each thousand: {parts} with indexes, public files {files:.0f}"
        f" ({blocks:.0f} in blocks of the disk); the median row takes {median_row:.0f}, the mean one {mean_row:.0f}."
        f" Not counted: {staging:,.0f} kB of staging, which does not grow with the log"
    )
    say(note)
    return [
        at_most("storage of the median entry, all told", mean - mean_row + median_row, 450, "bytes", note=note),
        at_most("storage of an entry on average, all told", mean, 450, "bytes"),
    ]


def _bytes(table: str) -> int:
    """Return what a table's rows and indexes take; bytes that are staged until they are published lie apart."""
    return int(_one("SELECT pg_relation_size(%s::regclass) + pg_indexes_size(%s::regclass)", table, table))


def _one(sql: str, *params: Any) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def _mixture(start: int, count: int) -> list[Any]:
    """Return entries as the engine, the look and the notice make them."""
    from minjing.base.clock import now
    from minjing.base.ids import new_id
    from minjing.kernel.ledger.actions import entry

    random = Random(start)
    step = {"seq": 3, "to": "recommended", "from": "submitted", "post": "station_clerk", "unit": 16}
    look = {
        "bound": True,
        "deputy_for": None,
        "fields": ["matters.form"],
        "reason": "matter",
        "unit": 16,
        "words": "",
    }
    sent = {"channel": "sms", "fault": "", "template": "submitted"}
    kinds = (
        *[(f"matters:matter:{action}", step) for action in ("submitted", "claim", "recommend", "claim", "approve")],
        *[("identity:person:looked", look | {"post": "station_clerk"})] * 3,
        ("notify:message:sent", sent),
    )
    made: list[Any] = []
    while len(made) < count:
        person, matter, officer = new_id(), new_id(), new_id()
        for _ in range(PER_PERSON):
            kind, what = random.choice(kinds)
            said = {**what, "matter": matter, "by": officer}
            if what is sent:
                said |= {"account": new_id(), "message": new_id()}
            made.append(entry(kind, said, at=now(), org_id=4, subject_id=person))
    return made[:count]
