"""What the house's own database backend reads and writes."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, connection, connections

pytestmark = pytest.mark.django_db(transaction=True)

SAID = (
    "2026-03-02 04:00:17.25+00",
    "1949-10-01 15:00:00.000001+08",
    "9999-12-31 23:59:59.999999+00",
    "0001-01-01 00:00:00+00",
)


def in_zone(name: str | None) -> None:
    connection.close()
    connection.settings_dict["TIME_ZONE"] = name
    for kept in ("timezone", "timezone_name"):
        connections[DEFAULT_DB_ALIAS].__dict__.pop(kept, None)


@pytest.fixture
def zone_of_the_session():
    yield
    in_zone(None)


def read(said: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [said])
        found: datetime = cursor.fetchone()[0]
        return found


@pytest.mark.parametrize("said", SAID)
def test_instants_are_read_to_the_microsecond_in_utc(said):
    found = read(said)
    assert found == datetime.fromisoformat(said)
    assert found.tzinfo is UTC


def test_instants_that_python_has_not_are_refused_in_words():
    for said in ("infinity", "10000-01-01Z", "0044-03-15 BC"):
        with pytest.raises(DataError):
            read(said)


def test_a_session_in_another_zone_is_read_in_that_zone(zone_of_the_session):
    in_zone("Asia/Shanghai")
    found = read(SAID[0])
    assert found == datetime.fromisoformat(SAID[0])
    assert found.utcoffset() == timedelta(hours=8)
    assert found.tzinfo in (ZoneInfo("Asia/Shanghai"), timezone(timedelta(hours=8)))
