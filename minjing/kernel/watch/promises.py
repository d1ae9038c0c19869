"""Promises against the public log: what was promised to somebody and does not stand there within a minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from minjing.kernel.ledger.providers import journal
from minjing.kernel.ledger.rules.note import BadNote
from minjing.kernel.ledger.rules.promise import WITHIN_S, Promise, parse_promise

RECENT = 65_536  # leaves kept for promises that are written down after their entry was published: some megabytes
PENDING_MAX = 100_000  # promises waited for at once; beyond it the journals are read on later
BYTES_A_ROUND = 4 << 20  # of journals


@dataclass(frozen=True, slots=True)
class Owed:
    """An entry that was promised: from when its minute counts, its id, in which journal it is written down."""

    at: float  # seconds since 1970: when it was promised or, for what lay there before we came, when we read it
    entry_id: UUID | None
    journal: str


@dataclass(slots=True)
class Promises:
    """What is still waited for, and how far each journal was read."""

    offsets: dict[str, int] = field(default_factory=dict)
    pending: dict[bytes, Owed] = field(default_factory=dict)
    recent: deque[bytes] = field(default_factory=lambda: deque(maxlen=RECENT))
    recent_set: set[bytes] = field(default_factory=set)
    foreign: list[tuple[str, int]] = field(default_factory=list)  # journal and offset of what is no promise of ours

    def published(self, leaves: Iterable[bytes]) -> None:
        """Take note of leaves that now stand in the public log."""
        for leaf in leaves:
            if self.pending.pop(leaf, None) is None:
                if len(self.recent) == RECENT:
                    self.recent_set.discard(self.recent[0])
                self.recent.append(leaf)
                self.recent_set.add(leaf)

    def read(self, journals: Sequence[Path], origin: str, now_s: float) -> None:
        """Read on in the journals of the log `origin`, as far as there is room."""
        left = BYTES_A_ROUND
        for path in journals:
            while left > 0 and len(self.pending) < PENDING_MAX:
                start = self.offsets.get(path.name, 0)
                lines, end = journal.read(path, start, min(left, 1 << 20))
                self.offsets[path.name] = end
                left -= end - start
                for line in lines:
                    self._promise((path.name, start), line, origin, now_s)
                if end == start:
                    break
        self.offsets = {path.name: self.offsets.get(path.name, 0) for path in journals}

    def _promise(self, where: tuple[str, int], line: journal.Line, origin: str, now_s: float) -> None:
        promise = _promise_in(line.words)
        if promise is None or promise.origin != origin:
            self.foreign.append(where)
            return
        for place, leaf in enumerate(promise.leaves):
            if leaf not in self.recent_set:
                entry_id = line.entries[place] if place < len(line.entries) else None
                self.pending[leaf] = Owed(max(promise.at, now_s), entry_id, where[0])

    def broken(self, now_s: float, stands: Callable[[bytes], bool]) -> list[tuple[bytes, Owed]]:
        """Return the promises that are a minute old and not kept; `stands` looks the leaf up in the whole log."""
        late = [(leaf, owed) for leaf, owed in self.pending.items() if now_s - owed.at >= WITHIN_S]
        for leaf, _ in late:
            if stands(leaf):
                del self.pending[leaf]
        return [(leaf, owed) for leaf, owed in late if leaf in self.pending]


def _promise_in(words: str) -> Promise | None:
    try:
        return parse_promise(words)
    except BadNote:
        return None


def to_json(promises: Promises) -> dict[str, Any]:
    """Return what must outlive the process: how far the journals were read, and what is waited for."""
    return {
        "offsets": promises.offsets,
        "pending": [
            [leaf.hex(), owed.at, str(owed.entry_id or ""), owed.journal] for leaf, owed in promises.pending.items()
        ],
    }


def from_json(kept: Mapping[str, Any]) -> Promises:
    """Return what `to_json` gave."""
    pending = {
        bytes.fromhex(leaf): Owed(at, UUID(entry_id) if entry_id else None, name)
        for leaf, at, entry_id, name in kept["pending"]
    }
    return Promises(offsets=dict(kept["offsets"]), pending=pending)
