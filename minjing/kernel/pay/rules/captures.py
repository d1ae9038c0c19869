"""What money that was taken does to its order: it settles it, or it goes back."""

from dataclasses import dataclass

SETTLES, SURPLUS = "settles", "surplus"

# Why money goes back by itself. `officer` and `withdrawn` are refunds that somebody asks for.
DOUBLE, LATE, WRONG_AMOUNT, OVERPAID = "double", "late", "wrong_amount", "overpaid"
AUTOMATIC = (DOUBLE, LATE, WRONG_AMOUNT, OVERPAID, "withdrawn")


@dataclass(frozen=True, slots=True)
class Effect:
    """What a capture does: its role, how much of it goes back at once, and why."""

    role: str
    back_fen: int = 0
    cause: str = ""


def effect(order_state: str, due_fen: int, asked_fen: int, taken_fen: int) -> Effect:
    """Return what `taken_fen` does to an order of which `due_fen` is due, where `asked_fen` was asked for.

    Money that was not asked for in this amount settles nothing: it goes back whole, and somebody looks into it.
    What is due may have fallen since it was asked for (a waiver was granted): then the rest goes back.
    """
    if order_state in ("settled", "returned"):
        return Effect(SURPLUS, taken_fen, DOUBLE)
    if order_state != "open":
        return Effect(SURPLUS, taken_fen, LATE)
    if taken_fen != asked_fen or taken_fen < due_fen:
        return Effect(SURPLUS, taken_fen, WRONG_AMOUNT)
    over = taken_fen - due_fen
    return Effect(SETTLES, over, OVERPAID if over else "")
