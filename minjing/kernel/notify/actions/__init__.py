"""Writing to notify: telling people, delivering, what they wish, where they are reached, letters."""

from minjing.kernel.notify.actions.delivery import deliver, sweep
from minjing.kernel.notify.actions.reports import reported
from minjing.kernel.notify.actions.telling import (
    CODE,
    QUEUE,
    TASK,
    announce,
    mark_read,
    rows,
    send_code,
    tell,
    text_phone,
)

__all__ = [
    "CODE",
    "QUEUE",
    "TASK",
    "announce",
    "deliver",
    "mark_read",
    "reported",
    "rows",
    "send_code",
    "sweep",
    "tell",
    "text_phone",
]
