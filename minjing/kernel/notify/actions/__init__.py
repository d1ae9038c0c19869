"""Writing to notify: telling people, delivering, what they wish, where they are reached, letters."""

from minjing.kernel.notify.actions.bindings import bind_by_code, bind_wechat, end_address, give_code, give_up_address
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
from minjing.kernel.notify.actions.wishing import set_wishes

__all__ = [
    "CODE",
    "QUEUE",
    "TASK",
    "announce",
    "bind_by_code",
    "bind_wechat",
    "deliver",
    "end_address",
    "give_code",
    "give_up_address",
    "mark_read",
    "reported",
    "rows",
    "send_code",
    "set_wishes",
    "sweep",
    "tell",
    "text_phone",
]
