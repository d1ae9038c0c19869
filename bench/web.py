"""The pages under granian as `minjing web` serves them, for benchmarks over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench import house
from minjing.site import processes
from tests.ports import free_port

WORKERS = 2


@contextmanager
def served(application: str = "minjing.site.wsgi:application", **more: str) -> Iterator[int]:
    """Serve an application on a free port while the block runs; yield the port."""
    port = free_port()
    code = f"from minjing.site import serving; serving.serve({port}, {WORKERS}, {application!r})"
    command = [sys.executable, "-c", code]
    server = subprocess.Popen(command, env={**os.environ, **more}, cwd=house.ROOT)
    try:
        processes.wait_until_served(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def request(method: str, path: str, headers: Mapping[str, str], body: Any = None) -> bytes:
    """Return a whole HTTP/1.1 request."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content
