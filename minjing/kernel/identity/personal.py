"""The declaration of personal fields; it lies in `base` so that the ledger, below identity, can declare too."""

from minjing.base.personal import INTERNAL, PERSONAL, PUBLIC, SENSITIVE, Personal

__all__ = ["INTERNAL", "PERSONAL", "PUBLIC", "SENSITIVE", "Personal"]
