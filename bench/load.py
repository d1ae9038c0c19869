"""A load generator: raw sockets kept alive, one thread, in a process of its own.

`closed` keeps every connection busy; `paced` sends at fixed instants whatever the answers do, and counts the
waiting time of a request from the instant it was due (so that a stalled server cannot hide its stall).
"""

from __future__ import annotations

import pickle
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import house
from bench.table import percentile

PATIENCE_S = 20.0  # after its time an order waits this long for what is still under way


@dataclass
class Answers:
    """What came back: seconds each, by status; bodies of the first that were not expected."""

    took_s: float = 0.0
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    odd: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the answers a second."""
        return len(self.seconds) / self.took_s

    def ms(self, part: float) -> float:
        """Return the milliseconds within which `part` of the answers came."""
        return 1000 * percentile(self.seconds, part)


@dataclass
class Order:
    """What to send: whole requests as bytes, at a rate (0: as fast as the connections answer), for how long."""

    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    rate: float = 0.0
    expected: int = 200


def send(order: Order) -> Answers:
    """Carry out an order in a process of its own and return what came back."""
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(
        command,
        input=pickle.dumps(order),
        capture_output=True,
        cwd=house.ROOT,
        timeout=order.seconds + 90,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    answers: Answers = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    if set(answers.statuses) - {order.expected}:
        raise RuntimeError(f"unexpected answers {dict(answers.statuses)}: {answers.odd[:1]}")
    return answers


class Line:
    """One kept connection, and the answer that is coming in over it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since = 0.0
        self.head = ""  # of the answer that came last
        self._had = b""

    def ask(self, request: bytes, since: float) -> None:
        """Send a request; its time runs from `since`."""
        self.since, self._had = since, b""
        self.socket.sendall(request)

    def read(self) -> tuple[int, bytes] | None:
        """Return status and body once the answer is whole."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._had += piece
        head, found, body = self._had.partition(b"\r\n\r\n")
        if not found or not _is_whole(head.lower(), body):
            return None
        self.head = head.decode("latin-1")
        return int(head[9:12]), body


def _is_whole(head: bytes, body: bytes) -> bool:
    _, found, rest = head.partition(b"content-length:")
    if found:
        return len(body) >= int(rest.split(b"\r\n", 1)[0])
    return b"transfer-encoding: chunked" not in head or body.endswith(b"0\r\n\r\n")


def carry_out(order: Order) -> Answers:
    """Send until the time is over, then wait for what is still under way."""
    answers, selector = Answers(), selectors.DefaultSelector()
    lines = [Line(order.port) for _ in range(order.connections)]
    for line in lines:
        selector.register(line.socket, selectors.EVENT_READ, line)
    idle, busy, began = deque(lines), 0, time.perf_counter()
    due = _due(order, began)
    coming, waiting = next(due, None), deque[float]()
    queue = iter(order.requests)
    while (now := time.perf_counter()) < began + order.seconds + PATIENCE_S:
        while coming is not None and coming <= now:
            waiting.append(coming)
            coming = next(due, None)
        if not order.rate and now < began + order.seconds:
            waiting.extend([now] * len(idle))
        while waiting and idle:
            request = next(queue, None)
            if request is None:
                waiting.clear()
                coming = None
                break
            idle.popleft().ask(request, waiting.popleft())
            busy += 1
        if coming is None and not waiting and not busy:
            break
        for key, _ in selector.select(5.0 if coming is None else max(0.0, coming - time.perf_counter())):
            answer = key.data.read()
            if answer is None:
                continue
            busy -= 1
            idle.append(key.data)
            answers.seconds.append(time.perf_counter() - key.data.since)
            answers.statuses[answer[0]] += 1
            if answer[0] != order.expected and len(answers.odd) < 3:
                answers.odd.append(answer[1][:600])
    answers.took_s = time.perf_counter() - began
    answers.seconds += [PATIENCE_S] * (busy + len(waiting))  # never answered: as slow as can be
    return answers


def _due(order: Order, began: float) -> Iterator[float]:
    """Yield the instants at which requests are due; with no rate there are none, a free connection is enough."""
    for n in range(int(order.seconds * order.rate)):
        yield began + n / order.rate


if __name__ == "__main__":
    from bench import load as itself  # so that what is pickled has the module's name, not __main__

    sys.stdout.buffer.write(pickle.dumps(itself.carry_out(pickle.load(sys.stdin.buffer))))  # noqa: S301
