"""Forms as data: what is asked given the answers so far, and whether an answer may stand."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stdnum.cn import uscc

from minjing.base import conditions, idnumber, names
from minjing.kernel.matters.schema import TEXTS, Body, FormField, Grant, GrantedPaper, MaterialSpec, Page, Rule, Text

Answers = Mapping[str, Any]
MAX_TEXT, MAX_LONG_TEXT, MAX_PEOPLE = 120, 2000, 20


class WrongAnswer(Exception):
    """An answer that cannot stand, with the sentence beside the field."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh=zh, en=en)


@dataclass(frozen=True)
class Checked:
    """The answers as they are kept, and what is wrong with those that are not."""

    clean: dict[str, Any]
    errors: dict[str, Text]


def visible_pages(body: Body, answers: Answers, today: date) -> list[Page]:
    """Return the pages to be asked, given the answers so far."""
    return [page for page in body.service.form if conditions.holds(page.show, answers, today)]


def visible_fields(page: Page, answers: Answers, today: date) -> list[FormField]:
    """Return the fields of `page` to be asked, given the answers so far."""
    return [f for f in page.fields if conditions.holds(f.show, answers, today)]


def is_required(field: FormField, answers: Answers, today: date) -> bool:
    """Say whether `field` must be answered."""
    return conditions.holds(field.required, answers, today)


def check_page(page: Page, data: Answers, answers: Answers, today: date) -> Checked:
    """Check the fields of one page; `answers` are those of the other pages. Hidden values are absent."""
    facts = {**answers, **_read(page.fields, data)}
    clean: dict[str, Any] = {}
    errors: dict[str, Text] = {}
    for field in page.fields:
        if field.show is not None and not conditions.holds(field.show, facts, today):
            continue
        try:
            value = check(field, data.get(field.name), facts, today)
        except WrongAnswer as wrong:
            errors[field.name] = wrong.text
        else:
            if value is not None:
                clean[field.name] = facts[field.name] = value
    return Checked(clean, errors)


def check_all(body: Body, data: Answers, today: date) -> Checked:
    """Check a whole form as the API and the submission do."""
    answers: dict[str, Any] = {}
    errors: dict[str, Text] = {}
    for page in body.service.form:
        if page.show is not None and not conditions.holds(page.show, {**data, **answers}, today):
            continue
        checked = check_page(page, data, answers, today)
        answers |= checked.clean
        errors |= checked.errors
    for name in data.keys() - body.service.fields.keys():
        errors[name] = Text(zh="没有这一项。", en="There is no such field.")
    return Checked(answers, errors)


def needed_materials(body: Body, answers: Answers, today: date) -> list[MaterialSpec]:
    """Return the papers that these answers call for, held already or not."""
    return [m for m in body.service.materials if conditions.holds(m.when, answers, today)]


def source_of(field: FormField, answers: Answers, today: date) -> str:
    """Return the plug and path that know this answer, given the others; empty when nothing does."""
    return next((source.of for source in field.sources if conditions.holds(source.when, answers, today)), "")


def paper_due(grant: Grant, answers: Answers, today: date) -> GrantedPaper:
    """Return the paper that a matter with these answers ends in."""
    return next((other for other in grant.instead if conditions.holds(other.when, answers, today)), grant)


def _read(fields: list[FormField], data: Answers) -> dict[str, Any]:
    """Return the raw values of simple fields, so that conditions within a page see each other."""
    read: dict[str, Any] = {}
    for field in fields:
        value = data.get(field.name)
        if field.type == "yes_no" and value in ("yes", "no"):
            value = value == "yes"
        if value not in (None, "", []):
            read[field.name] = value
    return read


def check(field: FormField, raw: Any, answers: Answers, today: date) -> Any:
    """Return the value to keep for `raw`, None if nothing was said; raise WrongAnswer."""
    if isinstance(raw, str):
        raw = raw.strip()
    if raw in (None, "", []) or (field.type == "consent" and raw in (False, "no")):
        if is_required(field, answers, today):
            raise WrongAnswer(*_missing(field))
        return None
    value = _CHECKS[field.type](field, raw, today)
    _rules(field.rule, value, answers, today)
    return value


def _missing(field: FormField) -> tuple[str, str]:
    zh, en = field.label.zh, field.label.en
    if field.type == "consent":
        return "请勾选同意后继续。", "Tick the box to go on."
    if zh.endswith(("？", "?")):  # the label is a question already
        return f"请回答：{zh}", f"Please answer: {en}"
    if field.type in ("choice", "choices", "yes_no", "place"):
        return f"请选择{zh}。", f"Choose: {en}."
    return f"请填写{zh}。", f"Fill in: {en}."


def _text(field: FormField, raw: Any, today: date) -> str:
    text = str(raw)
    longest = field.rule.max_length or (MAX_LONG_TEXT if field.type == "long_text" else MAX_TEXT)
    if len(text) > longest:
        raise WrongAnswer(
            f"最多 {longest} 个字，现在是 {len(text)} 个。",
            f"At most {longest} characters; this has {len(text)}.",
        )
    if "\x00" in text:
        raise WrongAnswer("含有不能使用的字符。", "It has a character that cannot be used.")
    return text


def _name(field: FormField, raw: Any, today: date) -> str:
    try:
        return names.parse(str(raw))
    except names.WrongName as wrong:
        raise WrongAnswer(*NAME_ERRORS[wrong.reason]) from None


NAME_ERRORS = {
    "empty": ("请填写姓名。", "Fill in the name."),
    "long": (
        f"姓名最多 {names.MAX_NAME} 个字，请与证件一致。",
        f"A name has at most {names.MAX_NAME} characters; write it as on the document.",
    ),
    "characters": (
        "姓名只能含汉字、间隔号「·」或拉丁字母，请与证件一致。",
        "A name has only Chinese characters, the dot “·” or Latin letters; write it as on the document.",
    ),
}
ID_ERRORS = {
    "length": (
        "身份证号码应为 18 位，前 17 位是数字，最后一位是数字或 X。",
        "An ID number has 18 characters: 17 digits, then a digit or X.",
    ),
    "check": (
        "身份证号码校验不通过，请核对是否抄错了一位。",
        "The check character does not fit; look whether a digit was copied wrongly.",
    ),
    "birth": (
        "身份证号码中的出生日期不存在，或在今天以后、过于久远，请核对。",
        "The birth date inside the number does not exist, lies in the future or too far back; look again.",
    ),
}


PRINTED = re.compile(r"[0-9]{15}(?:[0-9]{2}[0-9X])?\Z")


def _resident_id(field: FormField, raw: Any, today: date) -> str:
    """Return the number; a field `as_printed` takes a wrong one too, as it stands on the document."""
    if field.rule.as_printed:
        printed = idnumber.normalise(str(raw))
        if not PRINTED.match(printed):
            raise WrongAnswer("请照证件填写 15 位或 18 位号码。", "Write the 15 or 18 characters as printed.")
        return printed
    try:
        return idnumber.parse(str(raw), today).text
    except idnumber.WrongIdNumber as wrong:
        raise WrongAnswer(*ID_ERRORS[wrong.reason]) from None


def _date(field: FormField, raw: Any, today: date) -> str:
    text = str(raw).replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-")
    try:
        year, month, day = (int(part) for part in text[:10].split("-"))
        return date(year, month, day).isoformat()
    except ValueError:
        raise WrongAnswer(
            "日期不存在，请按「年-月-日」填写，例如 2019-05-20。",
            "There is no such date; write year-month-day, for example 2019-05-20.",
        ) from None


def _datetime(field: FormField, raw: Any, today: date) -> str:
    try:
        return datetime.fromisoformat(str(raw)).strftime("%Y-%m-%dT%H:%M")
    except ValueError:
        raise WrongAnswer(
            "时间不存在，请填写日期和时刻，例如 2026-05-20 08:30。",
            "There is no such time; write date and time, for example 2026-05-20 08:30.",
        ) from None


def _choice(field: FormField, raw: Any, today: date) -> str:
    if str(raw) not in {option.value for option in field.options}:
        raise WrongAnswer("请从选项中选择。", "Choose one of the options.")
    return str(raw)


def _choices(field: FormField, raw: Any, today: date) -> list[str]:
    return [_choice(field, item, today) for item in (raw if isinstance(raw, list) else [raw])]


def _yes_no(field: FormField, raw: Any, today: date) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw not in ("yes", "no"):
        raise WrongAnswer("请选择「是」或「否」。", "Choose yes or no.")
    return bool(raw == "yes")


def _number(field: FormField, raw: Any, today: date) -> float | int:
    try:
        number = float(str(raw).replace(",", "").replace("，", ""))
    except ValueError:
        raise WrongAnswer("请填写数字。", "Write a number.") from None
    if number != number or abs(number) > 1e12:
        raise WrongAnswer("请填写数字。", "Write a number.")
    return int(number) if number.is_integer() else number


def _consent(field: FormField, raw: Any, today: date) -> bool:
    return raw in (True, "yes", "on", "true")


def _phone(field: FormField, raw: Any, today: date) -> str:
    digits = "".join(c for c in str(raw) if c.isdigit())[-11:]
    if len(digits) != 11 or not digits.startswith("1"):
        raise WrongAnswer("请填写 11 位手机号码。", "Write a mobile number of 11 digits.")
    return digits


def _uscc(field: FormField, raw: Any, today: date) -> str:
    if not uscc.is_valid(str(raw)):
        raise WrongAnswer(
            "统一社会信用代码应为 18 位，校验不通过，请核对。",
            "A unified social credit code has 18 characters with a check character; look again.",
        )
    return str(uscc.compact(str(raw)))


def _people(field: FormField, raw: Any, today: date) -> list[dict[str, str]]:
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        raise WrongAnswer("请逐个添加人员。", "Add the persons one by one.")
    if len(raw) > MAX_PEOPLE:
        raise WrongAnswer(f"最多 {MAX_PEOPLE} 人。", f"At most {MAX_PEOPLE} persons.")
    return [_person(field, position, row, today) for position, row in enumerate(raw, 1)]


def _person(field: FormField, position: int, row: Mapping[str, Any], today: date) -> dict[str, str]:
    try:
        return {
            "name": _name(field, row.get("name", ""), today),
            "id_number": _resident_id(field, row.get("id_number", ""), today),
            "relation": _text(field, row.get("relation", ""), today),
        }
    except WrongAnswer as wrong:
        zh, en = wrong.text.zh, wrong.text.en
        raise WrongAnswer(f"第 {position} 人：{zh}", f"Person {position}: {en}") from None


_CHECKS: dict[str, Callable[[FormField, Any, date], Any]] = {
    **dict.fromkeys(TEXTS, _text),
    "name": _name,
    "resident_id": _resident_id,
    "date": _date,
    "datetime": _datetime,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "number": _number,
    "money": _number,
    "consent": _consent,
    "phone": _phone,
    "uscc": _uscc,
    "people": _people,
}


def _rules(rule: Rule, value: Any, answers: Answers, today: date) -> None:
    if rule.before is not None and not str(value)[:10] < conditions.instant_of(rule.before, today).isoformat():
        raise (
            WrongAnswer("日期必须早于今天。", "The date must lie in the past.")
            if str(rule.before) in ("today", "tomorrow")
            else WrongAnswer(
                f"日期必须早于 {conditions.instant_of(rule.before, today)}。",
                f"The date must be before {conditions.instant_of(rule.before, today)}.",
            )
        )
    if rule.after is not None and not str(value)[:10] > conditions.instant_of(rule.after, today).isoformat():
        limit = conditions.instant_of(rule.after, today)
        raise WrongAnswer(f"日期必须晚于 {limit}。", f"The date must be after {limit}.")
    if rule.min is not None and value < rule.min:
        raise WrongAnswer(f"不能小于 {rule.min}。", f"At least {rule.min}.")
    if rule.max is not None and value > rule.max:
        raise WrongAnswer(f"不能大于 {rule.max}。", f"At most {rule.max}.")
    _person_rules(rule, value, today)
    if rule.not_same_as and value == answers.get(rule.not_same_as):
        raise WrongAnswer("这两项不能相同。", "These two must not be the same.")


def _person_rules(rule: Rule, value: Any, today: date) -> None:
    """Rules on what an identity number says of its holder: age in full years on `today`, and sex."""
    if rule.min_age is None and rule.max_age is None and rule.sex is None:
        return
    holder = idnumber.parse(value)
    age = today.year - holder.birth.year - ((today.month, today.day) < (holder.birth.month, holder.birth.day))
    if rule.min_age is not None and age < rule.min_age:
        raise WrongAnswer(f"须年满 {rule.min_age} 周岁。", f"Must be {rule.min_age} or older.")
    if rule.max_age is not None and age > rule.max_age:
        raise WrongAnswer(f"不能超过 {rule.max_age} 周岁。", f"Must be {rule.max_age} or younger.")
    if rule.sex is not None and holder.is_male != (rule.sex == "1"):
        raise WrongAnswer("与身份证号码的性别不符。", "The ID number says another sex.")
