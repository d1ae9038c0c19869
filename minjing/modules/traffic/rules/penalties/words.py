"""Answers in plain words, Chinese and English: amounts, and the facts that a rule looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minjing.base.clock import local_day
from minjing.modules.traffic.rules.penalties.judge import Winners, charge
from minjing.modules.traffic.rules.penalties.months import NEVER
from minjing.modules.traffic.rules.penalties.shapes import WARNING, Before, Rules, Text

SOURCES: Mapping[str, Text] = {
    "camera": {"zh": "由技术监控设备记录", "en": "recorded by a camera"},
    "officer": {"zh": "由民警现场发现", "en": "found by an officer on the spot"},
    "citizen": {"zh": "由群众举报", "en": "reported by a member of the public"},
    "ambulance": {"zh": "由救护车记录仪记录", "en": "recorded by an ambulance"},
}
FLAGS: Mapping[tuple[str, bool], Text] = {
    ("checked", True): {"zh": "证据已经民警核实", "en": "an officer has checked the evidence"},
    ("checked", False): {"zh": "证据尚未经民警核实", "en": "no officer has checked the evidence yet"},
    ("accident", True): {"zh": "造成了交通事故", "en": "it caused an accident"},
    ("accident", False): {"zh": "没有造成交通事故", "en": "it caused no accident"},
    ("local", True): {"zh": "车辆在本市登记", "en": "the vehicle is registered in this city"},
    ("local", False): {"zh": "车辆不在本市登记", "en": "the vehicle is not registered in this city"},
}


def yuan(fen: int) -> str:
    """Return an amount as it is written: ¥500, ¥12.50."""
    return f"¥{fen // 100:,}" + (f".{fen % 100:02d}" if fen % 100 else "")


def sums(fine_fen: int, points: int, months: int, warning: bool) -> Text:
    """Return what a violation costs, as a phrase."""
    if warning:
        return {"zh": "警告，不罚款、不记分", "en": "a warning, no fine and no points"}
    zh, en = [], []
    if fine_fen:
        zh.append(f"罚款 {yuan(fine_fen)}")
        en.append(f"a fine of {yuan(fine_fen)}")
    if points:
        zh.append(f"记 {points} 分")
        en.append(f"{points} point{'s' if points != 1 else ''}")
    if months:
        zh.append(f"暂扣驾驶证 {months} 个月")
        en.append(f"suspension for {months} months")
    if not zh:
        return {"zh": "不处罚", "en": "nothing"}
    return {"zh": "，".join(zh), "en": ", ".join(en)}


def of_winners(winners: Winners) -> Text:
    """Return what these rules together come to, as a phrase."""
    return sums(*charge(winners), WARNING in winners)


def fact(name: str, value: Any, before: Before, rules: Rules) -> Text | None:
    """Return a fact as a sentence of the driver's own language; None for what goes without saying."""
    if name in rules.counters:
        said = rules.counters[name].title
        return {"zh": said["zh"].format(n=value), "en": said["en"].format(n=ordinal(int(value)))}
    if name == "clean_months":
        return _clean(int(value), before)
    if name == "held_months":
        return _held(int(value))
    if name == "source":
        return SOURCES.get(value)
    if name == "fine_fen":
        return {"zh": f"应处罚款 {yuan(value)}", "en": f"the fine would be {yuan(value)}"}
    if name == "suspension_months":
        if value:
            return {"zh": f"应暂扣驾驶证 {value} 个月", "en": f"the licence would be suspended for {value} months"}
        return {"zh": "不涉及暂扣驾驶证", "en": "no suspension is due"}
    return FLAGS.get((name, value)) if isinstance(value, bool) else None


def _clean(value: int, before: Before) -> Text:
    if value >= NEVER or before.clean_since is None:
        return {"zh": "此前在本市没有违法记录", "en": "no earlier violation in this city is on record"}
    day = local_day(before.clean_since)
    return {
        "zh": f"上一次违法在 {day:%Y-%m-%d}，距今满 {value} 个月",
        "en": f"the last violation was on {day:%Y-%m-%d}, {value} whole months before",
    }


def _held(value: int) -> Text:
    if value < 0:
        return {"zh": "登记时间不明", "en": "the register does not say since when the vehicle is held"}
    return {
        "zh": f"车辆登记（或过户）已满 {value} 个月",
        "en": f"registered, or last transferred, {value} whole months before",
    }


def needed(name: str, want: Any, rules: Rules) -> Text:
    """Return what a condition asks of a fact, as the second half of “had …”."""
    if isinstance(want, Mapping):
        return _bound(name, want, rules)
    if isinstance(want, bool):
        return FLAGS.get((name, want), {"zh": f"{name} = {want}", "en": f"{name} = {want}"})
    if name == "source":
        kinds = want if isinstance(want, list) else [want]
        return joined([SOURCES[kind] for kind in kinds if kind in SOURCES], "或", " or ")
    return {"zh": f"{name} 为 {want}", "en": f"{name} were {want}"}


def _bound(name: str, want: Mapping[str, Any], rules: Rules) -> Text:
    low, high = want.get("min"), want.get("max")
    if name == "clean_months":
        return {
            "zh": f"此前 {low} 个月内在本市没有违法",
            "en": f"no violation in this city in the {low} months before",
        }
    if name == "held_months":
        return {
            "zh": f"车辆登记（或过户）满 {low} 个月",
            "en": f"the vehicle registered, or last transferred, at least {low} months before",
        }
    if name == "fine_fen":
        return {"zh": f"罚款不超过 {yuan(int(high or 0))}", "en": f"the fine at most {yuan(int(high or 0))}"}
    if name == "suspension_months":
        return {"zh": "不涉及暂扣驾驶证", "en": "no suspension due"}
    if name in rules.counters and low is not None:
        return {"zh": f"累计达第 {low} 次", "en": f"it being the {ordinal(int(low))}"}
    return {"zh": f"{name} 在 {low}–{high} 之间", "en": f"{name} between {low} and {high}"}


def joined(parts: Iterable[Text], zh: str = "；", en: str = "; ") -> Text:
    """Return several phrases as one."""
    found = list(parts)
    return {"zh": zh.join(p["zh"] for p in found), "en": en.join(p["en"] for p in found)}


def ordinal(n: int) -> str:
    """Return 1st, 2nd, 3rd …"""
    tail = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{tail}"
