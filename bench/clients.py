"""Clients in processes of their own that do one thing over and over for some seconds."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Mapping

from bench import house

WARM_UP = 30


def rate(kind: str, clients: int, seconds: float, environment: Mapping[str, str]) -> float:
    """Return how many steps a second all the clients of module `kind` do together, each step committed."""
    command = [sys.executable, "-m", "bench.clients", kind, str(seconds)]
    started = [
        subprocess.Popen(
            [*command, str(n)],
            env=dict(environment),
            cwd=house.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(clients)
    ]
    try:
        for client in started:
            if _line(client) != "ready":
                raise RuntimeError(f"a client of {kind} did not start")
        for client in started:
            _tell(client, "go")
        return sum(float(_line(client)) for client in started)
    finally:
        for client in started:
            client.kill()
            client.wait()


def _line(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    return client.stdout.readline().strip()


def _tell(client: subprocess.Popen[str], word: str) -> None:
    assert client.stdin is not None
    client.stdin.write(word + "\n")
    client.stdin.flush()


def main(kind: str, seconds: float, client: int) -> None:
    """Prepare, warm up, wait for the word, then count."""
    step = importlib.import_module(f"bench.{kind}").prepare(client)
    for _ in range(WARM_UP):
        step()
    print("ready", flush=True)
    sys.stdin.readline()
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        step()
        count += 1
    print(count / took, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
