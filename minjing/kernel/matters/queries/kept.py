"""Values that many ask for and that may be a little old."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
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
        """Return the value, at most `seconds` old; one that has not changed stays the same object."""
        kept = self._value  # another thread may forget it meanwhile
        if kept is None or time.monotonic() > self._until:
            value = self._read()
            if kept != value:
                kept = value
            self._value, self._until = kept, time.monotonic() + self._seconds
        return kept

    def forget(self) -> None:
        """Read again at the next call."""
        self._value = None


# A figure is kept at least so many times as long as its count took: no count keeps a core busy more than a hundredth.
COUNTS_KEPT = 100
TOO_OLD = 20  # times as old as a figure should be: then nobody has asked for long, and whoever asks waits


class Figures:
    """Counts over very many rows: whoever asks has the last one at once, and it is counted anew behind their back.

    Without this the one request that finds a figure old pays for the count, and with several figures a page and
    many supervisors that is one request in twenty.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Figure] = {}
        self._counting: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, seconds: float, count: Callable[[], T]) -> T:
        """Return the figure `key`; one older than `seconds` is counted anew, by one thread at a time."""
        kept = self._kept.get(key)
        counting = self._counting.setdefault(key, Lock())
        if kept is None or kept.age > TOO_OLD * kept.good_for(seconds):
            with counting:
                kept = self._kept.get(key)
                if kept is None or kept.age > kept.good_for(seconds):  # nobody counted while this one waited
                    kept = self._kept[key] = _counted(count)
        elif kept.age > kept.good_for(seconds) and counting.acquire(blocking=False):
            Thread(target=self._renew, args=(key, count, counting), daemon=True).start()
        return cast(T, kept.value)

    def forget(self) -> None:
        """Count anew at the next call."""
        self._kept.clear()

    def _renew(self, key: Hashable, count: Callable[[], T], counting: Lock) -> None:
        try:
            with connection.cursor() as cursor:  # behind the reader's back one core is enough
                cursor.execute("SET max_parallel_workers_per_gather = 0")
            self._kept[key] = _counted(count)
        finally:
            counting.release()
            connection.close()  # the thread's own; a figure that could not be counted stays as it was and grows old


@dataclass(frozen=True, slots=True)
class _Figure:
    value: Any
    at: float  # when its count began, by the monotonic clock
    took: float  # seconds

    @property
    def age(self) -> float:
        return time.monotonic() - self.at

    def good_for(self, seconds: float) -> float:
        return max(seconds, COUNTS_KEPT * self.took)


def _counted(count: Callable[[], Any]) -> _Figure:
    began = time.monotonic()
    value = count()
    return _Figure(value, began, time.monotonic() - began)
