"""Serving the pages: granian, several processes forked from one that has loaded them, one address."""

import multiprocessing
import os
from importlib import import_module
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

PAGES = "minjing.site.wsgi:application"
# A process's, for pages: they wait for the database, not for each other; but each has a server process of PostgreSQL
# whose working set pushes the others' out of the caches (docs/performance.md).
THREADS = 3


def load(application: str = PAGES) -> Any:
    """Load an application and return it: who forks afterwards shares what it takes with its forks."""
    module, _, name = application.partition(":")
    return getattr(import_module(module), name)


def serve(port: int, processes: int, application: str = PAGES) -> None:
    """Serve an application on `port` until the process is told to stop."""
    loaded = load(application)
    multiprocessing.set_start_method("fork", force=True)  # the only way that shares what was loaded
    Server(
        application,
        address=os.environ.get("HOST") or "127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=THREADS,
        backlog=2048,
        workers_kill_timeout=10,
        respawn_failed_workers=True,
        log_access=False,
        log_level=LogLevels.warning,
        process_name="minjing web",
    ).serve(target_loader=lambda: loaded, wrap_loader=False)
