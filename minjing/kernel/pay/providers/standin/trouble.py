"""How a local gateway was told to misbehave: POST /admin {"trouble": name, …}; see docs of each name below."""

import random
import threading
from dataclasses import dataclass
from typing import Any

NAMES = {
    "down": "answer 502 to every call of the API (`value`: another status)",
    "slow": "answer the API after `value` seconds",
    "lose_answer": "do what the API was asked, then break the connection",
    "lose_notice": "do not send a notification this time; the schedule goes on",
    "repeat_notice": "send a notification `value` more times although it was taken",
    "delay_notice": "send a notification `value` seconds late",
    "reorder_notice": "send a notification 0 to `value` seconds late, by chance",
    "forge_notice": "before the notification send one with a signature of somebody else",
    "wrong_fen": "say an amount in the notification that is `value` too high",
    "capture_fen": "take `value` fen more than was ordered, and stand by it everywhere",
    "capture_late": "when a trade is closed: say so, then take the money after `value` seconds all the same",
    "refuse_payment": "refuse the payer's card",
    "pending_refund": "leave a refund pending for `value` seconds",
    "fail_refund": "let a refund fail after it was accepted",
    "extra_bill_row": "put a payment nobody made into the bill (its totals agree)",
    "drop_bill_row": "leave the last row out of the bill (its totals agree)",
    "wrong_bill_fen": "put an amount into the bill that is `value` too high (its totals agree)",
    "extra_refund_row": "put a refund nobody asked for into WeChat Pay's refund bill (its totals agree)",
    "drop_refund_row": "leave the last row out of the refund bill (its totals agree)",
    "wrong_refund_fen": "put an amount into the refund bill that is `value` too high (its totals agree)",
    "bad_refund_total": "let the totals of the refund bill disagree with its rows",
    "bad_bill_total": "let the totals of the bill disagree with its rows",
    "bad_bill_hash": "announce another hash than the bill has",
    "bill_rows": "put `value` more payments into the bill, for measuring",
}


@dataclass
class Order:
    """One trouble: for the next `times` occasions (−1: all), each with the chance `share`."""

    value: float
    times: int
    share: float


class Trouble:
    """The troubles in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}
        self._chance = random.Random(0)  # noqa: S311  a test's dice, to be thrown again

    def order(self, said: dict[str, Any]) -> None:
        """Put one in force: {"trouble": name, "times": 1, "share": 1.0, "value": 1, "seed": n}. Raises ValueError."""
        if said["trouble"] not in NAMES:
            raise ValueError(f"no such trouble; there are: {', '.join(NAMES)}")
        with self._lock:
            if "seed" in said:
                self._chance.seed(int(said["seed"]))
            self._orders[said["trouble"]] = Order(
                float(said.get("value", 1)), int(said.get("times", 1)), float(said.get("share", 1.0))
            )

    def take(self, name: str) -> float | None:
        """Return the value of the trouble if it befalls this occasion."""
        with self._lock:
            order = self._orders.get(name)
            if order is None or order.times == 0 or self._chance.random() >= order.share:
                return None
            order.times -= 1 if order.times > 0 else 0
            return order.value

    def some(self, most: float) -> float:
        """Return a number between 0 and `most`, by chance."""
        with self._lock:
            return self._chance.random() * most

    def clear(self) -> None:
        """Behave well from now on."""
        with self._lock:
            self._orders.clear()
