"""The households of the demo: about 3,000 families and the collective households of each district."""

from collections.abc import Callable
from datetime import date, datetime

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.models import Unit
from minjing.modules.household import queries
from minjing.modules.household.actions import first_entry
from minjing.modules.household.actions.first_entry import Entry, Taken
from minjing.site import city
from minjing.site.demo.names import Family, Maker, Someone
from minjing.site.demo.residents import KNOWN

SEED = 20171128
FAMILIES = 41  # a station
TODAY = date(2026, 1, 1)  # the demo's people are as old as they were then


def load(now: datetime, say: Callable[[str], None]) -> None:
    """Enter the households; nothing if the register is not empty."""
    if queries.household_count():
        return
    maker = Maker(SEED, TODAY)
    stations = {unit.code: unit.pk for unit in Unit.objects.filter(level=Unit.STATION)}
    households: list[Taken] = [family.taken(stations) for family in KNOWN]
    for branch in city.read("units.yaml")["branches"]:
        for place in branch["stations"]:
            where = f"深圳市{branch['district']['zh']}{place['street']['zh']}"
            for _ in range(FAMILIES):
                family = maker.family(place["code"][:6], where)
                households.append(_taken(family, branch["org"], stations[place["code"]]))
        households.append(_collective(maker, branch, stations))
    persons = first_entry.enter_all(households, by=SYSTEM, now=now)
    say(f"{len(households)} households with {persons} persons")


def _taken(family: Family, org_id: int, station_id: int) -> Taken:
    members = [_entry(person, family.since) for person in family.people]
    return Taken(org_id, station_id, family.since, family.address, members)


def _entry(person: Someone, since: date) -> Entry:
    items = {
        "name": person.name, "id_number": person.id_number, "sex": person.sex, "birth": person.birth.isoformat(),
        "ethnicity": person.ethnicity, "marital": person.marital, "spouse_id": person.spouse,
        "father_id": person.father, "mother_id": person.mother,
    }  # fmt: skip
    return Entry(person.relation, max(since, person.birth), items)


def _collective(maker: Maker, branch: dict[str, object], stations: dict[str, int]) -> Taken:
    """Return the collective household of a district's talent market, with a dozen people in it."""
    places = branch["stations"]
    district = branch["district"]
    assert isinstance(places, list)
    assert isinstance(district, dict)
    place = places[0]
    since = date(2008, 7, 1)
    people = [
        maker.someone(place["code"][:6], maker.random.choice("12"), maker.day(1988, 2003), "99") for _ in range(12)
    ]
    members = [_entry(person, maker.day(2018, 2024)) for person in people]
    org = branch["org"]
    assert isinstance(org, int)
    return Taken(
        org, stations[place["code"]], since, f"深圳市{district['zh']}{place['street']['zh']}人才大厦",
        members, unit_name=f"{district['zh']}人才服务中心（示例）",
    )  # fmt: skip
