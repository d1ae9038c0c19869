"""Promises: whoever acts or looks gets at once, signed, that the entry will be in the log within a minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import transaction

from minjing.kernel.ledger.providers import journal
from minjing.kernel.ledger.providers.promise import origin, promise_signer
from minjing.kernel.ledger.rules.promise import LEAVES_MAX, Promise, promise_text

if TYPE_CHECKING:
    from minjing.kernel.ledger.actions.append import Entry


@dataclass(frozen=True)
class Promised:
    """A promise that was made, and the entries it is for in the order of its leaves."""

    entries: tuple[Entry, ...]

    @cached_property
    def words(self) -> str:
        """What is promised: for the journal at once, and to be signed."""
        return _words(origin(), self.entries)

    @cached_property
    def note(self) -> str:
        """The signed note, made when somebody takes it: Ed25519 gives the same bytes whenever it is asked."""
        return promise_signer().sign(self.words)


_kept: ContextVar[list[Promised] | None] = ContextVar("promises", default=None)


@contextmanager
def keeping() -> Iterator[list[Promised]]:
    """Collect the promises of what commits within this block: for the page or answer that hands them out."""
    kept: list[Promised] = []
    around = _kept.get()
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)
        if around is not None:
            around += kept


def promised(*entries: Entry) -> None:
    """Promise these entries, in the transaction that writes them.

    What is written together shares a note: a page that shows fifty people is one signature over fifty leaves. When
    the transaction has committed, and only then, the promises go to the journal and to whoever is `keeping` them;
    what is rolled back has been promised to nobody. The journal keeps the words, not the signature: it is ours, and
    whoever could forge a line in it lies beside the key. The signature is for whoever takes the promise away.
    """
    made = [Promised(entries[start : start + LEAVES_MAX]) for start in range(0, len(entries), LEAVES_MAX)]
    if made:
        transaction.on_commit(lambda: _committed(made))


def promise_of(*entries: Entry) -> str:
    """Return the signed promise of entries written together: the same bytes each time it is asked for."""
    return Promised(entries).note


def _words(log: str, entries: tuple[Entry, ...]) -> str:
    leaves = tuple(entry.leaf_hash for entry in entries)
    return promise_text(Promise(log, leaves, int(max(e.at for e in entries).timestamp())))


def _committed(made: list[Promised]) -> None:
    kept = _kept.get()
    for promise in made:
        journal.write(promise.words, [entry.id for entry in promise.entries], promise.entries[-1].at)
    if kept is not None:
        kept += made
