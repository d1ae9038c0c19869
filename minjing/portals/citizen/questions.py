"""A page of a form as questions to render, and a posted page as answers to check. No rules: the engine has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import QueryDict

from minjing.kernel.matters import forms, queries
from minjing.kernel.matters.schema import FormField, Option, Page, Text
from minjing.portals.frame.language import pick, t
from minjing.portals.frame.templatetags.minjing import day

MANY_OPTIONS = 7  # from here on a list to choose from instead of radio buttons
RELATIONS = (
    ("spouse", "配偶", "Spouse"),
    ("child", "子女", "Child"),
    ("parent", "父母", "Parent"),
    ("other", "其他亲属", "Other relative"),
)
WIDGETS = {
    "text": "text", "name": "text", "resident_id": "id", "date": "date", "datetime": "datetime", "number": "number",
    "money": "number", "address": "text", "phone": "tel", "household_no": "text", "uscc": "text",
    "document_no": "text", "long_text": "area", "consent": "consent", "yes_no": "yes_no", "choices": "boxes",
    "people": "people", "place": "place",
}  # fmt: skip


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
    options: Sequence[Option] = ()
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    rows: Sequence[Mapping[str, str]] = field(default_factory=list)


def questions(
    page: Page, values: Mapping[str, Any], answers: Mapping[str, Any], errors: Mapping[str, Text], today: date
) -> list[Question]:
    """Return the questions of `page` that are to be asked, given all answers so far.

    Without JavaScript a field that depends on another of the same page is shown with its condition unmet; it is
    left out, and the page comes back with it when the answer calls for it.
    """
    facts = {**answers, **{k: v for k, v in values.items() if v not in (None, "", [])}}
    shown = forms.visible_fields(page, facts, today)
    return [_question(f, values.get(f.name), errors.get(f.name), facts, today) for f in shown]


def _question(f: FormField, value: Any, error: Text | None, facts: Mapping[str, Any], today: date) -> Question:
    widget = WIDGETS.get(f.type, "")
    if f.type == "choice":
        widget = "select" if len(f.options) >= MANY_OPTIONS else "radios"
    question = Question(
        f.name,
        pick(f.label),
        widget,
        "" if value is None else value,
        pick(f.hint) if f.hint else "",
        pick(error) if error else "",
        not forms.is_required(f, facts, today),
        f.options,
    )
    if widget == "yes_no":
        question.options = [
            Option(value="yes", zh="是", en="Yes"),
            Option(value="no", zh="否", en="No"),
        ]
        question.value = {True: "yes", False: "no"}.get(value, value or "")
    elif widget == "place":
        question.groups = stations_by_district()
    elif widget == "people":
        question.rows = list(value or [])
    elif widget == "consent":
        question.value = bool(value)
    return question


def stations_by_district() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the police stations under their branches, for a list to choose from."""
    units = queries.units()
    groups: dict[int, list[tuple[str, str]]] = {}
    for station in queries.stations():
        groups.setdefault(station.parent_id or 0, []).append((station.code, pick(station.name)))
    return [(pick(units[parent].name), listed) for parent, listed in groups.items() if parent in units]


def read(page: Page, posted: QueryDict) -> dict[str, Any]:
    """Return what a posted page says, field by field; people come as rows that say anything at all."""
    data: dict[str, Any] = {}
    for f in page.fields:
        if f.type == "people":
            rows = read_people(f.name, posted)
            data[f.name] = [row for row in rows if any(row.values())]
        elif f.type == "choices":
            data[f.name] = posted.getlist(f.name)
        elif f.type == "consent":
            data[f.name] = posted.get(f.name) == "yes"
        else:
            data[f.name] = posted.get(f.name, "")
    return data


def read_people(name: str, posted: QueryDict) -> list[dict[str, str]]:
    """Return the posted rows of a list of people, less the one whose remove button was pressed."""
    columns = [posted.getlist(f"{name}-{part}") for part in ("name", "id_number", "relation")]
    rows = [{"name": a.strip(), "id_number": b.strip(), "relation": c} for a, b, c in zip(*columns, strict=False)][
        : forms.MAX_PEOPLE
    ]
    removed = posted.get(f"{name}-remove")
    if removed and removed.isdigit() and int(removed) < len(rows):
        del rows[int(removed)]
    return rows


def is_editing(page: Page, posted: QueryDict) -> bool:
    """Say whether a button inside a list of people was pressed: the page is shown again, nothing is checked."""
    return any(f"{f.name}-{verb}" in posted for f in page.fields if f.type == "people" for verb in ("add", "remove"))


def said(f: FormField, value: Any) -> str:
    """Return an answer as it is read on the check page."""
    if value in (None, "", []):
        return t("未填写", "Not given")
    if f.type == "yes_no":
        return t("是", "Yes") if value else t("否", "No")
    if f.type == "consent":
        return t("同意", "Agreed")
    if f.type in ("choice", "choices"):
        chosen = value if isinstance(value, list) else [value]
        return "、".join(pick(o) for o in f.options if o.value in chosen)
    if f.type == "date":
        return day(str(value))
    if f.type == "datetime":
        return f"{day(str(value))} {str(value)[11:16]}"
    if f.type == "place":
        found = queries.station(str(value))
        return pick(found.name) if found else str(value)
    if f.type == "people":
        relations = {key: t(zh, en) for key, zh, en in RELATIONS}
        return "；".join(
            f"{row['name']} {row['id_number']} {relations.get(row['relation'], row['relation'])}" for row in value
        )
    return str(value)
