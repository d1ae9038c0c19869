"""Values that change by the day and are asked for by the request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

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
