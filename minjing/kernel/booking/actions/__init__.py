"""Writing: booking and giving up, the hall, the waiting list, places and their capacity, upkeep."""

from minjing.kernel.booking.actions.asked import checked_services, own
from minjing.kernel.booking.actions.booking import book, cancel, confirm, hold, prolong_held, reschedule
from minjing.kernel.booking.actions.challenges import challenge, decide_challenge, read_challenge
from minjing.kernel.booking.actions.hall import arrive, call_next, finish, miss, recall, skip, take_ticket
from minjing.kernel.booking.actions.places import close_day, open_days, publish_terms, put_place, set_capacity
from minjing.kernel.booking.actions.upkeep import open_all_days, remind, sweep
from minjing.kernel.booking.actions.waiting import fill, leave_list, wait_for

__all__ = [
    "arrive",
    "book",
    "call_next",
    "cancel",
    "challenge",
    "checked_services",
    "close_day",
    "confirm",
    "decide_challenge",
    "fill",
    "finish",
    "hold",
    "leave_list",
    "miss",
    "open_all_days",
    "open_days",
    "own",
    "prolong_held",
    "publish_terms",
    "put_place",
    "read_challenge",
    "recall",
    "remind",
    "reschedule",
    "set_capacity",
    "skip",
    "sweep",
    "take_ticket",
    "wait_for",
]
