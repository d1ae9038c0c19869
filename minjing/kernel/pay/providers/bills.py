"""The daily bills of the three houses, read line by line: a bill of any length takes the same memory.

Each reader yields rows and raises ValueError at the end, when the totals that the file states do not hold: who must
know before using a row reads the file twice (`twice`).
"""

import csv
import re
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import IO

from minjing.kernel.pay.providers import StatementRow
from minjing.kernel.pay.providers.wire import BILL_BYTES_MAX, CHINA

WECHAT_TOTALS = "总交易单数"
WECHAT_NEEDED = (
    "交易时间", "微信订单号", "商户订单号", "交易状态", "微信退款单号", "商户退款单号", "手续费", "订单金额",
    "申请退款金额",
)  # fmt: skip
WECHAT_REFUNDS_NEEDED = (
    "退款申请时间", "退款成功时间", "微信退款单号", "商户退款单号", "退款状态", "商户订单号", "手续费",
    "申请退款金额",
)  # fmt: skip
WECHAT_UNDER_WAY, WECHAT_NOT_BACK = ("SUCCESS", "PROCESSING"), ("FAIL", "CHANGE")
ALIPAY_NEEDED = (
    "支付宝交易号", "商户订单号", "业务类型", "完成时间", "商家实收（元）", "退款批次号/请求号", "服务费（元）",
)  # fmt: skip
ALIPAY_TOTALS = {
    "paid": re.compile(r"交易合计：(\d+)笔，商家实收共([\d.]+)元"),
    "refunded": re.compile(r"退款合计：(\d+)笔，商家实收退款共-?([\d.]+)元"),
}
# A ZM line: fields of fixed width in bytes, one space between them (文件接口 6.1). Only what is read is named.
ZM_WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15,
)  # fmt: skip
ZM_STARTS = [sum(ZM_WIDTHS[:n]) + n for n in range(len(ZM_WIDTHS))]
ZM_KIND, ZM_TIME, ZM_FEN, ZM_QUERY_ID, ZM_ORDER, ZM_CHARGE, ZM_ORIGINAL, ZM_MERCHANT = 0, 4, 6, 9, 11, 15, 26, 27


def twice(file: IO[bytes], read: Callable[[IO[bytes]], Iterator[StatementRow]]) -> Iterator[StatementRow]:
    """Yield the rows of a file whose totals hold. Raises ValueError before the first row otherwise."""
    file.seek(0)
    deque(read(file), maxlen=0)
    file.seek(0)
    return read(file)


def wechat(file: IO[bytes]) -> Iterator[StatementRow]:
    """Yield the rows of WeChat Pay's trade bill of type ALL: every value stands behind a back quote."""
    return (row for row, _ in _wechat(file, WECHAT_NEEDED, _wechat_row))


def wechat_payments(file: IO[bytes]) -> Iterator[StatementRow]:
    """Yield the payments of a bill of type ALL; its refunds are in the totals and are read from their own bill."""
    return (row for row in wechat(file) if row.kind == "paid")


def wechat_refunds(file: IO[bytes]) -> Iterator[StatementRow]:
    """Yield the refunds of WeChat Pay's bill of type REFUND: those asked for that day.

    A refund that has failed stands on it too: it counts in the totals and is no row, for nothing has gone back. One
    that is under way is a row; it stands on no later bill.
    """
    return (row for row, done in _wechat(file, WECHAT_REFUNDS_NEEDED, _wechat_refund) if done)


def _wechat(
    file: IO[bytes], needed: tuple[str, ...], read: Callable[[dict[str, str]], tuple[StatementRow, bool]]
) -> Iterator[tuple[StatementRow, bool]]:
    lines = (line.removesuffix("\n").removesuffix("\r").removeprefix("\ufeff") for line in _text(file, "utf-8"))
    names = next(lines, "").split(",")
    at = {name: n for n, name in enumerate(names)}
    _needs(at, needed)
    paid_fen = back_fen = 0
    for count, line in enumerate(lines):
        if line.startswith(WECHAT_TOTALS):
            _wechat_totals(line, next(lines, ""), count, paid_fen, back_fen)
            return
        cells = [cell.removeprefix("`") for cell in line.split(",")]
        if len(cells) != len(names):
            raise ValueError(f"Row {count + 1} has {len(cells)} cells, not {len(names)}.")
        row, done = read({name: cells[n] for name, n in at.items()})
        if row.kind == "paid":
            paid_fen += row.fen
        else:
            back_fen += row.fen
        yield row, done
    raise ValueError("The bill ends before its totals.")


def _wechat_row(said: dict[str, str]) -> tuple[StatementRow, bool]:
    when, charge = china(said["交易时间"]), abs(fen(said["手续费"]))
    if said["交易状态"] == "REFUND":
        row = StatementRow(
            "refunded", said["商户退款单号"], fen(said["申请退款金额"]), said["微信退款单号"], when,
            said["商户订单号"], charge,
        )  # fmt: skip
        return row, True
    if said["交易状态"] != "SUCCESS":
        raise ValueError(f"A row has the unknown state {said['交易状态'][:20]!r}.")
    return StatementRow("paid", said["商户订单号"], fen(said["订单金额"]), said["微信订单号"], when, "", charge), True


def _wechat_refund(said: dict[str, str]) -> tuple[StatementRow, bool]:
    state = said["退款状态"]
    if state not in (*WECHAT_UNDER_WAY, *WECHAT_NOT_BACK):
        raise ValueError(f"A refund has the unknown state {state[:20]!r}.")
    # 交易时间 is that of the payment; what counts here is when the money went back.
    when = china(said["退款成功时间"] if state == "SUCCESS" else said["退款申请时间"])
    row = StatementRow(
        "refunded", said["商户退款单号"], fen(said["申请退款金额"]), said["微信退款单号"], when, said["商户订单号"],
        abs(fen(said["手续费"])),
    )  # fmt: skip
    return row, state in WECHAT_UNDER_WAY


def _wechat_totals(names: str, values: str, count: int, paid_fen: int, back_fen: int) -> None:
    said = dict(zip(names.split(","), (v.removeprefix("`") for v in values.split(",")), strict=False))
    stated = (int(said[WECHAT_TOTALS]), fen(said["订单总金额"]), fen(said["申请退款总金额"]))
    if stated != (count, paid_fen, back_fen):
        raise ValueError(f"The totals do not hold: stated {stated}, counted {(count, paid_fen, back_fen)}.")


def alipay(file: IO[bytes]) -> Iterator[StatementRow]:
    """Yield the rows of Alipay's bill: a zip; its member 业务明细 is a GBK table between lines that begin with #."""
    with zipfile.ZipFile(file) as folder, folder.open(_alipay_member(folder)) as member:
        lines = _text(member, "gbk")
        named = next((line for line in islice(lines, 20) if line.startswith("支付宝交易号")), "")
        names = [name.strip() for name in named.split(",")]
        _needs(dict.fromkeys(names, 0), ALIPAY_NEEDED)
        counts, sums = {"paid": 0, "refunded": 0}, {"paid": 0, "refunded": 0}
        for cells in csv.reader(_until_hash(lines)):
            if len(cells) < len(names):
                raise ValueError(f"A row has {len(cells)} cells, not {len(names)}.")
            row = _alipay_row({name: cell.strip() for name, cell in zip(names, cells, strict=False)})
            counts[row.kind] += 1
            sums[row.kind] += row.fen
            yield row
        tail = "".join(islice(lines, 10))
        for kind, pattern in ALIPAY_TOTALS.items():
            stated = pattern.search(tail)
            if stated is None or (int(stated[1]), fen(stated[2])) != (counts[kind], sums[kind]):
                raise ValueError(f"The totals of {kind} do not hold: counted {counts[kind]}, {sums[kind]} fen.")


def _alipay_member(folder: zipfile.ZipFile) -> zipfile.ZipInfo:
    for member in folder.infolist():
        # Names are GBK without the flag that says so: zipfile has read them as code page 437.
        is_utf8 = member.flag_bits & 0x800
        name = member.filename if is_utf8 else member.filename.encode("cp437").decode("gbk", "replace")
        if "明细" in name and "汇总" not in name:
            return _bounded(member)
    raise ValueError("The bill holds no table of details.")


def _alipay_row(said: dict[str, str]) -> StatementRow:
    when, charge = china(said["完成时间"]), abs(fen(said["服务费（元）"]))
    money = abs(fen(said["商家实收（元）"]))
    if said["业务类型"] == "退款":
        return StatementRow(
            "refunded", said["退款批次号/请求号"], money, said["支付宝交易号"], when, said["商户订单号"], charge
        )
    if said["业务类型"] != "交易":
        raise ValueError(f"A row has the unknown kind {said['业务类型'][:20]!r}.")
    return StatementRow("paid", said["商户订单号"], money, said["支付宝交易号"], when, "", charge)


def _until_hash(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("#"):
            return
        yield line
    raise ValueError("The bill ends before its totals.")


def unionpay(file: IO[bytes], day: date, merchant: str) -> Iterator[StatementRow]:
    """Yield the payments and refunds of UnionPay's ZM file in its zip. The file states no totals of its own."""
    with zipfile.ZipFile(file) as folder:
        members = [m for m in folder.infolist() if re.search(r"ZM_", m.filename)]
        if not members:
            raise ValueError("The zip holds no ZM file.")
        with folder.open(_bounded(members[0])) as lines:
            for line in lines:
                row = _zm_row(line.rstrip(b"\r\n"), day, merchant)
                if row is not None:
                    yield row


def _zm_row(line: bytes, day: date, merchant: str) -> StatementRow | None:
    if not line.strip():
        return None
    if len(line) < ZM_STARTS[-1]:
        raise ValueError(f"A line of the ZM file is {len(line)} bytes short of its fields.")
    cells = [line[s : s + w].decode("gbk").strip() for s, w in zip(ZM_STARTS, ZM_WIDTHS, strict=True)]
    if cells[ZM_MERCHANT] != merchant:
        raise ValueError("The ZM file is another merchant's.")
    kinds = {"S22": "paid", "S30": "refunded"}
    if cells[ZM_KIND] not in kinds:
        raise ValueError(f"A line has the unknown kind {cells[ZM_KIND]!r}.")
    stamp = cells[ZM_TIME]
    year = day.year - 1 if stamp[:2] == "12" and day.month == 1 else day.year
    when = datetime.strptime(f"{year}{stamp}", "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    charge = int(cells[ZM_CHARGE][1:] or 0)
    number, fen_, gateway_no = cells[ZM_ORDER], int(cells[ZM_FEN]), cells[ZM_QUERY_ID]
    if kinds[cells[ZM_KIND]] == "paid":
        return StatementRow("paid", number, fen_, gateway_no, when, "", charge)
    return StatementRow("refunded", number, fen_, gateway_no, when, "", charge)


def fen(yuan: str) -> int:
    """Return fen of an amount in yuan; a charge may have more decimals. Raises ValueError."""
    match = re.fullmatch(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,6}))?", yuan.strip())
    if match is None:
        raise ValueError(f"{yuan[:20]!r} is no amount of money.")
    decimals = (match[3] or "").ljust(6, "0")
    whole = int(match[2]) * 100 + (int(decimals) + 5_000) // 10_000
    return -whole if match[1] else whole


def china(text: str) -> datetime:
    """Return an instant written as China's local time. Raises ValueError."""
    return datetime.strptime(text.strip()[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _text(file: IO[bytes], encoding: str) -> Iterator[str]:
    return (line.decode(encoding) for line in file)


def _needs(has: dict[str, int], needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in has]
    if missing:
        raise ValueError(f"The bill has no column {missing[0]}.")


def _bounded(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    if member.file_size > BILL_BYTES_MAX:
        raise ValueError("The bill is larger than any bill may be.")
    return member
