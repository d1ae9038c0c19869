"""What can go wrong on the way to a person."""

from datetime import datetime


class NotDelivered(Exception):
    """The provider did not take the notice this time; the job is run again at `retry_at`."""

    def __init__(self, fault: str, retry_at: datetime) -> None:
        super().__init__(fault)
        self.fault = fault
        self.retry_at = retry_at


class WrongAddress(Exception):
    """An address that cannot be one; `field` says which: email, push, push_many, letter."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
