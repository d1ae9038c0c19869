"""The drill on a small ledger of its own: every way that its tables allow is found, and nothing real is touched."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.watch import models
from minjing.kernel.watch.drill import SCHEMA, WAYS, NotSound, drill
from minjing.kernel.watch.replay import Record
from minjing.kernel.watch.tests.published import NOW, published, tamper

pytestmark = pytest.mark.django_db(transaction=True)
# What a part above says of its tables; they are empty here.
STEPS = Record(
    name="matters_matter",
    ids="SELECT id FROM matters_matter WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
    newest="SELECT id FROM matters_matter ORDER BY id DESC LIMIT %(limit)s",
    copies={"matters_matter": "id = ANY(%(keys)s)", "matters_matterevent": "matter_id = ANY(%(keys)s)"},
)
OF_RECORDS = {
    "edits a step of a matter",
    "back-dates a step of a matter",
    "deletes a step of a matter",
    "writes a step past the ledger",
    "moves a matter past its procedure",
    "swaps a paper",
}


@pytest.fixture
def log(tmp_path: Path, settings) -> Path:
    settings.DATA_DIR, settings.LEDGER_POLICY = tmp_path, tmp_path / "keys" / "policy.txt"
    for number in range(300):
        append(entry("watch:drill:made", {"n": number, "by": None}, at=NOW))
    published()
    return Path(settings.LEDGER_DIR)


def rows() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_outbox ORDER BY xid, seq")
        return cursor.fetchall()


def test_every_way_is_found_and_nothing_real_is_touched(log: Path) -> None:
    before, files = rows(), {path: path.read_bytes() for path in log.rglob("*") if path.is_file()}
    outcomes = drill(log, [], NOW)
    assert len(outcomes) == len(WAYS) == 32
    assert {o.way for o in outcomes if not o.found} == OF_RECORDS
    assert all(o.skipped for o in outcomes if not o.found)
    assert rows() == before
    assert {path: path.read_bytes() for path in log.rglob("*") if path.is_file()} == files
    assert not models.Alarm.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [SCHEMA])
        assert cursor.fetchone() == (0,)
        cursor.execute("SHOW search_path")
        assert "public" in cursor.fetchone()[0]


def test_without_rows_a_way_is_said_to_be_untried(log: Path) -> None:
    outcomes = {o.way: o for o in drill(log, [STEPS], NOW)}
    assert outcomes["edits a step of a matter"].skipped == "the copy holds no such row"
    assert outcomes["swaps a paper"].skipped == "the copy holds no such table"


def test_rows_older_than_the_copied_bundles_bring_their_entries_along(log: Path, monkeypatch) -> None:
    """The log outgrows what is copied while the rows do not: their entries stand before the first copied bundle."""
    monkeypatch.setattr("minjing.kernel.watch.drill.BUNDLES", 1)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE drill_act AS SELECT id, id AS entry_id FROM ledger_outbox ORDER BY seq LIMIT 3")
    acts = Record(
        name="drill_act",
        ids="SELECT id FROM drill_act WHERE id > %(after)s ORDER BY id LIMIT %(limit)s",
        newest="SELECT id FROM drill_act ORDER BY id DESC LIMIT %(limit)s",
        rows="SELECT entry_id, id, 'drill_act', NULL, '{}' FROM drill_act WHERE id = ANY(%(keys)s)",
        copies={"drill_act": "id = ANY(%(keys)s)"},
    )
    try:
        assert all(o.found for o in drill(log, [acts], NOW) if o.way not in OF_RECORDS)
    finally:
        tamper("DROP TABLE drill_act")


def test_a_ledger_that_does_not_fit_is_not_drilled_on(log: Path) -> None:
    tamper("UPDATE ledger_outbox SET at = at - interval '1 day' WHERE seq = (SELECT max(seq) FROM ledger_outbox)")
    with pytest.raises(NotSound, match="altered"):
        drill(log, [], NOW)


def test_without_a_log_there_is_nothing_to_drill_on(tmp_path: Path) -> None:
    with pytest.raises(NotSound, match="start the sequencer"):
        drill(Path(settings.LEDGER_DIR), [], NOW)
