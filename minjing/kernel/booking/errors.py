"""What can go wrong with a visit, as sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

Text = Mapping[str, str]


class BookingError(Exception):
    """A refusal with its sentence in both languages; `key` is stable for programs."""

    def __init__(self, key: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.key = key
        self.text: Text = {"zh": zh, "en": en}


class Unknown(BookingError):
    """There is no such place or visit, or it is not the asker's business: both look the same."""

    def __init__(self) -> None:
        super().__init__("unknown", "没有找到这次预约。", "There is no such visit.")


class NotAllowed(BookingError):
    """The asker may not do this here and now; `needs` names the act that it would take."""

    def __init__(self, key: str, zh: str, en: str, needs: str = "") -> None:
        super().__init__(key, zh, en)
        self.needs = needs


class Full(BookingError):
    """There is no room at that time any more."""

    def __init__(self) -> None:
        super().__init__(
            "full",
            "这个时段刚刚约满了。请选择其他时段，或加入候补。",
            "This time has just been taken. Choose another one, or join the waiting list.",
        )


class Closed(BookingError):
    """The place does not receive anybody then: a day off, a closed day, outside opening hours, or too far ahead."""

    def __init__(self) -> None:
        super().__init__(
            "closed",
            "这一天或这个时段不对外办理。请选择列表中的日期和时段。",
            "The place is not open then. Choose one of the days and times of the list.",
        )


class Past(BookingError):
    """The time is over."""

    def __init__(self) -> None:
        super().__init__("past", "这个时段已经开始或已过。请选择以后的时段。", "This time has begun or is over.")


class AlreadyBooked(BookingError):
    """One visit a person, service and day."""

    def __init__(self) -> None:
        super().__init__(
            "already_booked",
            "您当天已有同一事项的预约。每人每天每个事项只能预约一次，可以在「我的预约」中改约。",
            "You have a visit for this service on that day already. One a day is possible; change it under "
            "“My visits”.",
        )


class Paused(BookingError):
    """Too many visits were missed: online booking rests, the hall does not."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__("paused", zh, en)


class HoldOver(BookingError):
    """The time to confirm is over and the place was let go."""

    def __init__(self) -> None:
        super().__init__(
            "hold_over",
            "为您保留的时段已超时释放。请重新选择时段，已填的内容都在。",
            "The time we kept for you has run out. Choose a time again; what you filled in is still there.",
        )


class Stale(BookingError):
    """The visit is not any more as the asker saw it."""

    def __init__(self) -> None:
        super().__init__(
            "stale",
            "这次预约刚刚有了变化，请查看最新状态后再操作。",
            "This visit has changed since you opened it. Look at where it stands now.",
        )


class Reused(BookingError):
    """The number of this request was used for something else."""

    def __init__(self) -> None:
        super().__init__(
            "request_reused",
            "这个请求编号已用于另一项操作，本次没有办理。请刷新页面后再试。",
            "This request number was used for something else; nothing was done now. Reload the page and try again.",
        )


class NobodyWaits(BookingError):
    """The queue is empty."""

    def __init__(self) -> None:
        super().__init__("nobody_waits", "现在没有等候的号。", "Nobody is waiting.")


class Wrong(BookingError):
    """The input is wrong; `errors` says where, field by field."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__("wrong", "请改正标出的内容。", "Please correct what is marked.")
        self.errors = errors
