"""Works that only the tests of the reading process ask for: one that hangs, one that tries to get out."""

import socket
import subprocess
import time


def sleep(facts, _pictures):
    """Hang as an engine might."""
    time.sleep(facts["s"])
    return {}


def way_out(_facts, _pictures):
    """Try what an engine that was taken over would try; name what was refused."""
    tries = {
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "getaddrinfo": lambda: socket.getaddrinfo("localhost", 80),
        "Popen": lambda: subprocess.run(["/bin/true"], check=True),
        "write": lambda: _write(),
    }
    refused = []
    for name, attempt in tries.items():
        try:
            attempt()
        except (PermissionError, OSError):
            refused.append(name)
    return {"refused": refused}


def _write():
    with open("/tmp/minjing-reading-leak", "wb") as handle:  # noqa: S108 - must fail
        handle.write(b"x")


WORKS = {"sleep": sleep, "way_out": way_out}
