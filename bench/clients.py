"""Clients that do one thing over and over for some seconds, as the house's pages do: threads in a process a core."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from bench import house

WARM_UP = 30
PROCESSES = 2  # one for each core, as a server of pages has; more of them only push one another out of the caches


def rate(kind: str, clients: int, seconds: float, environment: Mapping[str, str], *, warm_up: int = WARM_UP) -> float:
    """Return how many steps a second all the clients of module `kind` do together, each step committed.

    Each client has a thread and a connection of its own.
    """
    command = [sys.executable, "-m", "bench.clients", kind, str(seconds), str(warm_up)]
    started = [
        subprocess.Popen(
            [*command, *map(str, range(n, clients, PROCESSES))],
            env=dict(environment),
            cwd=house.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(min(clients, PROCESSES))
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


def main(kind: str, seconds: float, warm_up: int, clients: list[int]) -> None:
    """Prepare, warm up, wait for the word, then count."""
    prepare = importlib.import_module(f"bench.{kind}").prepare
    ready, go, rates = threading.Barrier(len(clients) + 1), threading.Event(), []

    def client(number: int) -> None:
        try:
            step = prepare(number)
            for _ in range(warm_up):
                step()
            ready.wait()
            go.wait()
            rates.append(_counted(step, seconds))
        finally:
            ready.abort()  # a client that fails leaves none waiting for it

    threads = [threading.Thread(target=client, args=[number]) for number in clients]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    go.set()
    for thread in threads:
        thread.join()
    if len(rates) < len(clients):
        raise RuntimeError(f"a client of {kind} has failed")
    print(sum(rates), flush=True)


def _counted(step: Callable[[], None], seconds: float) -> float:
    count, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        step()
        count += 1
    return count / took


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), [int(number) for number in sys.argv[4:]])
