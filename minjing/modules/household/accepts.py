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
from minjing.modules.household.models import Household
from minjing.modules.household.queries import members_on

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
    homes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # number of a household → who belongs to it
    heads: tuple[str, ...] = ()  # who head these households
    with_spouse: bool = False  # the people who come along may be a spouse: only who is called a child must be minor


APPLICANT = ""  # in the place of a field: who applies
LANDING, LEFT = "landing_household_no", "from_household_no"
PARENTS = ("father_id", "mother_id", "declaring_parent_id", "other_parent_id")
# By the names that service files use.
FORMS: Mapping[str, Form] = {
    "birth": Form(
        parents=PARENTS, child="birth_datetime", moving_as={"birth_datetime": "birth"}, homes={"household_no": ()}
    ),
    "late_birth": Form(parents=PARENTS, child="birth_datetime", homes={"household_no": ()}),
    "foundling": Form(homes={"household_no": ()}),
    "spouse": Form(minors={"along": ""}, homes={LANDING: ("spouse_id",)}),
    "parent": Form(
        parents=("person_id", "along"),
        child="child_id",
        moving_as={"person_id": "parent", "along": "parent"},
        homes={LANDING: ("child_id",)},
    ),
    "child": Form(
        parents=("parent_id",),
        child="person_id",
        minors={"person_id": "in_school"},
        moving_as={"person_id": "child"},
        homes={LANDING: ()},
    ),
    "adopted": Form(
        parents=("adopter_id", "second_adopter_id"),
        child="person_id",
        moving_as={"person_id": "child"},
        homes={LANDING: ("adopter_id",)},
    ),
    "dependant": Form(minors={"along": ""}, homes={LANDING: ()}),
    "newcomer": Form(minors={"along": ""}, with_spouse=True, homes={LANDING: ()}),
    "landing": Form(homes={LANDING: ()}),
    "mover": Form(homes={LEFT: ("person_id",), "to_household_no": ()}),
    "home": Form(homes={LEFT: ("head_id",)}),
    "split": Form(homes={"household_no": ("new_head_id", "split_member_ids")}),
    "merge": Form(homes={"household_no_to": (), "household_no_from": ()}, heads=("head_id", "other_head_id")),
    "head": Form(homes={"household_no": ("old_head_id", "new_head_id")}, heads=("old_head_id",)),
    "book": Form(homes={"household_no": (APPLICANT,)}),
    "name": Form(parents=("other_parent_id",), child="person_id"),
    "ethnicity": Form(parents=("parent_id",), child="person_id"),
}


def accepts(name: str) -> Accepts:
    """Return the check of a form as the engine asks it: sentences beside the fields they belong to."""
    form = FORMS[name]

    def ask(*, person_id: UUID, answers: Answers, now: datetime) -> Mapping[str, Text]:
        office = matters.station(str(answers.get("office", "")))
        found = wrong(form, answers, person_id, office.id if office else None, local_day(now))
        return {said: errors.sentence(key) for said, key in found}

    return ask


def wrong(
    form: Form, answers: Answers, applicant: UUID, station_id: int | None, day: date
) -> Iterator[tuple[str, str]]:
    """Yield what cannot be: the field, and the key of the sentence."""
    yield from _ages(form, answers, day)
    yield from _homes(form, answers, applicant, station_id, day)


def _homes(
    form: Form, answers: Answers, applicant: UUID, station_id: int | None, day: date
) -> Iterator[tuple[str, str]]:
    for name, whose in form.homes.items():
        if not answers.get(name):
            continue
        household = Household.objects.filter(number=str(answers[name]).strip(), until__isnull=True).first()
        # Who moves may leave a household of any station, and the book of any is printed anew.
        ours = household is not None and (
            station_id in (None, household.station_id) or name == LEFT or APPLICANT in whose
        )
        there = {m.person_id: m.relation for m in members_on(household.pk, day)} if household else {}
        named = [who for one in whose for who in ([applicant] if one == APPLICANT else _people(answers, one))]
        heads = [who for one in form.heads for who in _people(answers, one)]
        led = not heads or any(there.get(who) == rules.HEAD for who in heads if who)
        if not ours or not led or any(who not in there for who in named):
            yield name, "household_not_theirs" if named or heads else "household_not_here"


def _people(answers: Answers, name: str) -> list[UUID | None]:
    """Return who is meant by the ID numbers of a field; None for somebody not known to the city."""
    said = answers.get(name) or []
    numbers = [str(row["id_number"]) for row in said] if isinstance(said, list) else [str(said)]
    found: list[UUID | None] = []
    for number in numbers:
        try:
            found.append(register.person_of(number))
        except rules.Refusal:
            found.append(None)
    return found


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
        return [birth for row in rows for birth in _birth(str(row["id_number"]))]
    if not said:
        return []
    return _birth(str(said)) if name.endswith("_id") else [date.fromisoformat(str(said)[:10])]


def _birth(number: str) -> list[date]:
    """Return the day an ID number says; nothing for a wrong one, as it may stand on an old document."""
    try:
        return [idnumber.parse(number).birth]
    except idnumber.WrongIdNumber:
        return []


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
        against = wrong(form, answers, matter.person_id, matter.station_id, local_day(now))
        found += [(name, errors.sentence(key)) for name, key in against]
        called = ((name, who, register.is_called(who, number)) for name, who, number in rules.named(answers))
        found += [(name, errors.sentence("name_differs", names.mask(who))) for name, who, so in called if not so]
    rows = [(service.fields[name].label, name, said) for name, said in found]
    return TITLE, rows or [(LOOK, "", NOTHING)]
