"""What watch refuses, in words for people."""

from collections.abc import Mapping

Text = Mapping[str, str]


class WatchError(Exception):
    """A refusal that a person can read; `key` is stable, `text` is {zh, en}."""

    def __init__(self, key: str, text: Text) -> None:
        super().__init__(f"{key}: {text['en']}")
        self.key = key
        self.text = text


class Closed(WatchError):
    """The ledger lies too far behind: personal data is not opened."""


class Refused(WatchError):
    """The asker may not do this, or it no longer stands."""
