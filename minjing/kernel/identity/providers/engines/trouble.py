"""What a picture cannot be read for, as a key that the asking side turns into a sentence."""

from typing import Any


class Trouble(Exception):
    """The request is answered with the key of what is wrong."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.said = {"trouble": key, **facts}
