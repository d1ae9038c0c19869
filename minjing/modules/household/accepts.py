"""What is wrong with an application before it is submitted, and what an officer should look at beside its form.

Nothing is told of anybody: a sentence says that two answers do not belong together, never what the register says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from minjing.base import idnumber, names
from minjing.base.clock import local_day
from minjing.kernel.matters import queries as matters
from minjing.kernel.matters.plugs import Accepts
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Text
from minjing.modules.household import errors, rules
from minjing.modules.household.actions import register

Answers = Mapping[str, Any]
Row = tuple[Text, str, Text]
TITLE, LOOK = Text(zh="核对要点", en="What to look at"), Text(zh="请核对", en="Look at")
NOTHING = Text(zh="没有需要特别核对的内容", en="nothing in particular")


@dataclass(frozen=True)
class Form:
    """What the answers of a service must agree with, by the names of its fields."""

    parents: tuple[str, ...] = ()
    child: str = ""  # the ID number of whose parents they are, or the day of the birth
    minors: Mapping[str, str] = field(default_factory=dict)  # who must be a minor → the answer that excuses
    moving_as: Mapping[str, str] = field(default_factory=dict)  # who comes → as what, for the hints
    with_spouse: bool = False  # the people who come along may be a spouse: only who is called a child must be minor


BIRTH = Form(
    parents=("father_id", "mother_id", "declaring_parent_id", "other_parent_id"),
    child="birth_datetime",
    moving_as={"birth_datetime": "birth"},
)
# By the names that service files use.
FORMS: Mapping[str, Form] = {
    "birth": BIRTH,
    "late_birth": Form(parents=BIRTH.parents, child=BIRTH.child),
    "spouse": Form(minors={"along": ""}),
    "parent": Form(
        parents=("person_id", "along"), child="child_id", moving_as={"person_id": "parent", "along": "parent"}
    ),
    "child": Form(
        parents=("parent_id",), child="person_id", minors={"person_id": "in_school"}, moving_as={"person_id": "child"}
    ),
    "adopted": Form(parents=("adopter_id", "second_adopter_id"), child="person_id", moving_as={"person_id": "child"}),
    "dependant": Form(minors={"along": ""}),
    "newcomer": Form(minors={"along": ""}, with_spouse=True),
    "name": Form(parents=("other_parent_id",), child="person_id"),
    "ethnicity": Form(parents=("parent_id",), child="person_id"),
}


def accepts(name: str) -> Accepts:
    """Return the check of a form as the engine asks it: sentences beside the fields they belong to."""
    form = FORMS[name]

    def ask(*, person_id: UUID, answers: Answers, now: datetime) -> Mapping[str, Text]:
        return {said: errors.sentence(key) for said, key in wrong(form, answers, local_day(now))}

    return ask


def wrong(form: Form, answers: Answers, day: date) -> Iterator[tuple[str, str]]:
    """Yield what cannot be: the field, and the key of the sentence."""
    yield from _ages(form, answers, day)


def _ages(form: Form, answers: Answers, day: date) -> Iterator[tuple[str, str]]:
    for child in births(answers, form.child):
        for parent in form.parents:
            if any(not rules.may_be_parent(birth, child) for birth in births(answers, parent)):
                yield parent, "parent_too_young"
    for minor, excuse in form.minors.items():
        some = births(answers, minor, children=form.with_spouse)
        if not answers.get(excuse) and any(rules.age_on(birth, day) >= rules.ADULT for birth in some):
            yield minor, "child_not_minor"


def births(answers: Answers, name: str, *, children: bool = False) -> list[date]:
    """Return when those of a field were born, by their ID numbers or the day it says; only who is called a child."""
    said = answers.get(name)
    if isinstance(said, list):
        rows = [row for row in said if not children or rules.is_child(str(row.get("relation", "")))]
        return [idnumber.parse(str(row["id_number"])).birth for row in rows]
    if not said:
        return []
    return [idnumber.parse(str(said)).birth if name.endswith("_id") else date.fromisoformat(str(said)[:10])]


# ---- beside the form --------------------------------------------------------------------------------------


def facts(*, matter: Snapshot, answers: Answers, now: datetime) -> tuple[Text, Sequence[Row]]:
    """Return what speaks against an open application as the register stands now, and what deserves a second look."""
    service = matters.body_of(matter).service
    form, applied = FORMS.get(service.accepts.partition(".")[2], Form()), local_day(matter.submitted_at)
    found = [
        (name, errors.sentence(key))
        for name, role in form.moving_as.items()
        for birth in births(answers, name)
        for key in rules.hints(birth, applied, moving_in_as=role)
    ]
    if matter.closed_at is None:
        found += [(name, errors.sentence(key)) for name, key in wrong(form, answers, local_day(now))]
        called = ((name, who, register.is_called(who, number)) for name, who, number in rules.named(answers))
        found += [(name, errors.sentence("name_differs", names.mask(who))) for name, who, so in called if not so]
    rows = [(service.fields[name].label, name, said) for name, said in found]
    return TITLE, rows or [(LOOK, "", NOTHING)]
