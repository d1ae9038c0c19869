"""Ports for what a test starts, outside the range from which the system gives ports to whoever calls out."""

import os
import random
import socket
from contextlib import ExitStack

# Below 32768, where Linux begins to lend ports to outgoing connections (ip_local_port_range): a port from there can
# be taken between the moment it was found free and the moment a process binds it, or while a house restarts.
FIRST, LAST = 15_000, 31_900
# Processes that run tests side by side each take a share of their own.
SHARES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1)
SHARE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def free_port(neighbours: int = 1) -> int:
    """Return the first of as many neighbouring free ports as are asked for."""
    chance = random.SystemRandom()
    for _ in range(200):
        port = FIRST + chance.randrange((LAST - FIRST) // SHARES) + SHARE * ((LAST - FIRST) // SHARES)
        with ExitStack() as held:
            try:
                for more in range(neighbours):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port + more))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no {neighbours} neighbouring ports are free")
