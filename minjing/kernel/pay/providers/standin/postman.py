"""Tells the merchant, again and again by the provider's schedule, until it says that it knows."""

import heapq
import http.client
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from minjing.kernel.pay.providers.standin.books import Books, Notice

log = logging.getLogger(__name__)
CARRIERS = 4
PATIENCE_S = 5.0  # WeChat Pay's own limit for an answer; the others wait a little longer


class Postman:
    """A queue by due time and a few carriers. `carry` delivers once and returns whether it was taken."""

    def __init__(
        self, books: Books, schedule: Sequence[float], scale: float, carry: Callable[[Notice], bool]
    ) -> None:
        self._books, self._schedule, self._scale, self._carry = books, schedule, scale, carry
        self._queue: list[tuple[float, int, Notice]] = []
        self._turn = itertools.count()
        self._wake = threading.Condition()
        for notice in books.notices.values():  # what was due when the gateway was killed is due still
            if notice.state == "due":
                self._push(notice, notice.next_at)
        for number in range(CARRIERS):
            threading.Thread(target=self._work, name=f"postman-{number}", daemon=True).start()

    def post(self, notice: Notice, late_s: float = 0.0) -> None:
        """Take a notice; the first try is now, or `late_s` later. It is in the books before this returns."""
        notice.next_at = time.time() + late_s
        self._books.keep(notice)
        self._push(notice, notice.next_at)

    def hurry(self) -> int:
        """Let all that wait for their next try be tried now; return how many."""
        with self._wake:
            waiting, self._queue = self._queue, []
            for _, turn, notice in waiting:
                heapq.heappush(self._queue, (0.0, turn, notice))
            self._wake.notify_all()
            return len(waiting)

    def _push(self, notice: Notice, due: float) -> None:
        with self._wake:
            heapq.heappush(self._queue, (due, next(self._turn), notice))
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._queue or self._queue[0][0] > time.time():
                    wait = self._queue[0][0] - time.time() if self._queue else None
                    self._wake.wait(None if wait is None else max(wait, 0.001))
                notice = heapq.heappop(self._queue)[2]
            try:
                taken = self._carry(notice)
            except Exception:  # a carrier outlives whatever one notice does to it
                log.exception("a notice could not be carried")
                taken = False
            self._after(notice, taken)

    def _after(self, notice: Notice, taken: bool) -> None:
        notice.tries += 1
        if taken:
            notice.state = "taken"
        elif notice.tries > len(self._schedule):
            notice.state = "given_up"
        else:
            notice.next_at = time.time() + self._schedule[notice.tries - 1] * self._scale
            self._push(notice, notice.next_at)
        self._books.keep(notice)


def post(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """POST to the merchant and return status and body; (0, b"") when there is no answer. Follows no redirect."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_S)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target or "/", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(10_000)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        return 0, b""
