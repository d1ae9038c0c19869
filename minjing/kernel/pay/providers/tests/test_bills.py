"""Bills: long ones in little memory, and every way in which one may not hold."""

import io
import os
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from minjing.kernel.pay.providers import StatementRow, bills
from minjing.kernel.pay.providers.standin import bills as making
from minjing.kernel.pay.providers.standin.trouble import Trouble
from minjing.kernel.pay.providers.tests.conftest import channel
from minjing.kernel.pay.providers.tests.test_every_channel import settlement_day

DAY = datetime(2026, 11, 26, tzinfo=UTC)
MERCHANT = "777290000000001"
ROWS_MANY = int(os.environ.get("BILL_ROWS") or 10_000)  # 100_000 for the long run


def row(n: int, kind: str = "paid") -> making.Row:
    at = datetime(2026, 11, 26, 4, 0, n, tzinfo=UTC).timestamp()
    return making.Row(
        kind, f"N{n:07d}", f"G{n:07d}", 100 + n, at, f"N{n:07d}", f"G{n:07d}", "NATIVE", 100 + n, "签注费，含逗号"
    )


ROWS = [
    row(1),
    row(2),
    replace(row(3, "refunded"), number="R0000003", trade_no="N0000001", trade_gateway_no="G0000001"),
]


def written(house: str, path: Path, rows: list[making.Row], trouble: Trouble | None = None) -> io.BytesIO:
    troubles = trouble or Trouble()
    if house == "wechat":
        making.wechat(path, rows, troubles)
    elif house == "alipay":
        making.alipay(path, rows, troubles, "2088000000000001", DAY)
    else:
        making.unionpay(path, rows, troubles, MERCHANT, DAY)
    return io.BytesIO(path.read_bytes())


def read(house: str, file: io.BytesIO) -> list[StatementRow]:
    readers = {
        "wechat": bills.wechat,
        "alipay": bills.alipay,
        "unionpay": lambda f: bills.unionpay(f, date(2026, 11, 26), MERCHANT),
    }
    return list(bills.twice(file, readers[house]))


def refund_bill(path: Path, *states: str) -> io.BytesIO:
    rows = [replace(row(n, "refunded"), number=f"R{n:07d}", state=state) for n, state in enumerate(states, 1)]
    making.wechat(path, rows, Trouble(), "REFUND")
    return io.BytesIO(path.read_bytes())


def test_the_refund_bill_of_wechat_says_what_has_gone_back_and_when(tmp_path):
    file = refund_bill(tmp_path / "bill", "SUCCESS", "PROCESSING", "FAIL", "CHANGE")
    got = list(bills.twice(file, bills.wechat_refunds))
    at = datetime(2026, 11, 26, 4, 0, 1, tzinfo=UTC)
    assert got[0] == StatementRow("refunded", "R0000001", 101, "G0000001", at, "N0000001")
    assert [r.number for r in got] == ["R0000001", "R0000002"], "what failed has not gone back"


def test_a_refund_in_a_state_nobody_knows_is_not_guessed_at(tmp_path):
    with pytest.raises(ValueError, match="unknown state"):
        list(bills.twice(refund_bill(tmp_path / "bill", "SUCCESS", "PERHAPS"), bills.wechat_refunds))


def test_the_trade_bill_is_no_refund_bill(tmp_path):
    with pytest.raises(ValueError, match="no column 退款申请时间"):
        list(bills.twice(written("wechat", tmp_path / "bill", ROWS), bills.wechat_refunds))


@pytest.mark.parametrize("house", ["wechat", "alipay", "unionpay"])
def test_each_row_is_read_as_it_was_written(house, tmp_path):
    got = read(house, written(house, tmp_path / "bill", ROWS))
    at = datetime(2026, 11, 26, 4, 0, 1, tzinfo=UTC)
    assert got[0] == StatementRow("paid", "N0000001", 101, "G0000001", at)
    assert (got[2].kind, got[2].number, got[2].fen) == ("refunded", "R0000003", 103)
    assert got[2].attempt_number == ("" if house == "unionpay" else "N0000001")


@pytest.mark.parametrize("house", ["wechat", "alipay", "unionpay"])
def test_a_bill_that_was_cut_off_does_not_hold(house, tmp_path):
    whole = written(house, tmp_path / "bill", ROWS * 40).getvalue()
    for part in (len(whole) // 2, len(whole) - 60):
        with pytest.raises((ValueError, zipfile.BadZipFile)):
            read(house, io.BytesIO(whole[:part]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("`3,", "`4,"),
        ("`1.01,", "`1.02,"),
        ("`REFUND,", "`REVOKED,"),
        ("`1.01,", "`x,"),
        ("交易状态", "状态"),
        ("总交易单数", "没有"),
    ],
)
def test_a_bill_of_wechat_that_was_changed_does_not_hold(old, new, tmp_path):
    text = written("wechat", tmp_path / "bill", ROWS).getvalue().decode()
    changed = text[::-1].replace(old[::-1], new[::-1], 1)[::-1]
    assert changed != text
    with pytest.raises(ValueError):
        read("wechat", io.BytesIO(changed.encode()))


def test_a_file_of_unionpay_for_another_merchant_is_refused(tmp_path):
    file = written("unionpay", tmp_path / "bill", ROWS)
    with pytest.raises(ValueError, match="another merchant"):
        list(bills.unionpay(file, date(2026, 11, 26), "777290000000002"))


@pytest.mark.parametrize(
    ("yuan", "fen"), [("0.01", 1), ("1299.02", 129_902), ("-5", -500), ("0.00000", 0), ("1.1", 110)]
)
def test_yuan_are_read_to_the_fen(yuan, fen):
    assert bills.fen(yuan) == fen


@pytest.mark.parametrize("text", ["", "1,000.00", "1e3", "NaN", "¥1", "0.0.1", "１"])
def test_what_is_no_money_is_refused(text):
    with pytest.raises(ValueError):
        bills.fen(text)


@pytest.mark.parametrize("name", ["wechat_native", "alipay_page", "unionpay"])
def test_a_bill_of_many_rows_is_read_in_little_memory(name, gateways):
    one = channel(name, gateways)
    gateways[one.house].tell(statements="now")
    gateways[one.house].tell(trouble="bill_rows", value=ROWS_MANY)
    before, most, count = resident(), 0, 0
    for row in one.statement(settlement_day(one.house)):
        count += row.fen == 2000 and row.number.startswith("9000")
        if count % 1000 == 0:
            most = max(most, resident() - before)
    assert count == ROWS_MANY
    # UnionPay's protocol puts the whole (packed) file into one answer; the others are streamed to disk.
    assert most < (60_000_000 if one.house == "unionpay" else 10_000_000), f"{most:,} bytes"


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
