"""What can go wrong when people ask for something: each error carries its words in both languages."""

from collections.abc import Mapping

Text = Mapping[str, str]


class IdentityError(Exception):
    """A refusal that a person can read; `key` is stable, `text` is {zh, en}."""

    def __init__(self, key: str, text: Text) -> None:
        super().__init__(f"{key}: {text['en']}")
        self.key = key
        self.text = text


class NotAllowed(IdentityError):
    """The actor may not do this, here, now."""


class Stale(NotAllowed):
    """The actor might have done this before: it has moved on since they looked."""


class Unknown(IdentityError):
    """Nothing is there, or nothing that the asker may know of: both look the same."""

    def __init__(self, key: str = "unknown", text: Text | None = None) -> None:
        super().__init__(key, text or {"zh": "没有找到，或与您无关。", "en": "Not found, or not yours to see."})


class Wrong(IdentityError):
    """What was typed is wrong; `field` names where."""

    def __init__(self, key: str, text: Text, field: str = "") -> None:
        super().__init__(key, text)
        self.field = field


class Erased(IdentityError):
    """The key of this person is gone: what was sealed under it says nothing any more."""

    def __init__(self) -> None:
        super().__init__("erased", {"zh": "该人员的数据已删除。", "en": "This person's data has been erased."})


class TooMany(IdentityError):
    """Asked too often; `wait_s` says how long to wait."""

    def __init__(self, wait_s: int) -> None:
        minutes = max(1, -(-wait_s // 60))
        super().__init__(
            "too_many",
            {
                "zh": f"操作太频繁，请 {minutes} 分钟后再试。",
                "en": f"Too many attempts. Please try again in {minutes} minutes.",
            },
        )
        self.wait_s = wait_s
