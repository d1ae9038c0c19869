"""What can go wrong on the way to a person."""

from datetime import datetime


class NotDelivered(Exception):
    """The provider did not take the notice this time; the job is run again at `retry_at`."""

    def __init__(self, fault: str, retry_at: datetime) -> None:
        super().__init__(fault)
        self.fault = fault
        self.retry_at = retry_at
