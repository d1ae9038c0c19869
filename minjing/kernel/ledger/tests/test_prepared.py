"""Statements that PostgreSQL keeps planned: values, rows, errors, transactions, and a connection that ends."""

import gc
import weakref
from datetime import UTC, datetime
from threading import Thread
from uuid import UUID

import pytest
from django.db import (
    DataError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from minjing.kernel.ledger import prepared
from minjing.kernel.ledger.prepared import numbered, prepared_cursor

NOON = datetime(2026, 3, 2, 4, 0, 17, 250, tzinfo=UTC)
LAN = UUID("01900000-0000-7000-8000-00000000001a")

pytestmark = pytest.mark.django_db(transaction=True)


def asked(text: str, params: object = ()) -> list[tuple[object, ...]]:
    with prepared_cursor() as cursor:
        cursor.execute(text, params)
        rows: list[tuple[object, ...]] = cursor.fetchall()
        assert cursor.fetchone() == (rows[0] if rows else None)
        return rows


def plans() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time, name")
        return [text for (text,) in cursor.fetchall()]


@pytest.fixture
def fresh() -> None:
    connection.close()


def test_a_name_is_one_value_and_a_bare_mark_is_the_next() -> None:
    assert numbered("SELECT %(a)s, %(b)s, %(a)s, 7 %% 2") == (
        prepared.Statement(b"SELECT $1, $2, $1, 7 % 2", ("a", "b"))
    )
    assert numbered("SELECT %s, %s LIKE 'a%%'") == prepared.Statement(b"SELECT $1, $2 LIKE 'a%'", ())


def test_values_and_rows_are_as_pythons() -> None:
    said = {
        "id": LAN,
        "at": NOON,
        "n": 7,
        "text": "粤·𬭎 %s",
        "bytes": b"\x00%(a)s",
        "json": Jsonb({"a": [1]}),
        "no": None,
    }
    text = (
        "SELECT %(id)s::uuid, %(at)s::timestamptz, %(n)s::int, %(text)s::text, %(bytes)s::bytea,"
        " %(json)s::jsonb -> 'a' -> 0, %(no)s::text"
    )
    assert asked(text, said) == [(LAN, NOON, 7, "粤·𬭎 %s", b"\x00%(a)s", "1", None)]
    assert asked("SELECT n, %s::text FROM generate_series(1, 3) AS n", ["x"]) == [(1, "x"), (2, "x"), (3, "x")]
    assert asked("SELECT 1 WHERE false") == []


def test_a_statement_is_planned_once_a_connection_and_anew_for_other_types(fresh: None) -> None:
    for value in (1, 2, 3):
        assert asked("SELECT %s + 1", [value]) == [(value + 1,)]
    assert plans() == ["SELECT $1 + 1"]
    assert asked("SELECT %s + 1", [2**40]) == [(2**40 + 1,)]
    assert plans() == ["SELECT $1 + 1"] * 2
    connection.close()
    assert asked("SELECT %s + 1", [4]) == [(5,)]
    assert plans() == ["SELECT $1 + 1"]


def test_the_oldest_plan_goes_when_there_are_too_many(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "KEPT_MAX", 2)
    for number in (1, 2, 3, 1):
        assert asked(f"SELECT {number}") == [(number,)]
    assert plans() == ["SELECT 3", "SELECT 1"]


def test_errors_are_djangos_with_the_servers_words_behind_them() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE once (n int CONSTRAINT only_once PRIMARY KEY)")
    asked("INSERT INTO once VALUES (%s)", [1])
    with pytest.raises(IntegrityError) as caught:
        asked("INSERT INTO once VALUES (%s)", [1])
    assert isinstance(caught.value.__cause__, UniqueViolation)
    assert caught.value.__cause__.diag.constraint_name == "only_once"
    with pytest.raises(DataError):
        asked("SELECT 1 / %s", [0])
    assert asked("SELECT count(*) FROM once") == [(1,)]


def test_within_a_transaction_all_is_undone_together_and_plans_outlive_it(fresh: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept (n int)")

    def keep(n: int, then: str = "SELECT 1") -> None:
        with transaction.atomic():
            asked("INSERT INTO kept VALUES (%s)", [n])
            asked(then)

    with pytest.raises(DataError):
        keep(1, "SELECT 1 / 0")
    with transaction.atomic():
        keep(2)
        with pytest.raises(DataError):
            keep(3, "SELECT 1 / 0")
        keep(4)
    assert asked("SELECT n FROM kept ORDER BY n") == [(2,), (4,)]
    assert plans().count("INSERT INTO kept VALUES ($1)") == 1


def test_a_broken_transaction_takes_no_more() -> None:
    with transaction.atomic():
        with pytest.raises(DataError):
            asked("SELECT 1 / %s", [0])
        with pytest.raises(InternalError):
            asked("SELECT 1")
        transaction.set_rollback(True)


def test_a_server_that_has_gone_is_said_and_found_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        asked("SELECT 1")
    with pytest.raises(OperationalError):
        asked("SELECT 1")
    connection.close_if_unusable_or_obsolete()
    assert asked("SELECT 1") == [(1,)]


def test_what_is_asked_can_be_read_in_the_log_of_queries() -> None:
    with CaptureQueriesContext(connection) as seen:
        asked("SELECT %(n)s::int", {"n": 7})
    assert [query["sql"] for query in seen.captured_queries] == ["SELECT $1::int"]


def test_a_plan_that_the_server_has_no_more_is_made_anew(fresh: None) -> None:
    assert asked("SELECT %s + 1", [1]) == [(2,)]
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    assert asked("SELECT %s + 1", [1]) == [(2,)]
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    with transaction.atomic():
        with pytest.raises(ProgrammingError):
            asked("SELECT %s + 1", [1])
        transaction.set_rollback(True)
    with transaction.atomic():
        assert asked("SELECT %s + 1", [1]) == [(2,)]


def test_a_plan_outlives_a_change_of_its_table(fresh: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept AS SELECT 1::int AS n")
        assert asked("SELECT n FROM kept") == [(1,)]
        cursor.execute("ALTER TABLE kept ALTER n TYPE text")
        assert asked("SELECT n FROM kept") == [("1",)]
        cursor.execute("DROP TABLE kept")


def test_the_connection_of_a_thread_that_ends_ends_with_it() -> None:
    left: list[weakref.ref[object]] = []

    def once() -> None:
        asked("SELECT 1")
        left.append(weakref.ref(connection.connection))

    thread = Thread(target=once)
    thread.start()
    thread.join()
    gc.collect()
    assert left[0]() is None
