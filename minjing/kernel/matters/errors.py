"""What can go wrong with a matter, as sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minjing.kernel.matters.schema import Text

if TYPE_CHECKING:
    from minjing.kernel.matters.rules import Snapshot


class MatterError(Exception):
    """A refusal with its sentence in both languages; `key` is stable for programs."""

    def __init__(self, key: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.key = key
        self.text = Text(zh=zh, en=en)


class Unknown(MatterError):
    """There is no such matter, or it is not the asker's business: both look the same; or no such version."""

    def __init__(self, zh: str = "没有找到这件办件。", en: str = "There is no such matter.") -> None:
        super().__init__("unknown", zh, en)


class NotAllowed(MatterError):
    """The asker may not do this here and now; `needs` names the post or act that it would take."""

    def __init__(self, key: str, zh: str, en: str, needs: str = "") -> None:
        super().__init__(key, zh, en)
        self.needs = needs


class Stale(MatterError):
    """Somebody else acted first; `snapshot` is the matter as it is now."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(
            "stale",
            "这件办件刚刚有了新的进展，请查看最新状态后再操作。",
            "This matter has moved on since you opened it. Look at where it stands now.",
        )
        self.snapshot = snapshot


class Wrong(MatterError):
    """The input is wrong; `errors` says where, field by field."""

    def __init__(self, errors: dict[str, Text]) -> None:
        super().__init__("wrong", "请改正标出的内容。", "Please correct what is marked.")
        self.errors = errors
