"""A limit on how often one token may ask: against a program that runs wild, not against guessing tokens.

Counted in the memory of each web process, so that a request costs no query for it: with n processes a token may ask
up to n times as often. Set by API_PER_MINUTE; 0 lifts it.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from threading import Lock

from minjing.kernel.identity.errors import TooMany

WINDOW_S = 60.0
MOST_TOKENS = 10_000  # remembered at a time; the one that has not asked for longest is forgotten first


class AskedTooOften(TooMany):
    """A token has asked more often than it may within a minute; `wait_s` says when it may again."""

    def __init__(self, wait_s: int, per_minute: int) -> None:
        super().__init__(wait_s)
        self.text = {
            "zh": f"这个令牌每分钟最多 {per_minute} 次请求，请 {wait_s} 秒后再试。",
            "en": f"This token may ask {per_minute} times a minute. Try again in {wait_s} s.",
        }


class Counter:
    """How often each token has asked since its minute began; tokens are known by their hash only."""

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._asked: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def count(self, token: str, per_minute: int, at: float) -> None:
        """Count one request at `at`, in seconds of a clock that never goes back; raise AskedTooOften."""
        if per_minute <= 0:
            return
        key = sha256(token.encode()).digest()
        with self._lock:
            since, asked = self._asked.pop(key, (at, 0))
            if at - since >= WINDOW_S:
                since, asked = at, 0
            self._asked[key] = since, asked + 1
            if len(self._asked) > self._most:
                self._asked.popitem(last=False)
        if asked >= per_minute:
            raise AskedTooOften(int(since + WINDOW_S - at) + 1, per_minute)

    def forget(self) -> None:
        """Begin anew for every token."""
        with self._lock:
            self._asked.clear()


requests = Counter()
