"""The states of orders, attempts and refunds, and from which to which each may go: the graph is data.

`move` is the only way from one state to another; a test walks every edge and every missing one.
"""

from collections.abc import Mapping

Graph = Mapping[str, frozenset[str]]


class WrongMove(Exception):
    """A change of state that the graph does not have."""


class OrderState:
    """What a fee is: open until paid, waived, given up or out of time."""

    OPEN, SETTLED, EXPIRED, CANCELLED, RETURNED = "open", "settled", "expired", "cancelled", "returned"


ORDER: Graph = {
    "open": frozenset({"settled", "expired", "cancelled"}),  # waits for the payer
    "settled": frozenset({"returned"}),  # paid in full, or nothing is due any more
    "expired": frozenset(),  # every attempt is closed for certain; what still comes is given back
    "cancelled": frozenset(),  # the matter was withdrawn before it was paid
    "returned": frozenset(),  # every fen that was taken has gone back
}


class AttemptState:
    """One try to pay through one channel."""

    NEW, OPEN, FAILED, CLOSED, CAPTURED = "new", "open", "failed", "closed", "captured"


ATTEMPT: Graph = {
    "new": frozenset({"open", "failed", "closed", "captured"}),  # written down; the gateway may or may not know it
    "open": frozenset({"failed", "closed", "captured"}),  # the payer was sent to the gateway
    # We or the payer believe that it failed. Failed is not final: it is asked about until the gateway has closed it.
    "failed": frozenset({"closed", "captured"}),
    "closed": frozenset(
        {"captured"}
    ),  # the gateway said that no money can come; money that comes all the same is money
    "captured": frozenset(),  # money was taken, and stays taken: what goes back is a refund
}


class RefundState:
    """Money on its way back."""

    PROPOSED, DUE, PENDING, DONE, FAILED, REJECTED = "proposed", "due", "pending", "done", "failed", "rejected"


REFUND: Graph = {
    "proposed": frozenset({"due", "rejected"}),  # an officer asks; another one decides
    "due": frozenset({"pending", "done", "failed"}),  # to be sent to the gateway, again and again under one number
    "pending": frozenset(
        {"due", "done", "failed"}
    ),  # the gateway has it; `due` again if it says it knows nothing of it
    "done": frozenset(),
    "failed": frozenset(),  # certain that nothing went back; a difference is open until an officer finds another way
    "rejected": frozenset(),
}


class WaiverState:
    """What is not asked for after all."""

    GRANTED, PROPOSED, REFUSED = "granted", "proposed", "refused"


WAIVER: Graph = {
    "granted": frozenset(),  # by the rule of the service at the opening, or by a second officer
    "proposed": frozenset({"granted", "refused"}),
    "refused": frozenset(),
}

UNFINISHED_ATTEMPTS = ("new", "open", "failed")
UNFINISHED_REFUNDS = ("due", "pending")
# Refunds that have a claim on a capture: what is neither refused nor failed.
CLAIMING_REFUNDS = ("proposed", "due", "pending", "done")


def move(graph: Graph, old: str, new: str) -> str:
    """Return `new` if the graph leads there from `old`. Raises WrongMove."""
    if new not in graph[old]:
        raise WrongMove(f"{old} → {new}")
    return new


def final(graph: Graph) -> list[str]:
    """Return the states that lead nowhere."""
    return [state for state, ahead in graph.items() if not ahead]
