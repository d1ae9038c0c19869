"""What can go wrong on the way to a person."""

from collections.abc import Mapping
from datetime import datetime

Text = Mapping[str, str]
WORDS: Mapping[str, Text] = {
    "email": {
        "zh": "邮件地址不对，请检查，例如 name@example.com。",
        "en": "This is no e-mail address; it looks like name@example.com.",
    },
    "letter": {
        "zh": "请填写收信人（最多 30 个字）和完整地址（6 至 200 个字，最多 5 行）。",
        "en": "Give the name (at most 30 characters) and the whole address (6 to 200 characters, at most 5 lines).",
    },
    "push": {"zh": "这个浏览器不能接收推送。", "en": "This browser cannot be sent notices."},
    "push_many": {
        "zh": "接收推送的浏览器太多，请先解除一个。",
        "en": "Too many browsers are told; end one first.",
    },
    "quiet": {"zh": "请选择两个不同的时刻。", "en": "Choose two different times."},
}


class NotDelivered(Exception):
    """The provider did not take the notice this time; the job is run again at `retry_at`."""

    def __init__(self, fault: str, retry_at: datetime) -> None:
        super().__init__(fault)
        self.fault = fault
        self.retry_at = retry_at


class WrongAddress(Exception):
    """An address, or hours, that can be none; `field` says which: email, push, push_many, letter, quiet."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
        self.text = WORDS[field]
