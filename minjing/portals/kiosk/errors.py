"""What can go wrong at a machine, as sentences for people."""

from minjing.kernel.matters.schema import Text


class KioskError(Exception):
    """A refusal with its sentence in both languages."""

    def __init__(self, key: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.key, self.text = key, Text(zh=zh, en=en)


class Unknown(KioskError):
    """There is no such machine, job or code: all look the same."""

    def __init__(self) -> None:
        super().__init__("unknown", "没有找到。", "Not found.")


class Ended(KioskError):
    """The visit is over: too long without a touch, or somebody else has been let in."""

    def __init__(self) -> None:
        super().__init__("ended", "这次操作已经结束。", "This visit is over.")


class Wrong(KioskError):
    """The input is wrong."""
