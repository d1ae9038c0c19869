"""Test set-up: one embedded PostgreSQL for the run, keys and files in a folder of its own."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).parent
os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR") or str(ROOT / "var" / "test")
Path(os.environ["DATA_DIR"]).mkdir(parents=True, exist_ok=True)
# Lets the tests empty the ledger's tables between them; elsewhere its triggers refuse that.
os.environ.setdefault("PGOPTIONS", "-c minjing.scratch=on")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minjing.site.settings")

from minjing.site import postgres  # noqa: E402 - the environment must be set before anything reads it

postgres.ensure(Path(os.environ["DATA_DIR"]))

import django  # noqa: E402 - only now does the address of the database exist

django.setup()  # the conftest of a part may import its models

from django.db import connection  # noqa: E402
from pytest_django.plugin import DjangoDbBlocker  # noqa: E402


@pytest.fixture(autouse=True)
def own_log(settings, tmp_path_factory):
    """Each test begins a log: its tables are empty, so the public folder and the guard must be too."""
    place = tmp_path_factory.getbasetemp() / "logs" / uuid4().hex
    settings.LEDGER_DIR, settings.LEDGER_GUARD = place / "ledger", place / "guard" / "ledger.guard"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Begin without jobs: a database used again keeps those of the last run's races, which no test empties."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
