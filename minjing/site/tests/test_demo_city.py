"""The demo city: valid people, the same each time; loading it twice does nothing the second time."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from minjing.base import idnumber, names
from minjing.base.workdays import build
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Account, Appointment, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import catalog, queries
from minjing.kernel.matters.models import Matter
from minjing.modules.household.models import Household, Member
from minjing.site import city, demo
from minjing.site.demo import help_desk, officers, queues, register, residents
from minjing.site.demo.names import Maker

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_other_city():
    """Forget the units and services that another test's city has left in this process."""
    queries.forget_kept()
    yield
    queries.forget_kept()


def test_made_up_people_are_valid_and_each_number_is_given_once():
    maker = Maker(1, date(2026, 1, 1))
    people = [person for _ in range(300) for person in maker.family("440304", "深圳市福田区").people]
    numbers = [person.id_number for person in people]
    assert len(set(numbers)) == len(numbers)
    for person in people:
        said = idnumber.parse(person.id_number)
        assert (said.birth, said.is_male) == (person.birth, person.sex == "1")
        assert names.parse(person.name) == person.name


def test_the_same_seed_gives_the_same_city():
    families = [Maker(7, date(2026, 1, 1)).family("440304", "深圳市福田区") for _ in range(2)]
    assert families[0] == families[1]


def test_known_residents_have_a_spouse_on_record():
    lin = residents.KNOWN[0].members[0][2]
    assert lin["spouse_id"] == residents.WANG.id_number
    assert not any(member is residents.WANG for family in residents.KNOWN for member, _, _ in family.members)


def test_the_citys_calendar_is_the_states():
    data = city.read("calendar.yaml")
    days = {key: [date.fromisoformat(f"{y}-{d}") for y, listed in data[key].items() for d in listed]
            for key in ("days_off", "made_up")}  # fmt: skip
    calendar = build(date(2004, 1, 1), data["known_until"], days["days_off"], days["made_up"], date(2027, 12, 31))
    day = date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert calendar.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_every_unit_and_every_post_of_the_flows_is_in_the_citys_files():
    data, posts = city.read("units.yaml"), city.read("posts.yaml")["posts"]
    stations = [station for branch in data["branches"] for station in branch["stations"]]
    assert len({station["code"] for station in stations}) == len(stations) == 78
    assert {branch["org"] for branch in data["branches"]} == set(range(1, 12))
    assert catalog.lint(catalog.load(city=city.facts()), set(posts)) == []


@pytest.fixture
def small(monkeypatch):
    """A city with one family a station and a handful of matters, so that loading it takes seconds."""
    monkeypatch.setattr(register, "FAMILIES", 4)
    monkeypatch.setattr(queues, "PLAYS", [play for play in queues.PLAYS if play.station == queues.FUTIAN][8:12])
    monkeypatch.setattr(help_desk, "QUESTIONS", 20)
    monkeypatch.setattr(help_desk, "PER_SERVICE", 1)


@pytest.mark.django_db
def test_loading_twice_does_nothing_the_second_time(small):
    said: list[str] = []
    demo.load(NOW, said.append)
    told = len(said)  # a line for each part
    assert told >= 9
    counts = [m.objects.count() for m in (Unit, Account, Appointment, Household, Member, Matter)]
    assert counts[0] == 90
    # of two questions about looks one is answered, and one waits for an inspector
    questions = dict(Matter.objects.filter(code="DC0101").values_list("state", "post"))
    assert questions == {"answered": "", "received": "inspector"}
    assert len(people.looks_at(residents.account("lin").person_id, NOW)) >= 2
    demo.load(NOW + timedelta(hours=1), said.append)
    assert len(said) == told
    assert [m.objects.count() for m in (Unit, Account, Appointment, Household, Member, Matter)] == counts


@pytest.mark.django_db
def test_every_station_has_its_people_and_administrators_are_three(small):
    city.load(NOW, lambda _: None)
    officers.load(NOW, lambda _: None)
    held = Appointment.objects.values_list("unit__code", "post_id")
    for unit in Unit.objects.filter(level="station"):
        assert {post for code, post in held if code == unit.code} == {"station_clerk", "station_approver"}
    admins = Account.objects.filter(appointments__post_id__in=["system_admin", "security_admin", "audit_admin"])
    assert admins.count() == admins.distinct().count() == 3


@pytest.fixture
def folder(tmp_path, settings):
    """A copy of the city's folder, and a writer of its units."""
    settings.CITY_DIR = Path(shutil.copytree(settings.CITY_DIR, tmp_path / "city"))

    def write(change):
        path = settings.CITY_DIR / "units.yaml"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return write


@pytest.mark.django_db
def test_a_change_of_the_citys_units_is_loaded_at_the_next_start_and_stands_in_the_ledger(folder):
    said: list[str] = []
    city.load(NOW, said.append)
    before = Outbox.objects.filter(kind="identity:unit:put").count()
    city.load(NOW, said.append)
    assert Outbox.objects.filter(kind="identity:unit:put").count() == before == 90
    folder(lambda text: text.replace("0755-84465000", "0755-84460000", 1).replace(
        '      - code: "440303001"', f'{NEW_STATION}      - code: "440303001"', 1
    ))  # fmt: skip
    city.load(NOW, said.append)
    assert said[-1].startswith("2 units")
    assert Unit.objects.get(code="440300").phone == "0755-84460000"
    new = Unit.objects.get(code="440303099")
    assert (new.org_id, new.parent.code, new.path) == (1, "440303", f"{new.parent.path}{new.pk}.")
    assert Outbox.objects.filter(kind="identity:unit:put").count() == before + 2


NEW_STATION = """      - code: "440303099"
        street: {zh: "新街道", en: "New Subdistrict"}
        name: {zh: "新街派出所", en: "New Street Police Station"}
        address: {zh: "深圳市罗湖区新街 1 号", en: "1 New Street, Luohu"}
        phone: 0755-00000199
        lon: 114.13
        lat: 22.55
"""


@pytest.mark.django_db
def test_a_unit_that_the_file_has_elsewhere_is_refused_by_name(folder):
    city.load(NOW, lambda _: None)
    folder(lambda text: text.replace('  - code: "440303"\n    org: 1', '  - code: "440303"\n    org: 9', 1))
    with pytest.raises(city.WrongCity, match=r"units.yaml: unit 440303 is a branch below '440300' in district 1"):
        city.load(NOW, lambda _: None)
    assert Unit.objects.get(code="440303").org_id == 1
