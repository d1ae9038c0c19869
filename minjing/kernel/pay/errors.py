"""What paying refuses, each with a sentence in both languages."""

from collections.abc import Mapping

Text = Mapping[str, str]


class PayError(Exception):
    """A refusal: `key` for machines, `text` for people."""

    def __init__(self, key: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.key = key
        self.text: Text = {"zh": zh, "en": en}


class Unknown(PayError):
    """There is no such order, or it is not the asker's business: both look the same."""

    def __init__(self) -> None:
        super().__init__("unknown", "没有找到这笔费用。", "No such payment was found.")


class NotAllowed(PayError):
    """The asker holds no post for this; `needs` names the act or post."""

    def __init__(self, key: str, zh: str, en: str, needs: str = "") -> None:
        super().__init__(key, zh, en)
        self.needs = needs


class NotOpen(PayError):
    """The order cannot be paid any more."""

    def __init__(self, state: str) -> None:
        words = {
            "settled": ("这笔费用已缴清，无需再付。", "This fee is paid; there is nothing left to pay."),
            "expired": ("缴费期限已过，不能再支付。", "The time to pay is over."),
            "cancelled": ("这笔费用已取消，无需支付。", "This fee was cancelled; nothing is to be paid."),
            "returned": ("这笔费用已全部退回。", "This fee was returned in full."),
        }
        super().__init__(f"not_open_{state}", *words.get(state, words["expired"]))
        self.state = state


class NoSuchChannel(PayError):
    """The way of paying is not offered here."""

    def __init__(self) -> None:
        super().__init__("no_such_channel", "请选择一种支付方式。", "Choose a way to pay.")


class ChannelRefused(PayError):
    """The gateway would not take the order; another way may."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            "channel_refused",
            "这种支付方式暂时不可用，没有扣款。请换一种方式。",
            "This way of paying does not work now; no money was taken. Please try another.",
        )
        self.fault = fault


class ChannelSilent(PayError):
    """The gateway did not answer; whether it took the order is not known, and is asked."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            "channel_silent",
            "支付平台没有回应。请稍后重试或换一种方式；如已扣款，系统会自动查明并处理，不会让您付两次。",
            "The payment service did not answer. Try again or another way; should money have been taken, the system "
            "finds it and sets it right: you will not pay twice.",
        )
        self.fault = fault


class TooManyAttempts(PayError):
    """More tries than a person makes."""

    def __init__(self) -> None:
        super().__init__(
            "too_many_attempts",
            "尝试次数过多，请 10 分钟后再试，或联系窗口。",
            "Too many tries. Please wait ten minutes, or ask at the counter.",
        )


class KeyReused(PayError):
    """The idempotency key has served another request."""

    def __init__(self) -> None:
        super().__init__(
            "key_reused",
            "这个请求编号已用于另一项操作，本次没有办理。请刷新页面后再试。",
            "This request number was used for something else; nothing was done now. Reload the page and try again.",
        )


class BeyondCapture(PayError):
    """More would go back than was taken."""

    def __init__(self, left_fen: int) -> None:
        yuan = f"¥{left_fen // 100:,}.{left_fen % 100:02d}"
        super().__init__(
            "beyond_capture",
            f"退款金额超过可退金额，最多还可退 {yuan}。",
            f"More than is left to give back; at most {yuan}.",
        )
        self.left_fen = left_fen


class Wrong(PayError):
    """An input that cannot stand; `field` says where."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(f"wrong_{field}", zh, en)
        self.field = field


class Stale(PayError):
    """Somebody else has acted meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "stale", "已有其他民警办理，请刷新查看。", "Somebody else has acted meanwhile. Reload to see it."
        )
