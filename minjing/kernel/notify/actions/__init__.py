"""Writing to notify: telling people, delivering, what they wish, where they are reached, letters."""

from minjing.kernel.notify.actions.addressing import ask_email, confirm_email, set_postal, subscribe
from minjing.kernel.notify.actions.bindings import bind_by_code, bind_wechat, end_address, give_code, give_up_address
from minjing.kernel.notify.actions.delivery import deliver, deliver_due, sweep
from minjing.kernel.notify.actions.letters import downloaded, make_batch, mark_posted, mark_printed, mark_returned
from minjing.kernel.notify.actions.reports import reported, reported_by_receipt
from minjing.kernel.notify.actions.telling import (
    CODE,
    QUEUE,
    RING,
    TASK,
    Telling,
    announce,
    mark_read,
    ring,
    rows,
    send_code,
    tell,
    tell_many,
    text_account,
    text_phone,
    together,
)
from minjing.kernel.notify.actions.wishing import choose, set_wishes

__all__ = [
    "CODE",
    "QUEUE",
    "RING",
    "TASK",
    "Telling",
    "announce",
    "ask_email",
    "bind_by_code",
    "bind_wechat",
    "choose",
    "confirm_email",
    "deliver",
    "deliver_due",
    "downloaded",
    "end_address",
    "give_code",
    "give_up_address",
    "make_batch",
    "mark_posted",
    "mark_printed",
    "mark_read",
    "mark_returned",
    "reported",
    "reported_by_receipt",
    "ring",
    "rows",
    "send_code",
    "set_postal",
    "set_wishes",
    "subscribe",
    "sweep",
    "tell",
    "tell_many",
    "text_account",
    "text_phone",
    "together",
]
