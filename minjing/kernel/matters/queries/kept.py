"""Values that many ask for and that may be a little old."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock, Thread
from typing import Any, Generic, TypeVar, cast

from django.db import connection

T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is read again after `seconds`: for what changes by the day and is asked by the request."""

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read, self._seconds, self._until = read, seconds, 0.0
        self._value: T | None = None

    def get(self) -> T:
        """Return the value, at most `seconds` old."""
        if self._value is None or time.monotonic() > self._until:
            self._value, self._until = self._read(), time.monotonic() + self._seconds
        return self._value

    def forget(self) -> None:
        """Read again at the next call."""
        self._value = None


TOO_OLD = 20  # times as old as a figure should be: then nobody has asked for long, and whoever asks waits


class Figures:
    """Counts over very many rows: whoever asks has the last one at once, and it is counted anew behind their back.

    Without this the one request that finds a figure old pays for the count, and with several figures a page and
    many supervisors that is one request in twenty.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._counting: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, seconds: float, count: Callable[[], T]) -> T:
        """Return the figure `key`; one older than `seconds` is counted anew, by one thread at a time."""
        kept = self._kept.get(key)
        counting = self._counting.setdefault(key, Lock())
        if kept is None or _age(kept) > TOO_OLD * seconds:
            with counting:
                kept = self._kept.get(key)
                if kept is None or _age(kept) > seconds:  # nobody counted while this one waited
                    kept = self._kept[key] = (time.monotonic(), count())
        elif _age(kept) > seconds and counting.acquire(blocking=False):
            Thread(target=self._renew, args=(key, count, counting), daemon=True).start()
        return cast(T, kept[1])

    def forget(self) -> None:
        """Count anew at the next call."""
        self._kept.clear()

    def _renew(self, key: Hashable, count: Callable[[], T], counting: Lock) -> None:
        try:
            self._kept[key] = (time.monotonic(), count())
        finally:
            counting.release()
            connection.close()  # the thread's own; a figure that could not be counted stays as it was and grows old


def _age(kept: tuple[float, Any]) -> float:
    return time.monotonic() - kept[0]
