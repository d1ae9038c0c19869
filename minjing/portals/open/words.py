"""What a guide says in words: when a material is needed, how long it takes, how sure a fact is. Pure."""

from collections.abc import Mapping
from typing import Any

from minjing.kernel.matters.schema import Body, FormField, Limit, Text

UNITS = {
    "workday": Text(zh="个工作日", en="working day"),
    "day": Text(zh="天", en="day"),
    "hour": Text(zh="小时", en="hour"),
}
DECIDES = {
    "station": Text(zh="派出所", en="the police station"),
    "branch": Text(zh="公安分局", en="the district branch"),
    "bureau": Text(zh="市公安局", en="the city bureau"),
}
HELD = {
    "household": Text(zh="公安户籍登记中已有的，不用再交", en="not needed where the household register has it"),
    "civil_affairs": Text(zh="民政部门已有的，不用再交", en="not needed where the civil affairs office has it"),
}
HELD_ELSEWHERE = Text(zh="有关部门已有的，不用再交", en="not needed where another authority has it")
SURENESS = {
    "A": Text(zh="已核对法规或公告原文", en="read in the law or notice itself"),
    "B": Text(zh="据官方转载或办事指南", en="from an official guide or reprint"),
    "C": Text(zh="据惯例推定，请以窗口答复为准", en="inferred from practice; ask at the counter to be sure"),
    "D": Text(zh="尚未证实，请先咨询", en="not confirmed; please ask first"),
}
COMPARES = {
    "before": Text(zh="早于", en="before"),
    "after": Text(zh="晚于", en="after"),
    "min": Text(zh="不小于", en="at least"),
    "max": Text(zh="不大于", en="at most"),
}
YES_NO = {True: Text(zh="是", en="yes"), False: Text(zh="否", en="no")}


def limit(given: Limit) -> Text:
    """Return a time limit as people say it."""
    if given.value == 0:
        return Text(zh="当场办结", en="on the spot")
    unit = UNITS[given.unit]
    plural = "s" if given.value != 1 else ""
    return Text(zh=f"{given.value} {unit.zh}", en=f"{given.value} {unit.en}{plural}")


TO_PAY = Text(zh="需要缴费，见下文", en="there is a fee, see below")


def fee(fen: int) -> Text:
    """Return a fee as people say it."""
    if fen == 0:
        return Text(zh="不收费", en="no fee")
    yuan = f"¥{fen / 100:.2f}"
    return Text(zh=yuan, en=yuan)


def held_by(name: str) -> Text | None:
    """Return who has a material already, so that nobody brings it twice."""
    return HELD.get(name, HELD_ELSEWHERE) if name else None


def condition(given: Mapping[str, Any] | None, body: Body) -> Text | None:
    """Return when a material is needed, in the words of the form; None when always."""
    if not given:
        return None
    parts = [_part(key, want, body) for key, want in given.items()]
    return _join(parts, Text(zh="，并且", en=" and "))


def _part(key: str, want: Any, body: Body) -> Text:
    if key == "not":
        inner = condition(want, body) or Text(zh="—", en="—")
        return Text(zh=f"不属于「{inner.zh}」", en=f"not ({inner.en})")
    if key in ("any", "all"):
        between = Text(zh="，或者", en=" or ") if key == "any" else Text(zh="，并且", en=" and ")
        return _join([part for one in want if (part := condition(one, body))], between)
    field = body.service.fields.get(key)
    label = field.label if field else Text(zh=key, en=key.replace("_", " "))
    if isinstance(want, Mapping):
        return _join([_compare(label, how, bound) for how, bound in want.items()], Text(zh="，并且", en=" and "))
    wanted = want if isinstance(want, list) else [want]
    values = [_value(field, value) for value in wanted]
    return Text(
        zh=f"「{label.zh}」为{'或'.join(v.zh for v in values)}",
        en=f"“{label.en}” is {' or '.join(v.en for v in values)}",
    )


def _compare(label: Text, how: str, bound: Any) -> Text:
    if how == "given":
        return Text(
            zh=f"{'填写了' if bound else '没有填写'}「{label.zh}」",
            en=f"“{label.en}” is {'given' if bound else 'left empty'}",
        )
    words = COMPARES.get(how, Text(zh=how, en=how))
    shown = {"today": Text(zh="今天", en="today")}.get(str(bound), Text(zh=str(bound), en=str(bound)))
    return Text(zh=f"「{label.zh}」{words.zh} {shown.zh}", en=f"“{label.en}” {words.en} {shown.en}")


def _value(field: FormField | None, value: Any) -> Text:
    if isinstance(value, bool):
        return YES_NO[value]
    for option in field.options if field else []:
        if option.value == value:
            return Text(zh=f"「{option.zh}」", en=f"“{option.en}”")
    return Text(zh=str(value), en=str(value))


def _join(parts: list[Text], between: Text) -> Text:
    return Text(zh=between.zh.join(p.zh for p in parts), en=between.en.join(p.en for p in parts))
