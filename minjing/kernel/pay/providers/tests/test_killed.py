"""A gateway that is killed forgets no payment that it confirmed, and tells of it when it is back."""

import shutil

import pytest

from minjing.kernel.pay.providers.standin.books import Books, Notice, Refund, Trade
from minjing.kernel.pay.providers.tests.conftest import attempt, channel, start


@pytest.mark.parametrize("name", ["wechat_native", "alipay_wap", "unionpay"])
def test_a_killed_gateway_remembers_and_tells(name, keys, merchant, browser):
    house = name.partition("_")[0]
    folder = keys.parent / f"killed-{house}"
    shutil.copytree(keys / house, folder / house)
    process, (gateway,) = start(folder, (house,), scale=0.0001)
    one = channel(name, {house: gateway})
    merchant.answer = (500, b"")
    numbers = []
    for _ in range(5):
        asked = attempt(merchant)
        browser.press(browser.open(one.begin(asked), gateway), "pay")
        numbers.append(asked)
    process.kill()
    process.wait(5)
    with (folder / house / "books.jsonl").open("ab") as file:  # as a kill within a write leaves it
        file.write(b'{"is":"Trade","no":"half')
    while not merchant.box.empty():
        merchant.next()
    merchant.answer = (200, b"success")
    process, (gateway,) = start(folder, (house,), scale=0.0001)
    try:
        one = channel(name, {house: gateway})
        assert [one.ask(a).state for a in numbers] == ["paid"] * 5
        gateway.tell(hurry=True)
        told: set[str] = set()
        while told != {a.number for a in numbers}:  # one that was on its way when it died may come twice
            told.add(one.read_notification(*merchant.next()).number)
    finally:
        process.kill()
        process.wait(5)


def test_books_that_end_in_half_a_line_are_read_and_written_on(tmp_path):
    path = tmp_path / "books.jsonl"
    first = Books(path)
    first.keep(Trade("1", "g1", "wap", "x", 5, "", "", "t1", 1.0, 2.0))
    first.keep(Refund("r1", "g2", "1", 2, "", "", 3.0))
    first.keep(Notice("n1", "paid", "1", "http://x"))
    first.close()
    with path.open("ab") as file:
        file.write(b'{"is":"Tra')
    second = Books(path)
    assert second.next_number() > 3
    second.keep(Trade("2", "g3", "wap", "x", 5, "", "", "t2", 1.0, 2.0))
    second.close()
    third = Books(path)
    assert (set(third.trades), set(third.refunds), set(third.notices)) == ({"1", "2"}, {"r1"}, {"n1"})
    assert third.trade_of("t2") is third.trades["2"]
