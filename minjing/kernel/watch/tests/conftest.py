"""Officers of the watch, and a process that has kept nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from minjing.kernel.watch import queries


@dataclass(frozen=True)
class Held:
    acts: frozenset[str]


@dataclass(frozen=True)
class Officer:
    account_id: UUID
    holdings: tuple[Held, ...]


INSPECTOR = Officer(UUID(int=71), (Held(frozenset({"supervise", "watch"})),))
CLERK = Officer(UUID(int=72), (Held(frozenset({"handle", "look"})),))
HEAD = Officer(UUID(int=73), (Held(frozenset({"decide", "look"})),))


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    queries.forget()
    yield
    queries.forget()
