"""The pages of the services: a number chosen, a consent given, a study followed, roads looked up, services found."""

from datetime import timedelta

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.matters import queries
from minjing.modules.traffic.actions import consents, plate_numbers
from minjing.modules.traffic.models import JointConsent, MoveCall, PlateNumber, Study
from minjing.modules.traffic.rules import passes
from minjing.modules.traffic.tests import items_world as world
from minjing.modules.traffic.tests.items_world import LIN, NOW, PLATE, SU
from minjing.modules.traffic.tests.test_items import city, house, printed  # noqa: F401 - the world
from minjing.portals.citizen.tests.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(house) -> Client:  # noqa: F811 - the fixture
    return signed_in(LIN.actor)


def test_everybody_reads_where_lorries_need_a_pass_and_what_clashes(house):  # noqa: F811
    page = Client().get("/traffic/roads/", {"road": ["shennan"], "hours": "day"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "<svg" in text
    assert "07:00–09:00" in text
    assert "不发通行证" in text
    assert passes.conflicts(["shennan"], "night") == []


def test_a_number_is_drawn_kept_and_given_back_on_the_page(lin):
    assert "随机抽取" in lin.get("/me/plates/").content.decode()
    lin.post("/me/plates/", {"draw": "1", "kind": "02"})
    text = lin.get("/me/plates/").content.decode()
    assert text.count('name="plate" value=') == 50
    number = text.split('name="plate" value="')[1].split('"')[0]
    lin.post("/me/plates/", {"plate": number})
    assert PlateNumber.objects.get(plate=number).holder_person_id == LIN.person_id
    assert "为您保留" in lin.get("/me/plates/").content.decode()
    lin.post("/me/plates/", {"let_go": "1"})
    assert plate_numbers.held_by(LIN.person_id, now()) is None


def test_a_study_counts_time_that_passes_and_no_more(lin):
    lin.post("/me/studies/", {"kind": "pedestrian"})
    row = Study.objects.get()
    lin.post(f"/me/studies/{row.pk}/", {"next": "1"})
    lin.post(f"/me/studies/{row.pk}/", {"next": "1"})
    row.refresh_from_db()
    assert sum(row.seconds_by_day.values()) < 5
    lin.post(f"/me/studies/{row.pk}/", {"test": "1"})
    row.refresh_from_db()
    assert row.tested_at is None


def test_who_refuses_ends_the_sale_and_nobody_else_can_answer(house, printed):  # noqa: F811
    matter = world.apply("JT0115", LIN)
    assert matter.state == "consenting"
    with pytest.raises(consents.Unknown):
        consents.answer(matter.id, True, by=LIN.actor, now=NOW)
    for _ in range(2):
        consents.answer(matter.id, False, by=SU.actor, now=NOW)
    with pytest.raises(consents.Refused, match="answered"):  # a page that was left open
        consents.answer(matter.id, True, by=SU.actor, now=NOW)
    matter = world.again(matter)
    assert (matter.state, matter.outcome) == ("declined", "withdrawn")
    assert world.Order.objects.get(subject_id=matter.id).state != "open"


def test_without_an_answer_in_seven_days_the_sale_is_over(house, printed):  # noqa: F811
    matter = world.apply("JT0115", LIN)
    assert matter.lapses_at == NOW + timedelta(days=7) or matter.lapses_at.date() == (NOW + timedelta(days=7)).date()
    assert JointConsent.objects.get().until_at == NOW + timedelta(days=7)


def test_a_call_to_move_a_car_shows_nobodys_number(house, printed):  # noqa: F811
    from minjing.kernel.ledger.models import Outbox
    from minjing.kernel.notify.models import Message

    matter = world.apply("JT0614", SU, outside_plate=PLATE, contact_phone="19911112222")
    row = MoveCall.objects.get(matter_id=matter.id)
    assert (row.state, row.owner_account_id) == ("told", LIN.account)
    told = Message.objects.filter(account_id=LIN.account, template="move_your_car")
    assert told.exists()
    written = " ".join(f"{m.text_zh}{m.text_en}{m.params}" for m in Message.objects.all())
    written += " ".join(bytes(e.payload).decode() for e in Outbox.objects.all())
    assert "19911112222" not in written
    with pytest.raises(world.Wrong):
        world.apply("JT0614", LIN, outside_plate=PLATE)


@pytest.mark.parametrize(
    "asked", [lambda s: s.title.zh, lambda s: s.title.en, lambda s: s.aliases[0]], ids=["zh", "en", "code"]
)
def test_every_service_is_found(house, asked):  # noqa: F811
    for body in world.bodies():
        found = [b.service.code for b in queries.find(asked(body.service))][:5]
        assert body.service.code in found, body.service.title.zh


def test_services_are_found_by_pinyin_and_initials(house):  # noqa: F811
    assert "JT0115" in [b.service.code for b in queries.find("guohu")]
    assert "JT0218" in [b.service.code for b in queries.find("qmhz")]
    assert SYSTEM.account_id is not None
