"""The page on which the payer pays at a local gateway: phone-sized, without script, Chinese and English.

It says in large letters that it is a demonstration and moves no money.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass

WORDS = {
    "zh": {
        "lang": "zh-Hans", "demo": "演示收银台，不会扣款", "other": "English", "other_lang": "en",
        "to": "收款方", "for": "付款事项", "number": "商户单号", "pay": "确认支付", "fail": "模拟支付失败",
        "leave": "不付了，返回商户", "open": "待支付", "paid": "支付成功", "closed": "订单已关闭",
        "failed": "支付没有成功：银行卡余额不足。可以再试一次。",
        "paid_note": "钱款没有真的划走：这里是演示环境。",
        "closed_note": "商户已关闭这个订单，或者支付时间已过，不能再付款。",
        "back": "返回商户", "lost": "没有这个订单",
        "lost_note": "链接不完整，或者订单不在这个网关。请回到办事页面重新付款。",
        "merchant": "演示市公安局（非税收入）", "fresh": "本页由本机的仿真网关提供",
        "refused": "网关不接受这个订单", "refused_note": "请回到办事页面重试。网关给出的原因：",
        "sign_in": "授权登录", "sign_in_note": "“演示市民生警务”请求获得以下信息：您的支付宝用户标识、昵称。",
        "agree": "同意",
        "disagree": "不同意", "who": "以谁的身份登录",
    },
    "en": {
        "lang": "en", "demo": "Demo cashier: no money is moved", "other": "中文", "other_lang": "zh",
        "to": "Payee", "for": "Payment for", "number": "Merchant order no.", "pay": "Pay now",
        "fail": "Let the payment fail", "leave": "Do not pay, go back", "open": "To be paid", "paid": "Paid",
        "closed": "Order closed", "failed": "The payment failed: insufficient funds on the card. You can try again.",
        "paid_note": "No money has really been taken: this is a demonstration.",
        "closed_note": "The merchant closed this order, or its time has passed. It can no longer be paid.",
        "back": "Back to the merchant", "lost": "No such order",
        "lost_note": "The link is not complete, or the order is not at this gateway. Please go back and start again.",
        "merchant": "Demo City Public Security Bureau (non-tax revenue)",
        "fresh": "Served by the gateway's stand-in on this machine",
        "refused": "The gateway does not accept this order",
        "refused_note": "Please go back and try again. The gateway's reason: ", "sign_in": "Allow sign-in",
        "sign_in_note": "“Demo City Police Services” asks for: your Alipay user id and nickname.", "agree": "Allow",
        "disagree": "Do not allow", "who": "Sign in as",
    },
}  # fmt: skip

STYLE = """
:root{--ink:#14213a;--soft:#5b6678;--line:#d9dee7;--ground:#f5f6f8}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:17px/1.6 "PingFang SC","HarmonyOS Sans SC","Noto Sans SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,
sans-serif}
.demo{background:#ffe9b8;color:#4a3200;text-align:center;padding:.5rem 1rem;font-weight:600;margin:0}
.bar{background:var(--brand);color:#fff;padding:.75rem 1rem;display:flex;justify-content:space-between;gap:1rem;
align-items:center}.bar a{color:#fff;display:inline-flex;align-items:center;min-height:2.75rem}
h1{font-size:1.1rem;margin:0;font-weight:600}
main{max-width:30rem;margin:0 auto;padding:1rem}
.sum{text-align:center;margin:1.25rem 0 1rem}.sum b{display:block;font-size:2.6rem;line-height:1.2;
font-variant-numeric:tabular-nums}.sum span{color:var(--soft)}
dl{background:#fff;border:1px solid var(--line);border-radius:10px;margin:0 0 1rem;padding:.25rem 1rem}
dl div{display:flex;justify-content:space-between;gap:1rem;padding:.6rem 0}
dl div+div{border-top:1px solid var(--line)}
dt{color:var(--soft);flex:none}dd{margin:0;text-align:right;overflow-wrap:anywhere}
form{display:grid;gap:.75rem;margin:0}button,.button{width:100%;min-height:3rem;font:inherit;border-radius:10px;
border:1px solid var(--line);background:#fff;color:var(--ink);cursor:pointer;display:flex;align-items:center;
justify-content:center;text-decoration:none;padding:.25rem 1rem}
button.strong,.button.strong{background:var(--brand);border-color:var(--brand);color:#fff;font-weight:600}
button.quiet{border-color:transparent;background:transparent;color:var(--soft);text-decoration:underline}
:focus-visible{outline:3px solid #16479d;outline-offset:2px}
.note{background:#fff;border:1px solid var(--line);border-left:4px solid var(--brand);border-radius:10px;
padding:.75rem 1rem;margin:0 0 1rem}.note.bad{border-left-color:#c3272b}
fieldset{border:0;padding:0;margin:0 0 1rem}legend{padding:0;margin-bottom:.5rem;color:var(--soft)}
label{display:flex;gap:.75rem;align-items:center;min-height:3rem;background:#fff;border:1px solid var(--line);
border-radius:10px;padding:.25rem 1rem;margin-bottom:.5rem}input[type=radio]{width:1.25rem;height:1.25rem}
footer{text-align:center;color:var(--soft);font-size:.85rem;padding:1rem}
"""


@dataclass(frozen=True)
class Brand:
    """Whose cashier it is."""

    zh: str
    en: str
    colour: str  # white text on it reads with at least 4.5 : 1

    def name(self, language: str) -> str:
        """Return the name in the language."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True)
class Bill:
    """What the page shows of a trade."""

    subject: str
    number: str
    fen: int
    state: str  # open, paid, closed
    failed: bool = False
    has_way_back: bool = True


def pay_page(brand: Brand, language: str, bill: Bill, here: str, more: str = "") -> str:
    """Return the cashier; `here` is its own address, `more` (HTML) what follows once there is nothing to choose."""
    say = WORDS[language]
    rows = "".join(
        f"<div><dt>{say[name]}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in (("to", say["merchant"]), ("for", bill.subject), ("number", bill.number))
    )
    notes = ""
    if bill.state == "open" and bill.failed:
        notes = f"<p class='note bad' role='alert'>{say['failed']}</p>"
    elif bill.state != "open":
        bad = " bad" if bill.state == "closed" else ""
        notes = f"<p class='note{bad}' role='status'>{say[bill.state + '_note']}</p>"
    choices = (
        f"<form method='post' action='{html.escape(here)}'>"
        f"<button class='strong' name='act' value='pay'>{say['pay']}</button>"
        f"<button name='act' value='fail'>{say['fail']}</button>"
        + (f"<button class='quiet' name='act' value='leave'>{say['leave']}</button>" if bill.has_way_back else "")
        + "</form>"
    )
    body = (
        f"<p class='sum'><span>{say[bill.state]}</span><b>¥{bill.fen / 100:.2f}</b></p>"
        f"{notes}<dl>{rows}</dl>{choices if bill.state == 'open' else more}"
    )
    return _frame(brand, language, say[bill.state], body, here)


def back_link(language: str, url: str) -> str:
    """Return the way back to the merchant as a link."""
    return f"<a class='button strong' href='{html.escape(url)}'>{WORDS[language]['back']}</a>" if url else ""


def back_form(language: str, url: str, fields: Mapping[str, str]) -> str:
    """Return the way back to the merchant as a form that carries the signed outcome."""
    hidden = "".join(
        f"<input type='hidden' name='{html.escape(n)}' value='{html.escape(v)}'>" for n, v in fields.items()
    )
    return (
        f"<form method='post' action='{html.escape(url)}'>{hidden}"
        f"<button class='strong'>{WORDS[language]['back']}</button></form>"
    )


def refused_page(brand: Brand, language: str, reason: str) -> str:
    """Return the page for an order that the gateway does not take from the payer's browser."""
    say = WORDS[language]
    words = f"{say['refused_note']}{html.escape(reason)}" if reason else say["lost_note"]
    title = say["refused"] if reason else say["lost"]
    return _frame(brand, language, title, f"<h2>{title}</h2><p class='note bad' role='alert'>{words}</p>", "")


def consent_page(brand: Brand, language: str, here: str, people: Mapping[str, str]) -> str:
    """Return the page that asks whether the merchant may know who one is; `people` are the demo's users by id."""
    say = WORDS[language]
    choices = "".join(
        f"<label><input type='radio' name='user' value='{html.escape(key)}'{' checked' if n == 0 else ''}>"
        f"{html.escape(name)}</label>"
        for n, (key, name) in enumerate(people.items())
    )
    body = (
        f"<h2>{say['sign_in']}</h2><p class='note'>{say['sign_in_note']}</p>"
        f"<form method='post' action='{html.escape(here)}'><fieldset><legend>{say['who']}</legend>{choices}"
        f"</fieldset><button class='strong' name='act' value='agree'>{say['agree']}</button>"
        f"<button name='act' value='disagree'>{say['disagree']}</button></form>"
    )
    return _frame(brand, language, say["sign_in"], body, here)


def _frame(brand: Brand, language: str, title: str, body: str, here: str) -> str:
    say = WORDS[language]
    other = ""
    if here:
        joint = "&" if "?" in here else "?"
        other_url = html.escape(f"{here}{joint}lang={say['other_lang']}")
        other = f"<a lang='{WORDS[say['other_lang']]['lang']}' href='{other_url}'>{say['other']}</a>"
    return (
        f"<!doctype html><html lang='{say['lang']}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{html.escape(title)} · {brand.name(language)}</title>"
        f"<style>:root{{--brand:{brand.colour}}}{STYLE}</style></head>"
        f"<body><header><p class='demo'>{say['demo']}</p>"
        f"<div class='bar'><h1>{brand.name(language)}</h1>{other}</div></header><main>{body}</main>"
        f"<footer>{say['fresh']}</footer></body></html>"
    )
