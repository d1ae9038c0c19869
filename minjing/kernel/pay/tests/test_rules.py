"""States, amounts, numbers and times, pure."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from minjing.kernel.pay.rules import amounts, asking, captures, numbers, states
from minjing.kernel.pay.rules.amounts import Item, Waiver

GRAPHS = {"order": states.ORDER, "attempt": states.ATTEMPT, "refund": states.REFUND, "waiver": states.WAIVER}
WORDS = {"zh": "费", "en": "Fee"}


@pytest.mark.parametrize("name", GRAPHS)
def test_only_the_edges_of_the_graph_can_be_walked(name: str):
    graph = GRAPHS[name]
    for old, new in product(graph, graph):
        if new in graph[old]:
            assert states.move(graph, old, new) == new
        else:
            with pytest.raises(states.WrongMove):
                states.move(graph, old, new)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_state_of_a_graph_can_be_reached_and_leads_to_an_end(name: str):
    graph = GRAPHS[name]
    reached, ahead = set(), [next(iter(graph))] if name != "waiver" else ["proposed"]
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            ahead += graph[state]
    assert reached == set(graph)
    assert states.final(graph)


def test_a_captured_attempt_is_the_end_and_a_closed_one_is_not():
    """Money that comes after the gateway said closed is money."""
    assert states.ATTEMPT["captured"] == frozenset()
    assert states.ATTEMPT["closed"] == {"captured"}
    assert "captured" in states.ATTEMPT["failed"]


@pytest.mark.parametrize(
    ("state", "due", "asked", "taken", "role", "back", "cause"),
    [
        ("open", 100, 100, 100, "settles", 0, ""),
        ("open", 60, 100, 100, "settles", 40, "overpaid"),
        ("open", 100, 100, 99, "surplus", 99, "wrong_amount"),
        ("open", 100, 100, 101, "surplus", 101, "wrong_amount"),
        ("settled", 100, 100, 100, "surplus", 100, "double"),
        ("returned", 100, 100, 100, "surplus", 100, "double"),
        ("expired", 100, 100, 100, "surplus", 100, "late"),
        ("cancelled", 100, 100, 100, "surplus", 100, "late"),
    ],
)
def test_what_money_does_to_an_order(state, due, asked, taken, role, back, cause):
    said = captures.effect(state, due, asked, taken)
    assert (said.role, said.back_fen, said.cause) == (role, back, cause)


def test_of_two_waivers_the_larger_counts_and_fractions_are_waived():
    items = [Item("a", WORDS, 1_001), Item("b", WORDS, 500)]
    off = amounts.waived(items, [Waiver("half", WORDS, 50), Waiver("free_b", WORDS, 100, items=("b",))])
    assert off == {"half": 501, "free_b": 500}


def test_amounts_that_cannot_be_a_fee_are_refused():
    for wrong in ([Item("a", WORDS, -1)], [Item("a", WORDS, 10**9)], [Item("a", WORDS, 1), Item("a", WORDS, 1)]):
        with pytest.raises(ValueError, match=r"fee|name"):
            amounts.total(wrong)
    with pytest.raises(ValueError, match="cannot be waived"):
        amounts.waived([Item("a", WORDS, 1)], [Waiver("w", WORDS, 101)])


def test_bill_numbers_have_check_digits_that_find_a_wrong_digit():
    bill = numbers.bill_number("440300", 4, 2026, 123)
    assert bill[:16] == "4403042600000123"
    assert numbers.is_bill_number(bill)
    for place in range(18):
        other = bill[:place] + str((int(bill[place]) + 1) % 10) + bill[place + 1 :]
        assert not numbers.is_bill_number(other)
    assert numbers.grouped(bill).startswith("4403 04 26 00000123 ")


def test_numbers_for_gateways_keep_within_what_all_of_them_take():
    bill = numbers.bill_number("440300", 4, 2026, 99_999_999)
    for number in (numbers.attempt_number(bill, 99), numbers.refund_number(bill, 99)):
        assert 8 <= len(number) <= 32
        assert number.isalnum()
        assert number.isascii()
    assert numbers.attempt_number(bill, 1) != numbers.attempt_number(bill, 1)


def test_questions_come_later_and_later_but_never_stop():
    now = datetime(2026, 11, 27, tzinfo=UTC)
    waits = [asking.next_question(n, now) - now for n in range(30)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert asking.next_question(0, now, wait=timedelta(minutes=3)) - now == timedelta(minutes=3)
    assert asking.next_question(9, now, until=now + timedelta(minutes=1)) - now == timedelta(minutes=1)
