"""A service's whole form on one page, for the clerk who fills it in with the person at the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict

from minjing.kernel.matters import forms
from minjing.kernel.matters.schema import Body, FormField, Text

OFFICE = "office"  # asked for beside the form: which station is responsible
LONG = frozenset({"long_text", "address", "people"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with what has been said so far, as the page shows it."""

    field: FormField
    value: Any
    error: Text | None
    known: bool  # by the register, not by what was typed

    @property
    def kind(self) -> str:
        """Return how it is asked: one of a few, yes or no, a tick, a date, a long or a short text."""
        simple = {"choice": "choice", "choices": "choices", "yes_no": "yes_no", "consent": "consent", "date": "date"}
        return simple.get(self.field.type, "long" if self.field.type in LONG else "short")


def read(body: Body, posted: QueryDict) -> dict[str, Any]:
    """Return what was said, as the rules of the form take it; empty answers are left out."""
    said: dict[str, Any] = {}
    for field in body.service.fields.values():
        if field.name == OFFICE:
            continue
        value: Any = posted.getlist(field.name) if field.type == "choices" else posted.get(field.name, "").strip()
        if field.type == "people" and value:
            value = _people(value)
        elif field.type == "datetime" and value:
            value = value.replace(" ", "T")
        if value:
            said[field.name] = value
    return said


def _people(lines: str) -> list[dict[str, str]]:
    """Return the persons written one a line: name, ID number, relation, with spaces or commas between."""
    rows = []
    for line in lines.splitlines():
        parts = line.replace("，", " ").replace(",", " ").split()
        if parts:
            rows.append(dict(zip(("name", "id_number", "relation"), [*parts, "", "", ""], strict=False)))
    return rows


def asked(
    body: Body, said: Mapping[str, Any], known: Mapping[str, Any], errors: Mapping[str, Text], today: date
) -> list[tuple[Text, Sequence[Asked]]]:
    """Return the questions that apply after these answers, in the groups of the form."""
    given = {**known, **_plain(said)}
    groups: list[tuple[Text, Sequence[Asked]]] = []
    for page in forms.visible_pages(body, given, today):
        fields = [f for f in forms.visible_fields(page, given, today) if f.name != OFFICE]
        if fields:
            groups.append((page.title, [_asked(f, said, known, errors) for f in fields]))
    return groups


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers as conditions compare them: yes and no as what they are."""
    return {name: {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value
            for name, value in said.items()}  # fmt: skip


def _asked(field: FormField, said: Mapping[str, Any], known: Mapping[str, Any], errors: Mapping[str, Text]) -> Asked:
    value = said.get(field.name, known.get(field.name, [] if field.type == "choices" else ""))
    if field.type == "people" and isinstance(value, list):
        value = "\n".join(" ".join(str(row.get(k, "")) for k in ("name", "id_number", "relation")) for row in value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return Asked(field, value, errors.get(field.name), field.name not in said and field.name in known)
