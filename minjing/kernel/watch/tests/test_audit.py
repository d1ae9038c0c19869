"""Acts beside entries: every difference is named, in private and in public."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.ledger.rules.tiles import bundle, bundle_path, unbundle
from minjing.kernel.watch import outsider
from minjing.kernel.watch.audit import Count, audit, day_span
from minjing.kernel.watch.replay import Record
from minjing.kernel.watch.tests.published import NOW, published, tamper

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = Record(
    name="watch_test_act",
    kinds=("watch:act:",),
    besides=("watch:act:rated",),
    counts="""
        SELECT (at AT TIME ZONE %(zone)s)::date, 'watch:act:done', count(*) FROM watch_test_act
        WHERE at >= %(since)s AND at < %(until)s GROUP BY 1, 2
    """,
)
DAY = timedelta(days=1)


@pytest.fixture
def acts(tmp_path: Path, settings):
    """Three hundred acts on two days, each with a row and an entry, and five looks that have no row."""
    settings.DATA_DIR, settings.LEDGER_POLICY = tmp_path, tmp_path / "keys" / "policy.txt"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS watch_test_act")
        cursor.execute("CREATE TABLE watch_test_act (at timestamptz)")
        for number in range(300):
            at = NOW - DAY * (number % 2)
            append(entry("watch:act:done", {"n": number}, at=at))
            cursor.execute("INSERT INTO watch_test_act VALUES (%s)", [at])
        append(*(entry("identity:person:looked", {"n": n}, at=NOW) for n in range(5)))
    published()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE watch_test_act")


def counted(*, by_month: bool = False) -> list[Count]:
    read = outsider.folder(Path(settings.LEDGER_DIR))
    size = int((read("checkpoint") or b"").split(b"\n")[1])
    return audit([KEPT], read, size, *day_span(date(2026, 11, 1), date(2026, 11, 30)), by_month=by_month)


def test_a_sound_ledger_agrees_by_day_and_by_month(acts) -> None:
    assert [(c.period, c.kind, c.acts, c.entries, c.public) for c in counted()] == [
        ("2026-11-23", "watch:act:done", 150, 150, 150),
        ("2026-11-24", "identity:person:looked", None, 5, 5),
        ("2026-11-24", "watch:act:done", 150, 150, 150),
    ]
    assert [(c.period, c.acts, c.entries) for c in counted(by_month=True) if c.acts] == [("2026-11", 300, 300)]
    assert all(count.agrees for count in counted())


def test_what_waits_to_be_published_is_no_difference(acts) -> None:
    append(entry("identity:person:looked", {"n": 6}, at=NOW))
    assert all(count.agrees for count in counted())
    assert ("identity:person:looked", 6, 6) in [(c.kind, c.entries, c.public) for c in counted()]


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("INSERT INTO watch_test_act VALUES ('2026-11-24T02:00Z')", ("watch:act:done", 151, 150, 150)),
        ("DELETE FROM watch_test_act WHERE ctid = (SELECT max(ctid) FROM watch_test_act)", None),
        (
            "DELETE FROM ledger_outbox WHERE id = (SELECT id FROM ledger_outbox WHERE kind = 'identity:person:looked'"
            " LIMIT 1)",
            ("identity:person:looked", None, 4, 5),
        ),
        (
            "UPDATE ledger_outbox SET kind = 'watch:act:rated' WHERE id = (SELECT id FROM ledger_outbox"
            " WHERE kind = 'identity:person:looked' LIMIT 1)",
            ("watch:act:rated", None, 1, 0),
        ),
    ],
)
def test_a_difference_is_named(acts, sql: str, named) -> None:
    tamper(sql)
    wrong = [(c.kind, c.acts, c.entries, c.public) for c in counted() if not c.agrees]
    assert wrong
    assert named is None or named in wrong


def test_an_entry_that_is_missing_in_public_is_named(acts) -> None:
    path = Path(settings.LEDGER_DIR) / bundle_path(0)
    path.write_bytes(bundle(unbundle(path.read_bytes())[:-1]))
    assert [c.entries - c.public for c in counted() if not c.agrees] == [1]
