"""How a page of a form is asked: what a browser posts, and each question with its answer, error and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from minjing.base import conditions
from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.schema import FormField, Page, Text

PERSON_PARTS = ("name", "id_number", "relation")
RADIOS_MAX = 8  # more options than these are a list to open

INPUTS: Mapping[str, Mapping[str, str]] = {
    "name": {"autocomplete": "off", "maxlength": "60"},
    "resident_id": {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "maxlength": "24"},
    "phone": {"type": "tel", "inputmode": "tel", "autocomplete": "tel-national", "maxlength": "20"},
    "number": {"inputmode": "decimal", "autocomplete": "off", "maxlength": "20"},
    "money": {"inputmode": "decimal", "autocomplete": "off", "maxlength": "20"},
    "household_no": {"inputmode": "numeric", "autocomplete": "off", "maxlength": "40"},
    "document_no": {"autocomplete": "off", "spellcheck": "false", "maxlength": "120"},
    "uscc": {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "maxlength": "24"},
    "address": {"autocomplete": "off", "maxlength": "200"},
    "text": {"autocomplete": "off", "maxlength": "200"},
}
HINTS: Mapping[str, Text] = {
    "resident_id": Text(zh="18 位，最后一位可能是 X", en="18 characters; the last may be X"),
    "date": Text(zh="例如 2019 年 5 月 20 日", en="For example 2019, 5, 20"),
    "datetime": Text(zh="例如 2026 年 5 月 20 日 08:30", en="For example 2026, 5, 20, 08:30"),
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


class KeptPost:
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


# ---- reading --------------------------------------------------------------------------------------------


def read(page: Page, posted: Posted) -> dict[str, Any]:
    """Return what was posted for each field of `page`, raw."""
    return {field.name: _read(field, posted) for field in page.fields}


def _read(field: FormField, posted: Posted) -> Any:
    name = field.name
    if field.type == "choices":
        return posted.getlist(name)
    if field.type == "people":
        return _people(name, posted)
    if field.type in ("date", "datetime") and name not in posted:
        return _joined(name, posted, with_time=field.type == "datetime")
    return str(posted.get(name, "")).strip()


def _joined(name: str, posted: Posted, *, with_time: bool) -> str:
    """Return the parts of a date as one text: wrong parts stay as they were typed, so that they can be shown again."""
    parts = [str(posted.get(f"{name}-{part}", "")).strip() for part in "ymd"]
    time = str(posted.get(f"{name}-t", "")).strip() if with_time else ""
    if not any(parts) and not time:
        return ""
    day = "-".join(part.zfill(2) if part.isdigit() and len(part) < 2 else part for part in parts)
    return f"{day}T{time}" if with_time else day


def _people(name: str, posted: Posted) -> list[dict[str, str]]:
    rows = []
    for number in range(min(_rows_posted(name, posted), forms.MAX_PEOPLE + 1)):
        row = {part: str(posted.get(f"{name}-{number}-{part}", "")).strip() for part in PERSON_PARTS}
        if any(row.values()) and str(number) != posted.get(f"{name}-remove"):
            rows.append(row)
    return rows


def _rows_posted(name: str, posted: Posted) -> int:
    count = str(posted.get(f"{name}-rows", ""))
    return int(count) if count.isdigit() and len(count) < 4 else 0


def facts(page: Page, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return raw answers as conditions read them: yes and no as truth values, nothing where nothing was said."""
    yes_no = {f.name for f in page.fields if f.type in ("yes_no", "consent")}
    said = {k: v for k, v in data.items() if v not in (None, "", [])}
    return {k: (v in (True, "yes") if k in yes_no else v) for k, v in said.items()}


# ---- asking ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a question."""

    value: str
    label: Text
    chosen: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One row of a list of persons."""

    number: int
    name: str
    id_number: str
    relation: str


@dataclass(frozen=True, slots=True)
class Question:
    """A field as the page shows it."""

    field: FormField
    template: str
    value: Any
    shown: str  # the value as a fact
    error: Text | None
    is_known: bool  # known already: shown as a fact, to be opened where it is not right
    is_optional: bool
    decides: bool  # other questions of the page depend on it
    hint: Text | None
    options: Sequence[Choice] = ()
    groups: Sequence[tuple[Text, Sequence[Choice]]] = ()
    people: Sequence[Person] = ()
    parts: Sequence[str] = ()
    attributes: Sequence[tuple[str, str]] = ()

    @property
    def described_by(self) -> str:
        """Return the ids of the hint and the error, for `aria-describedby`."""
        own = [f"{self.field.name}-hint"] if self.hint else []
        return " ".join(own + ([f"{self.field.name}-error"] if self.error else []))

    @property
    def first_id(self) -> str:
        """Return the id of the first input: where the summary of errors leads."""
        name = self.field.name
        return {"radios": f"{name}-1", "checks": f"{name}-1", "date": f"{name}-y", "people": f"{name}-0-name"}.get(
            self.template, name
        )


def questions(
    page: Page,
    answers: Mapping[str, Any],
    *,
    others: Mapping[str, Any],
    known: Mapping[str, Any],
    errors: Mapping[str, Text],
    today: date,
    more_people: str = "",
) -> list[Question]:
    """Return the questions of `page` to ask, given its own raw `answers` and those of the `others` pages."""
    given = {**others, **facts(page, answers)}
    deciding = {name for f in page.fields for name in conditions.fields_of(f.show)}
    return [
        _question(
            field,
            answers.get(field.name),
            error=errors.get(field.name),
            known=known.get(field.name),
            required=forms.is_required(field, given, today),
            decides=field.name in deciding,
            one_more=more_people == field.name,
        )
        for field in forms.visible_fields(page, given, today)
    ]


def _question(
    field: FormField, value: Any, *, error: Text | None, known: Any, required: bool, decides: bool, one_more: bool
) -> Question:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    template = _template(field)
    text = "" if value is None else value
    return Question(
        field=field,
        template=template,
        value=text,
        shown=shown(field, value),
        error=error,
        is_known=known not in (None, "", []) and value == known and error is None and template != "people",
        is_optional=not required,
        decides=decides,
        hint=field.hint or HINTS.get(field.type),
        options=_options(field, value),
        groups=_stations(value) if field.type == "place" else (),
        people=_persons(value, one_more) if field.type == "people" else (),
        parts=_parts(str(text)) if template == "date" else (),
        attributes=tuple({"type": "text", **INPUTS.get(field.type, INPUTS["text"])}.items()),
    )


def _template(field: FormField) -> str:
    if field.type == "choice":
        return "radios" if len(field.options) <= RADIOS_MAX else "select"
    return {
        "yes_no": "radios",
        "choices": "checks",
        "consent": "consent",
        "date": "date",
        "datetime": "date",
        "long_text": "long",
        "place": "station",
        "people": "people",
    }.get(field.type, "line")


def _options(field: FormField, value: Any) -> list[Choice]:
    if field.type == "yes_no":
        return [
            Choice("yes", Text(zh="是", en="Yes"), value == "yes"),
            Choice("no", Text(zh="否", en="No"), value == "no"),
        ]
    chosen = value if isinstance(value, list) else [value]
    return [Choice(o.value, Text(zh=o.zh, en=o.en), o.value in chosen) for o in field.options]


def _stations(value: Any) -> list[tuple[Text, list[Choice]]]:
    """Return the police stations under their branches, in the order of the tree."""
    groups: dict[int, tuple[Text, list[Choice]]] = {}
    units = queries.units()
    for station in queries.stations():
        above = units.get(station.parent_id or 0, station)
        groups.setdefault(above.id, (above.name, []))[1].append(
            Choice(station.code, station.name, station.code == value)
        )
    return list(groups.values())


def _persons(value: Any, one_more: bool) -> list[Person]:
    rows = value if isinstance(value, list) else []
    persons = [Person(n, *(str(row.get(part, "")) for part in PERSON_PARTS)) for n, row in enumerate(rows)]
    if (one_more or not persons) and len(persons) < forms.MAX_PEOPLE:
        persons.append(Person(len(persons), "", "", ""))
    return persons


def _parts(value: str) -> list[str]:
    """Return year, month, day and time of a date as typed; what cannot be taken apart stands in the first."""
    day, _, time = value.partition("T")
    parts = day.split("-")
    if len(parts) != 3:
        return [value, "", "", ""]
    return [parts[0], *(p.lstrip("0") if p.isdigit() else p for p in parts[1:]), time]


# ---- showing --------------------------------------------------------------------------------------------


def shown(field: FormField, value: Any) -> str:
    """Return an answer as people read it, in the reader's language."""
    from minjing.portals.frame.language import pick, t
    from minjing.portals.frame.templatetags.minjing import day

    if value in (None, "", []):
        return ""
    if field.type in ("yes_no", "consent"):
        return t("是", "Yes") if value in (True, "yes") else t("否", "No")
    if field.type in ("choice", "choices"):
        chosen = value if isinstance(value, list) else [value]
        labels = [pick(Text(zh=o.zh, en=o.en)) for o in field.options if o.value in chosen]
        return t("、", ", ").join(labels)
    if field.type == "place":
        station = queries.station(str(value))
        return pick(station.name) if station else str(value)
    if field.type == "date":
        return day(str(value)) or str(value)
    if field.type == "datetime":
        return f"{day(str(value))} {str(value)[11:16]}"
    if field.type == "people":
        return "\n".join(t("，", ", ").join(str(row.get(p, "")) for p in PERSON_PARTS) for row in value)
    if field.type == "money":
        return f"¥{value}"
    return str(value)
