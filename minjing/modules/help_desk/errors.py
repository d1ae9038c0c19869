"""What can go wrong at the help desk, as sentences for people."""

from minjing.kernel.matters.schema import Text


class DeskError(Exception):
    """A refusal with its sentence in both languages; `field` says where on the page."""

    def __init__(self, key: str, zh: str, en: str, field: str = "") -> None:
        super().__init__(en)
        self.key, self.field = key, field
        self.text = Text(zh=zh, en=en)


class Unknown(DeskError):
    """There is no such question or article, or the code is not its own: both look the same."""

    def __init__(self) -> None:
        super().__init__(
            "unknown", "编号或查询码不对，请核对。", "Number or code is not right; please check.", "code"
        )


class Wrong(DeskError):
    """The input is wrong."""


class NotAllowed(DeskError):
    """The asker may not do this here and now."""
