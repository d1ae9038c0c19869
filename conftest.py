"""Test set-up: an embedded PostgreSQL, keys and files in a folder of its own for each process that runs tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).parent
# A server each: the sequencer waits for every transaction of its server, also for those of another test's database.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
os.environ["DATA_DIR"] = str(Path(os.environ.get("TEST_DATA_DIR") or ROOT / "var" / "test") / WORKER)
Path(os.environ["DATA_DIR"]).mkdir(parents=True, exist_ok=True)
if not WORKER:  # what was given reaches the workers, who inherit this process's environment, under another name
    os.environ["GIVEN_DATABASE_URL"] = os.environ.get("DATABASE_URL", "")
os.environ["DATABASE_URL"] = os.environ["GIVEN_DATABASE_URL"].replace("{worker}", WORKER)
DEALS = "-n" in sys.argv and not WORKER
if DEALS:
    os.environ["DATABASE_URL"] = "postgresql:///"  # this process only deals out tests and asks no database
# Lets the tests empty the ledger's tables between them; elsewhere its triggers refuse that.
os.environ.setdefault("PGOPTIONS", "-c minjing.scratch=on")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")

from minjing.site import postgres  # noqa: E402 - the environment must be set before anything reads it

EMBEDDED = not os.environ["DATABASE_URL"]
postgres.ensure(Path(os.environ["DATA_DIR"]))

import django  # noqa: E402 - only now does the address of the database exist

django.setup()  # the conftest of a part may import its models
if DEALS:  # a worker that inherited the name would read the settings before it knows its own database
    del os.environ["DJANGO_SETTINGS_MODULE"]

from django.db import connection  # noqa: E402
from pytest_django.plugin import DjangoDbBlocker  # noqa: E402


@pytest.fixture(autouse=True)
def own_log(settings, tmp_path_factory):
    """Each test begins a log: its tables are empty, so the public folder and the guard must be too."""
    place = tmp_path_factory.getbasetemp() / "logs" / uuid4().hex
    settings.LEDGER_DIR, settings.LEDGER_GUARD = place / "ledger", place / "guard" / "ledger.guard"


@pytest.fixture(autouse=True)
def no_jobs_left(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Drop the jobs of a test that committed: what empties tables between tests knows only those of models."""
    yield
    mark = request.node.get_closest_marker("django_db")
    if (mark and mark.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Begin without jobs: a database used again keeps those of the last run's races, which no test empties."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        if EMBEDDED:  # what these tests write need not outlast the machine's power
            cursor.execute("ALTER SYSTEM SET fsync = off")
            cursor.execute("SELECT pg_reload_conf()")
