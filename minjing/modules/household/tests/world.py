"""A small world: a station, three households, people who come and go. Plain data and a few ways to act in it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from minjing.base import conditions, idnumber
from minjing.base.clock import local_day
from minjing.base.ids import new_id
from minjing.kernel.identity import actions as identity
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.matters import forms, plugs, queries
from minjing.kernel.matters.rules import Snapshot
from minjing.kernel.matters.schema import Body, FormField
from minjing.modules.household.models import Household, Member

BEFORE = datetime(2026, 3, 2, 2, tzinfo=UTC)
NOW = datetime(2026, 9, 14, 2, tzinfo=UTC)  # a Monday, ten in the morning in Shenzhen
TODAY, DAY_BEFORE = local_day(NOW), local_day(NOW) - timedelta(days=1)
AREA = "440304"


def number(birth: str, order: int, area: str = AREA) -> str:
    return idnumber.compose(area, date.fromisoformat(birth), order)


LIN, SU, LIN_CHILD = number("1990-03-12", 1), number("1991-04-01", 2), number("2015-06-01", 3)
HE, HE_WIFE = number("1960-01-01", 1), number("1962-02-02", 2)
HE_SON, HE_DAUGHTER_IN_LAW = number("1988-05-05", 1), number("1989-06-06", 2)
COLLECTIVE_GIRL = number("1998-07-07", 2)
WANG, WANG_CHILD = number("1992-08-25", 2, "430102"), number("2018-08-08", 1, "430102")  # from elsewhere
OLD_MOTHER = number("1958-09-09", 2, "430102")
NAMES = {
    LIN: "林晓夫", SU: "苏婉", LIN_CHILD: "林小树", HE: "何国栋", HE_WIFE: "吴秀英", HE_SON: "何志远",
    HE_DAUGHTER_IN_LAW: "欧阳㛃", COLLECTIVE_GIRL: "阿依古丽·买买提", WANG: "王雨桐", WANG_CHILD: "王一一",
    OLD_MOTHER: "周桂兰",
}  # fmt: skip

# (relation, number, more items)
LIN_HOME = (
    ("02", LIN, {"spouse_id": SU, "marital": "20"}),
    ("12", SU, {"spouse_id": LIN, "marital": "20"}),
    ("20", LIN_CHILD, {"father_id": LIN, "mother_id": SU}),
)
HE_HOME = (
    ("02", HE, {"spouse_id": HE_WIFE, "marital": "20"}),
    ("12", HE_WIFE, {"spouse_id": HE, "marital": "20"}),
    ("20", HE_SON, {"spouse_id": HE_DAUGHTER_IN_LAW, "marital": "20", "father_id": HE}),
    ("38", HE_DAUGHTER_IN_LAW, {"spouse_id": HE_SON, "marital": "20"}),
)
STATION, ORG = 40, 2
CLERK = Actor(
    UUID(int=7),
    "officer",
    None,
    "测试民警",
    "030001",
    4,
    holdings=(Holding("station_clerk", STATION, "1.4.40.", "station", ORG, frozenset({"handle", "look"})),),
)


class WrongForm(Exception):
    """The form itself refuses these answers."""


def person(id_number: str) -> UUID:
    """Return who has this number, made known if nobody has."""
    found = people.person_by_id_number(id_number)
    return found or identity.ensure_person(name=NAMES[id_number], id_number=id_number, now=BEFORE)


def home(name: str) -> str:
    """Return the number of one of the three households: lin, he, collective."""
    return {"lin": "602000001", "he": "602000002", "collective": "602000003"}[name]


def membership(id_number: str) -> Member:
    return Member.objects.select_related("household").get(person_id=person(id_number), until__isnull=True)


def household(number: str) -> Household:
    return Household.objects.get(number=number)


def relations(number: str, day: date = TODAY) -> dict[UUID, str]:
    """Return who is what in a household on a day."""
    from minjing.modules.household.queries import members_on

    return {m.person_id: m.relation for m in members_on(household(number).pk, day)}


def matter(code: str, applicant: str, now: datetime = NOW) -> Snapshot:
    """Return a matter that is being approved."""
    procedure_id, _ = queries.service(code)
    return Snapshot(
        id=new_id(), org_id=ORG, number="HZ02260000001", procedure_id=procedure_id, code=code, unit_id=STATION,
        station_id=STATION, state="approved", post="", ver=3, person_id=person(applicant), account_id=UUID(int=9),
        submitted_at=now, due_at=now, yellow_at=now, step_since=now, acts={},
    )  # fmt: skip


def decide(
    code: str,
    answers: Mapping[str, Any],
    *,
    applicant: str = LIN,
    by: Actor = CLERK,
    now: datetime = NOW,
    of: Snapshot | None = None,
) -> plugs.Outcome:
    """Approve an application: the answers are checked as the form does, then the effect runs."""
    clean = checked(code, answers, now)
    run = plugs.EFFECTS[queries.service(code)[1].service.effect]
    return run(matter=of or matter(code, applicant, now), answers=clean, by=by, now=now)


def correct(of: Snapshot, answers: Mapping[str, Any], *, now: datetime = NOW) -> plugs.Outcome:
    """Approve a correction of a decided matter."""
    run = plugs.CORRECTIONS[queries.service(of.code)[1].service.effect]
    return run(matter=of, answers=checked(of.code, answers, now), by=CLERK, now=now)


def checked(code: str, answers: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the answers as the form keeps them; raise WrongForm."""
    _, body = queries.service(code)
    found = forms.check_all(body, filled(body, answers), local_day(now))
    if found.errors:
        raise WrongForm({name: text.zh for name, text in found.errors.items()})
    return found.clean


def filled(body: Body, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers with something lawful in every other field that must be filled in."""
    said = dict(answers)
    for page in body.service.form:
        if not conditions.holds(page.show, said, TODAY):
            continue
        for field in page.fields:
            shown = conditions.holds(field.show, said, TODAY)
            if not shown:
                said.pop(field.name, None)
            elif field.name not in said and forms.is_required(field, said, TODAY):
                said[field.name] = something(field)
    return _called(body, answers, said)


def _called(body: Body, answers: Mapping[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return the answers with the name that belongs to each ID number, wherever the test says none of its own."""
    other = {"child_id": "joined_name", "kept_id": "person_name", "former_id": "person_name"}
    for field, number in list(said.items()):
        name = other.get(field, field.removesuffix("_id") + "_name")
        if field.endswith("_id") and name in body.service.fields and name not in answers and name in said:
            said[name] = NAMES.get(number, said[name])
    return said


def something(field: FormField) -> Any:
    """Return an answer that may stand in this field."""
    if field.type in ("choice", "choices"):
        return field.options[0].value
    if field.rule.after:
        return (TODAY + timedelta(days=20)).isoformat()
    lowest = 1 if field.rule.min is None else field.rule.min
    return {
        "name": "测试", "resident_id": HE, "date": "2026-08-20", "datetime": "2026-08-20T08:30", "yes_no": False,
        "number": lowest, "money": lowest, "consent": True,
        "phone": "19900000001", "uscc": "91350100M000100Y43", "place": "440304004", "household_no": home("lin"),
        "people": [{"name": NAMES[HE], "id_number": HE, "relation": "其他"}],
    }.get(field.type, "测试内容一二三")  # fmt: skip


def row(id_number: str, relation: str = "") -> dict[str, str]:
    """Return a person as the field `people` gives them."""
    return {"name": NAMES[id_number], "id_number": id_number, "relation": relation}


def fact(outcome: plugs.Outcome, label: str) -> str:
    """Return what the paper prints under this heading."""
    return next((value for title, value in outcome.facts if title.zh == label), "")
