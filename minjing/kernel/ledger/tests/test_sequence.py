"""The sequencer on a real database: nothing skipped, nothing twice, nothing signed in doubt."""

from collections.abc import Iterator
from threading import Event, Thread

import psycopg
import pytest
from django.db import connection, transaction

from minjing.kernel.ledger import actions, queries
from minjing.kernel.ledger.actions import Doubt, drain, entry, sequence, sequence_once
from minjing.kernel.ledger.models import Checkpoint, State, Tile
from minjing.kernel.ledger.providers import folder, guard
from minjing.kernel.ledger.providers.keys import signer
from minjing.kernel.ledger.rules import tree
from minjing.kernel.ledger.rules.note import open_note, parse_claim
from minjing.kernel.ledger.tests.acts import NOW, acts, in_order, tamper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator["psycopg.Connection[object]"]:
    """A second connection to the same database: another officer's request."""
    params = connection.get_connection_params()
    own = {k: v for k, v in params.items() if k in ("dbname", "host", "port", "user", "password") and v}
    with psycopg.connect(**own) as second:
        yield second


def insert_by(second: "psycopg.Connection[object]", made: actions.Entry) -> None:
    second.execute(
        "INSERT INTO ledger_outbox (id, kind, org_id, at, salt, payload) VALUES (%s,%s,%s,%s,%s,%s)",
        [made.id, made.kind, made.org_id, made.at, made.salt, made.payload],
    )


def test_entries_get_contiguous_indices_in_the_order_of_their_acts_and_a_signed_head() -> None:
    first, second = acts(300), acts(5)
    assert drain(NOW) == 305
    assert in_order() == [made.id for made in first + second]
    assert [queries.index_of(made.id) for made in (first[0], first[255], first[256], second[4])] == [0, 255, 256, 304]
    leaves = [made.leaf_hash for made in first + second]
    claim = parse_claim(open_note(Checkpoint.objects.get().note, [signer().verifier]))
    assert (claim.size, claim.root) == (305, tree.root(leaves))
    assert claim.origin == "localhost/ledger"
    assert {(t.level, t.n, t.width) for t in Tile.objects.all()} == {(0, 0, 256), (0, 1, 49), (1, 0, 1)}


def test_many_small_batches_and_one_large_give_the_same_tree() -> None:
    leaves = [made.leaf_hash for made in acts(700)]
    while sequence_once(NOW, limit=37) or State.objects.get().size < 700:
        pass
    assert bytes(State.objects.get().root) == tree.root(leaves)
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))
    assert sizes[-1] == 700
    assert all(bytes(c.root) == tree.root(leaves[: c.size]) for c in Checkpoint.objects.all())


def test_an_entry_of_a_slow_transaction_is_not_skipped(other: "psycopg.Connection[object]") -> None:
    slow = entry("a:b:slow", {}, at=NOW)
    insert_by(other, slow)  # it has an earlier number and is not committed
    fast = acts(3)
    assert sequence_once(NOW) == 0, "nothing may overtake a transaction that is still open"
    other.commit()
    assert drain(NOW) == 4
    assert in_order() == [slow.id, *(f.id for f in fast)]


def test_an_entry_of_an_aborted_transaction_holds_nothing_up(other: "psycopg.Connection[object]") -> None:
    insert_by(other, entry("a:b:slow", {}, at=NOW))
    acts(2)
    other.rollback()
    assert drain(NOW) == 2


def test_two_sequencers_at_once_do_the_work_once(other: "psycopg.Connection[object]") -> None:
    acts(10)
    other.execute("SELECT pg_advisory_xact_lock(%s)", [0x6C656467])
    assert sequence_once(NOW) == 0
    other.rollback()
    assert drain(NOW) == 10


def test_nothing_is_signed_when_an_entry_changed_between_writing_and_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    acts(4)
    with monkeypatch.context() as broken:
        broken.setattr(sequence, "STEPS", sequence.STEPS[:2])
        drain(NOW)
    tamper("UPDATE ledger_bundle SET entries = overlay(entries PLACING '\\x7a' FROM 9)")
    with pytest.raises(Doubt, match="read back"):
        sequence_once(NOW)
    assert folder.read("checkpoint") is None
    assert guard.read() is None


def test_a_state_set_back_below_a_signed_head_is_refused() -> None:
    acts(4)
    drain(NOW)
    tamper("UPDATE ledger_state SET size = 3")
    with pytest.raises(Doubt, match="older"):
        sequence_once(NOW)


def test_a_lost_state_row_is_refused() -> None:
    acts(4)
    drain(NOW)
    tamper("DELETE FROM ledger_state")
    with pytest.raises(Doubt, match="gone"):
        sequence_once(NOW)


def test_a_dump_restored_in_another_cluster_is_refused_until_adopted() -> None:
    first = acts(4)
    drain(NOW)
    late = acts(2)
    tamper("UPDATE ledger_outbox SET xid = (xid::text::numeric + 1e12)::text::xid8")
    tamper("UPDATE ledger_state SET cut_xid = (cut_xid::text::numeric + 1e12)::text::xid8")
    with pytest.raises(Doubt, match="adopt"):
        sequence_once(NOW)
    newest = acts(1)
    assert actions.adopt(NOW) == 3
    assert drain(NOW) == 3
    assert in_order() == [made.id for made in (*first, *late, *newest)]


@pytest.fixture
def loop() -> Iterator[Thread]:
    stop = Event()
    thread = Thread(target=actions.run_sequencer, args=[stop])
    thread.start()
    yield thread
    stop.set()
    thread.join(10)
    assert not thread.is_alive(), "it stops when told"


def signed_within(size: int, seconds: int = 30) -> bool:
    waited = Event()
    for _ in range(seconds * 10):
        if Checkpoint.objects.filter(size=size).exists():
            return True
        waited.wait(0.1)
    return False


def test_the_loop_signs_what_acts_write(loop: Thread) -> None:
    acts(3)
    assert signed_within(3)


def test_the_loop_survives_a_killed_connection(loop: Thread) -> None:
    acts(3)
    assert signed_within(3)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        assert cursor.fetchone()[0] >= 1
    acts(2)
    assert signed_within(5)


@pytest.mark.parametrize(
    "table", ["ledger_outbox", "ledger_bundle", "ledger_tile", "ledger_state", "ledger_checkpoint"]
)
def test_the_database_refuses_to_drop_what_is_in_the_log(table: str) -> None:
    acts(4)
    drain(NOW)
    with pytest.raises(Exception, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def test_the_key_is_readable_by_its_owner_alone(settings: object, tmp_path: object) -> None:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    made = signer()
    assert (tmp_path / "keys" / "ledger.key").stat().st_mode & 0o777 == 0o600  # type: ignore[operator]
    assert signer() == made


@pytest.fixture
def standby_away(other: "psycopg.Connection[object]") -> Iterator["psycopg.Connection[object]"]:
    """A server that waits for a standby which is not there, and a connection that can call a waiter off."""
    other.autocommit = True
    other.execute("ALTER SYSTEM SET synchronous_standby_names = 'away'")
    other.execute("SELECT pg_reload_conf()")
    try:
        yield other
    finally:
        other.execute("ALTER SYSTEM RESET synchronous_standby_names")
        other.execute("SELECT pg_reload_conf()")


def test_nothing_is_signed_that_no_standby_confirmed(standby_away: "psycopg.Connection[object]") -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = local")  # for what is not the sequencer's
        acts(3)
        cursor.execute("SELECT pg_backend_pid()")
        waiting = cursor.fetchone()[0]
    done = Event()

    def call_off() -> None:
        """Do what a restart for a lost standby does: let the commit go without it."""
        while not done.wait(0.1):
            standby_away.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'SyncRep'",
                [waiting],
            )

    calling = Thread(target=call_off)
    calling.start()
    try:
        with pytest.raises(Doubt, match="standby did not confirm"):
            sequence_once(NOW)
    finally:
        done.set()
        calling.join(5)
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
    assert not any(checkpoint.note for checkpoint in Checkpoint.objects.all()), "a head that may be lost was signed"
    assert folder.read("checkpoint") is None
