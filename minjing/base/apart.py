"""Rows that are taken one after the other and have nothing to do with one another."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def apart(what: str, which: object) -> Iterator[None]:
    """Let one that breaks stop no other: its error is logged with what was to be done, and the next is taken."""
    try:
        yield
    except Exception:
        log.exception("%s: %s", what, which)
