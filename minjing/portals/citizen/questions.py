"""A page of a form as questions to render, and a posted page as answers to check. No rules: the engine has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from minjing.base import conditions
from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.schema import FormField, Option, Page, Text
from minjing.portals.frame.language import pick, t
from minjing.portals.frame.templatetags.minjing import day

MANY_OPTIONS = 8  # from here on a list to choose from instead of radio buttons
PERSON_PARTS = ("name", "id_number", "relation")
RELATIONS = (
    ("spouse", "配偶", "Spouse"),
    ("child", "子女", "Child"),
    ("parent", "父母", "Parent"),
    ("other", "其他亲属", "Other relative"),
)
YES_NO = (Option(value="yes", zh="是", en="Yes"), Option(value="no", zh="否", en="No"))
WIDGETS = {
    "date": "date", "datetime": "date", "long_text": "area", "consent": "consent", "yes_no": "radios",
    "choices": "boxes", "people": "people", "place": "place",
}  # fmt: skip
# What the keyboard of a phone and the browser's memory need to know of a line of text.
LINES: Mapping[str, Mapping[str, str]] = {
    "resident_id": {"autocapitalize": "characters", "spellcheck": "false", "maxlength": "24"},
    "uscc": {"autocapitalize": "characters", "spellcheck": "false", "maxlength": "24"},
    "document_no": {"spellcheck": "false", "maxlength": "200"},
    "household_no": {"inputmode": "numeric", "maxlength": "60"},
    "number": {"inputmode": "decimal", "maxlength": "20", "class": "short"},
    "money": {"inputmode": "decimal", "maxlength": "20", "class": "short"},
    "phone": {"type": "tel", "inputmode": "tel", "maxlength": "20", "class": "short"},
}
HINTS = {
    "resident_id": Text(zh="18 位，最后一位可能是 X", en="18 characters; the last may be X"),
    "date": Text(zh="例如 2019 年 5 月 20 日", en="For example 2019, 5, 20: year, month, day"),
    "datetime": Text(zh="例如 2026 年 5 月 20 日 08:30", en="For example 2026, 5, 20, 08:30: year, month, day, time"),
    "uscc": Text(zh="18 位，在营业执照上", en="18 characters, on the business licence"),
}


class Posted(Protocol):
    """What a form has brought: Django's QueryDict, or the same kept over a sign-in."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the last value."""

    def getlist(self, name: str) -> list[str]:
        """Return all values."""

    def __contains__(self, name: object) -> bool:
        """Say whether there is any."""


class Kept:
    """A posted page that was kept while its writer signed in again."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._lists = lists

    def get(self, name: str, default: Any = None) -> Any:
        """Return the last value."""
        return self._lists[name][-1] if self._lists.get(name) else default

    def getlist(self, name: str) -> list[str]:
        """Return all values."""
        return list(self._lists.get(name, ()))

    def __contains__(self, name: object) -> bool:
        return name in self._lists


# ---- asking ---------------------------------------------------------------------------------------------


@dataclass
class Question:
    """One question as the template shows it."""

    name: str
    label: str
    widget: str
    value: Any = ""
    hint: str = ""
    error: str = ""
    optional: bool = False
    known: str = ""  # the value as a fact, where it is known already and need not be asked
    decides: bool = False  # other questions of the page depend on it
    options: Sequence[Option] = ()
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    rows: Sequence[Mapping[str, str]] = field(default_factory=list)
    parts: Sequence[str] = ()  # year, month, day as typed; for an instant the time too
    attributes: Sequence[tuple[str, str]] = ()

    @property
    def goal(self) -> str:
        """Return the id that the summary of errors leads to: the first input."""
        first = {"date": "-y", "radios": "-1", "boxes": "-1", "people": "-1-n"}
        return f"q-{self.name}{first.get(self.widget, '')}"

    @property
    def described_by(self) -> str:
        """Return the ids of what explains the input."""
        return " ".join(f"{kind}-{self.name}" for kind, text in (("h", self.hint), ("e", self.error)) if text)


def questions(
    page: Page,
    values: Mapping[str, Any],
    answers: Mapping[str, Any],
    errors: Mapping[str, Text],
    today: date,
    known: Mapping[str, Any] | None = None,
    *,
    one_more: str = "",
) -> list[Question]:
    """Return the questions of `page` that are to be asked, given its raw `values` and the `answers` of all pages.

    A field that depends on another of the same page is left out until the answer calls for it; the page then comes
    back with it. `known` is what the registers say: where a value equals it, the question is shown as a fact.
    """
    given = {**answers, **facts(page, values)}
    deciding = {name for f in page.fields for name in conditions.fields_of(f.show)}
    return [
        _question(
            f,
            values.get(f.name),
            errors.get(f.name),
            optional=not forms.is_required(f, given, today),
            known=(known or {}).get(f.name),
            decides=f.name in deciding,
            one_more=one_more == f.name,
        )
        for f in forms.visible_fields(page, given, today)
    ]


def facts(page: Page, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return raw values as conditions read them: yes and no as truth values, nothing where nothing was said."""
    truths = {f.name for f in page.fields if f.type in ("yes_no", "consent")}
    own = {f.name for f in page.fields}
    said = {name: value for name, value in values.items() if name in own}
    return {
        name: (value in (True, "yes") if name in truths and value not in (None, "") else value)
        for name, value in said.items()
    }


def _question(
    f: FormField, value: Any, error: Text | None, *, optional: bool, known: Any, decides: bool, one_more: bool
) -> Question:
    widget = WIDGETS.get(f.type, "line")
    if f.type == "choice":
        widget = "select" if len(f.options) >= MANY_OPTIONS else "radios"
    if f.type == "yes_no":
        value = {True: "yes", False: "no"}.get(value, value)
    question = Question(
        name=f.name,
        label=pick(f.label),
        widget=widget,
        value="" if value is None else value,
        hint=pick(f.hint or HINTS.get(f.type)),
        error=pick(error),
        optional=optional and "可不填" not in f.label.zh,  # some labels say so themselves
        decides=decides,
        options=YES_NO if f.type == "yes_no" else f.options,
    )
    if known not in (None, "", []) and value == known and error is None and widget != "people":
        question.known = said(f, value)
    _fill(question, f, value, one_more)
    return question


def _fill(question: Question, f: FormField, value: Any, one_more: bool) -> None:
    """Add what only this kind of question needs."""
    if question.widget == "place":
        question.groups = stations_by_district()
    elif question.widget == "people":
        question.rows = list(value or [])
        if (one_more or not question.rows) and len(question.rows) < forms.MAX_PEOPLE:
            question.rows = [*question.rows, dict.fromkeys(PERSON_PARTS, "")]
    elif question.widget == "date":
        question.parts = _parts(str(question.value))[: 4 if f.type == "datetime" else 3]
    elif question.widget == "line":
        question.attributes = tuple({"type": "text", "maxlength": "200", **LINES.get(f.type, {})}.items())


def _parts(value: str) -> list[str]:
    """Return year, month, day and time as typed; what cannot be taken apart stands in the first."""
    whole, _, time = value.partition("T")
    parts = whole.split("-")
    if len(parts) != 3:
        return [value, "", "", ""]
    return [parts[0], *(p.lstrip("0") if p.isdigit() else p for p in parts[1:]), time]


def stations_by_district() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the police stations under their branches, for a list to choose from."""
    units = queries.units()
    groups: dict[int, list[tuple[str, str]]] = {}
    for station in queries.stations():
        groups.setdefault(station.parent_id or 0, []).append((station.code, pick(station.name)))
    return [(pick(units[parent].name), listed) for parent, listed in groups.items() if parent in units]


# ---- reading --------------------------------------------------------------------------------------------


def read(page: Page, posted: Posted) -> dict[str, Any]:
    """Return what a posted page says, field by field, raw."""
    return {f.name: _read(f, posted) for f in page.fields}


def _read(f: FormField, posted: Posted) -> Any:
    if f.type == "people":
        return [row for row in read_people(f.name, posted) if any(row.values())]
    if f.type == "choices":
        return posted.getlist(f.name)
    if f.type == "consent":
        return posted.get(f.name) == "yes"
    if f.type in ("date", "datetime") and f.name not in posted:
        return _joined(f.name, posted)
    return str(posted.get(f.name, "")).strip()


def _joined(name: str, posted: Posted) -> str:
    """Return the parts of a date as one text; wrong parts stay as they were typed, to be shown again."""
    parts = [str(posted.get(f"{name}-{part}", "")).strip() for part in "ymd"]
    time = str(posted.get(f"{name}-t", "")).strip()
    if not any(parts) and not time:
        return ""
    whole = "-".join(part.zfill(2) if part.isdigit() else part for part in parts)
    return f"{whole}T{time}" if f"{name}-t" in posted else whole


def read_people(name: str, posted: Posted) -> list[dict[str, str]]:
    """Return the posted rows of a list of people, less the one whose remove button was pressed."""
    columns = [posted.getlist(f"{name}-{part}") for part in PERSON_PARTS]
    rows = [
        dict(zip(PERSON_PARTS, (cell.strip() for cell in row), strict=True)) for row in zip(*columns, strict=False)
    ]
    removed = str(posted.get(f"{name}-remove", ""))
    if removed.isdecimal() and len(removed) < 4 and int(removed) < len(rows):
        del rows[int(removed)]
    return rows[: forms.MAX_PEOPLE + 1]


def editing(page: Page, posted: Posted) -> str:
    """Return the list of people in which a button was pressed: the page is shown again, nothing is checked."""
    people = (f.name for f in page.fields if f.type == "people")
    return next((n for n in people if f"{n}-add" in posted or f"{n}-remove" in posted), "")


# ---- showing --------------------------------------------------------------------------------------------


def said(f: FormField, value: Any) -> str:
    """Return an answer as it is read on the check page."""
    if value in (None, "", []):
        return t("未填写", "Not given")
    if f.type == "yes_no":
        return t("是", "Yes") if value in (True, "yes") else t("否", "No")
    if f.type == "consent":
        return t("同意", "Agreed")
    if f.type in ("choice", "choices"):
        chosen = value if isinstance(value, list) else [value]
        return t("、", ", ").join(pick(o) for o in f.options if o.value in chosen)
    if f.type == "date":
        return day(str(value))
    if f.type == "datetime":
        return f"{day(str(value))} {str(value)[11:16]}"
    if f.type == "place":
        found = queries.station(str(value))
        return pick(found.name) if found else str(value)
    if f.type == "people":
        relations = {key: t(zh, en) for key, zh, en in RELATIONS}
        return "\n".join(
            f"{row['name']} {row['id_number']} {relations.get(row['relation'], row['relation'])}" for row in value
        )
    if f.type == "money":
        return f"¥{value}"
    return str(value)
