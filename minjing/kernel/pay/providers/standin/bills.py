"""Daily bills as the three providers write them, row by row: a bill of any length takes the same memory."""

import secrets
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from minjing.kernel.pay.providers.standin.books import Refund, Trade
from minjing.kernel.pay.providers.standin.trouble import Trouble

WECHAT_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
WECHAT_REFUND_HEAD = WECHAT_HEAD.replace("微信退款单号,", "退款申请时间,退款成功时间,微信退款单号,")
WECHAT_TOTAL = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
ALIPAY_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
# The widths of a ZM line in bytes, one space between fields (全渠道平台接入接口规范 第3部分 文件接口 6.1).
ZM_WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
    13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a bill; for a refund `number` and `gateway_no` are the refund's."""

    kind: str  # paid, refunded
    number: str
    gateway_no: str
    fen: int
    at: float
    trade_no: str
    trade_gateway_no: str
    trade_kind: str
    trade_fen: int
    subject: str
    merchant: str = ""
    asked_at: float = 0.0  # of a refund, and what has become of it
    state: str = "SUCCESS"


def paid(trade: Trade) -> Row:
    """Return the line of a payment."""
    return Row(
        "paid", trade.no, trade.gateway_no, trade.paid_fen, trade.paid_at, trade.no, trade.gateway_no, trade.kind,
        trade.paid_fen, trade.subject,
    )  # fmt: skip


def refunded(refund: Refund, trade: Trade) -> Row:
    """Return the line of a refund."""
    return Row(
        "refunded", refund.no, refund.gateway_no, refund.fen, refund.done_at or refund.made_at, trade.no,
        trade.gateway_no, trade.kind, trade.paid_fen, trade.subject, asked_at=refund.made_at,
        state={"done": "SUCCESS", "failed": "FAIL"}.get(refund.state, "PROCESSING"),
    )  # fmt: skip


def invented(count: int, since: float) -> Iterator[Row]:
    """Yield payments that never were, for measuring and for the row too many."""
    for n in range(count):
        number = f"9{n:021d}"
        yield Row(
            "paid", number, f"42009{n:023d}"[:28], 2000, since + n % 86_000, number, number, "NATIVE", 2000, "演示"
        )


def spoiled(rows: Iterable[Row], trouble: Trouble, of: str = "bill") -> Iterator[Row]:
    """Yield the rows as the troubles in force want them; `of` says whether for the bill or for that of refunds."""
    wrong, drop = trouble.take(f"wrong_{of}_fen"), trouble.take(f"drop_{of}_row")
    held: Row | None = None
    last: Row | None = None
    for row in rows:
        if wrong is not None and (row.kind == "paid" or of == "refund"):
            row, wrong = replace(row, fen=row.fen + int(wrong)), None
        if held is not None:
            yield held
        held = last = row
    if held is not None and drop is None:
        yield held
    if last is not None and trouble.take(f"extra_{of}_row") is not None:
        number = f"8{secrets.randbelow(10**20):020d}"
        gateway_no = last.gateway_no[:-6] + f"{secrets.randbelow(10**6):06d}"
        kind = "paid" if of == "bill" else "refunded"
        yield replace(last, kind=kind, number=number, gateway_no=gateway_no, trade_no=number)


def wechat(path: Path, rows: Iterable[Row], trouble: Trouble, kind: str = "ALL") -> int:
    """Write WeChat Pay's bill (every value behind a back quote) and return how many rows it has.

    The bill of type REFUND says of each refund when it was asked for and when it was done.
    """
    count = paid_fen = back_fen = 0
    of = "refund" if kind == "REFUND" else "bill"
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write((WECHAT_REFUND_HEAD if kind == "REFUND" else WECHAT_HEAD) + "\r\n")
        for row in spoiled(rows, trouble, of):
            count += 1
            if row.kind == "paid":
                paid_fen += row.fen
            else:
                back_fen += row.fen
            _quoted(out, _wechat_row(row, kind))
        out.write(WECHAT_TOTAL + "\r\n")
        if trouble.take(f"bad_{of}_total") is not None:
            paid_fen += 1
        money = [_yuan(f) for f in (paid_fen, back_fen, 0, 0, paid_fen, back_fen)]
        money[3] = "0.00000"
        _quoted(out, [str(count), *money])
    return count


def _wechat_row(row: Row, kind: str) -> list[str]:
    from minjing.kernel.pay.providers.standin.wechat import APP
    from minjing.kernel.pay.providers.standin.wechat_seal import MERCHANT

    is_paid = row.kind == "paid"
    fen, back = (_yuan(row.fen), "0.00") if is_paid else ("0.00", _yuan(row.fen))
    refund = ["0", "0"] if is_paid else [row.gateway_no, row.number]
    if kind == "REFUND":
        done = f"{_china(row.at):%F %T}" if row.state == "SUCCESS" else ""
        refund = [f"{_china(row.asked_at or row.at):%F %T}", done, *refund]
    return [
        f"{_china(row.at):%F %T}", APP, MERCHANT, "0", "", row.trade_gateway_no, row.trade_no, "oDemo",
        row.trade_kind, "SUCCESS" if is_paid else "REFUND", "OTHERS", "CNY", fen, "0.00", *refund, back, "0.00",
        "" if is_paid else "ORIGINAL", "" if is_paid else row.state, row.subject.replace(",", "\\ "), "", "0.00000",
        "0.00%", fen, back, "",
    ]  # fmt: skip


def _quoted(out: TextIO, values: list[str]) -> None:
    out.write(",".join(f"`{v}" for v in values) + "\r\n")


def alipay(path: Path, rows: Iterable[Row], trouble: Trouble, seller: str, day: datetime) -> int:
    """Write Alipay's bill, a zip of GBK tables, and return how many rows it has."""
    counts, sums = {"paid": 0, "refunded": 0}, {"paid": 0, "refunded": 0}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as folder:
        with folder.open(f"{seller}0156_{day:%Y%m%d}_业务明细.csv", "w") as out:
            until = day + timedelta(days=1)
            head = (
                "#支付宝业务明细查询", f"#账号：[{seller}0156]",
                f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{until:%Y年%m月%d日} 00:00:00]",
                f"#{'-' * 41}业务明细列表{'-' * 40}", ALIPAY_HEAD,
            )  # fmt: skip
            out.write("".join(f"{line}\r\n" for line in head).encode("gbk"))
            for row in spoiled(rows, trouble):
                counts[row.kind] += 1
                sums[row.kind] += row.fen
                out.write(_alipay_row(row).encode("gbk"))
            if trouble.take("bad_bill_total") is not None:
                sums["paid"] += 1
            tail = (
                f"#{'-' * 41}业务明细列表结束{'-' * 36}",
                f"#交易合计：{counts['paid']}笔，商家实收共{_yuan(sums['paid'])}元，商家优惠共0.00元",
                f"#退款合计：{counts['refunded']}笔，商家实收退款共-{_yuan(sums['refunded'])}元，商家优惠退款共0.00元",
                f"#导出时间：[{day + timedelta(days=1, hours=9):%Y年%m月%d日 %H:%M:%S}]",
            )
            out.write("".join(f"{line}\r\n" for line in tail).encode("gbk"))
        total = sums["paid"] - sums["refunded"]
        summary = f"#支付宝业务汇总查询\r\n门店编号,交易订单总笔数,退款订单总笔数,订单金额（元）\r\n合计\t,{counts['paid']},{counts['refunded']},{total / 100:.2f}\r\n"  # noqa: E501
        folder.writestr(f"{seller}0156_{day:%Y%m%d}_业务明细(汇总).csv", summary.encode("gbk"))
    return sum(counts.values())


def _alipay_row(row: Row) -> str:
    sign = "" if row.kind == "paid" else "-"
    money = f"{sign}{_yuan(row.fen)}"
    values = [
        f"{row.trade_gateway_no}\t", f"{row.trade_no}\t", "交易\t" if row.kind == "paid" else "退款\t", row.subject,
        f"{_china(row.at):%F %T}", f"{_china(row.at):%F %T}", "\t", "\t", "\t", "\t", "*明(139****0001)\t",
        money, money, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00\t", "0.00",
        f"{'' if row.kind == 'paid' else row.number}\t", "0.00", "0.00", "",
    ]  # fmt: skip
    return ",".join(values) + "\r\n"


def unionpay(path: Path, rows: Iterable[Row], trouble: Trouble, merchant: str, day: datetime) -> int:
    """Write UnionPay's daily files into a zip: ZM (details, fixed widths, GBK) and an empty ZME (errors)."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as folder:
        with folder.open(f"INN{day:%y%m%d}88ZM_{merchant}", "w") as out:
            for row in spoiled(rows, trouble):
                count += 1
                out.write(zm_line(replace(row, merchant=merchant), count))
        folder.writestr(f"INN{day:%y%m%d}88ZME_{merchant}", b"")
    return count


def zm_line(row: Row, trace: int) -> bytes:
    """Return one line of the ZM file: S22 a payment, S30 a refund; amounts in fen, zero-padded."""
    is_paid = row.kind == "paid"
    at, side = f"{_china(row.at):%m%d%H%M%S}", "C" if is_paid else "D"
    values = {
        0: "S22" if is_paid else "S30", 1: "00010000", 2: "00010000", 3: f"{trace % 1_000_000:06d}", 4: at,
        5: "6216***********0018", 6: f"{row.fen:012d}", 7: "9399", 8: "07", 9: row.gateway_no, 11: row.number,
        12: "01", 13: "" if is_paid else f"{trace % 1_000_000:06d}", 14: "" if is_paid else at, 15: "D000000000000",
        16: f"{side}{row.fen:012d}", 17: "0201", 19: "01" if is_paid else "04", 20: "01" if is_paid else "00",
        21: "000201", 22: "01", 26: "" if is_paid else row.trade_gateway_no, 27: row.merchant,
        32: f"{side}{row.fen:012d}",
    }  # fmt: skip
    cells = [values.get(n, "").encode("gbk").ljust(width)[:width] for n, width in enumerate(ZM_WIDTHS)]
    return b" ".join(cells) + b"\r\n"


def _china(at: float) -> datetime:
    from minjing.kernel.pay.providers.standin.gateway import CHINA

    return datetime.fromtimestamp(at, CHINA)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
