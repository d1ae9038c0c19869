"""Officers look vehicles and licences up: for a reason, on record first; what is no plate is said to be none."""

import threading
from datetime import timedelta

import pytest

from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.errors import IdentityError
from minjing.kernel.ledger.models import Outbox
from minjing.modules.traffic import events
from minjing.modules.traffic.actions import registers
from minjing.modules.traffic.models import FileEntry
from minjing.modules.traffic.providers.registers import record_json
from minjing.modules.traffic.providers.standin.national_register import KEY, server
from minjing.modules.traffic.queries import national, records
from minjing.modules.traffic.tests.test_counter_pages import post  # noqa: F401 - fixtures
from minjing.modules.traffic.tests.test_withholding import NOW, ZHOU
from minjing.modules.traffic.tests.test_withholding import officer as officer_of

pytestmark = pytest.mark.django_db
ADDRESS = "/officer/traffic/records/"


@pytest.fixture
def officer(post):  # noqa: F811
    return post("look")


def kinds():
    return list(Outbox.objects.values_list("kind", flat=True))


def test_a_look_asks_for_a_reason_first_and_shows_nothing_before(officer, person, vehicle):
    vehicle(person(1))
    page = officer.post(ADDRESS, {"q": "粤B·12345"}).content.decode()
    assert "林建夫" not in page
    assert 'value="incident"' in page
    assert events.REGISTER_LOOKED not in kinds()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_vehicle_is_shown_by_its_plate_with_the_look_on_record(language, post, person, vehicle, now):  # noqa: F811
    row = vehicle(person(1), inspected_until_date=(now - timedelta(days=400)).date(), at=now - timedelta(days=9))
    registers.change_vehicle(row.pk, {"colour": "red"}, "recoloured", by=SYSTEM, now=now - timedelta(days=5))
    page = post("look", language).post(ADDRESS, {"q": "粤b12345", "reason": "incident"}).content.decode()
    assert "林建夫" in page
    assert {"zh-hans": "已过期", "en": "run out"}[language] in page
    assert {"zh-hans": "红", "en": "Red"}[language] in page
    assert {"zh-hans": "白", "en": "White"}[language] in page  # what it was before
    assert events.REGISTER_LOOKED in kinds()
    assert Outbox.objects.filter(subject_id=person(1), kind__startswith="identity:").exists()


def test_a_licence_is_shown_by_its_file_number(officer, person, licence):
    row = licence(person(1), "C1,D")
    page = officer.post(ADDRESS, {"q": row.file_number, "reason": "incident"}).content.decode()
    assert "C1,D" in page
    assert "林建夫" in page


def test_a_firms_vehicle_leaves_its_look_on_record_too(officer, vehicle):
    vehicle(None, owner_firm="示范物流公司")
    assert "示范物流公司" in officer.post(ADDRESS, {"q": "粤B12345", "reason": "incident"}).content.decode()
    assert events.REGISTER_LOOKED in kinds()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("粤BIO123", "没有字母 I 和 O"),
        ("粤B1234", "位数不对"),
        ("粤B1234567", "位数不对"),
        ("B12345", "省份简称"),
        ("粤BABC12", "没有这样排列"),
        ("44030012345", "12 位数字，这里有 11 位"),
        ("440300999999", "没有这个档案编号"),
    ],
)
def test_what_is_no_plate_or_number_is_refused_with_the_reason(officer, typed, words):
    answer = officer.post(ADDRESS, {"q": typed, "reason": "incident"})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert events.REGISTER_LOOKED not in kinds()


def test_a_plate_that_was_cloned_is_said_to_be_out_of_use(officer, person, vehicle, now):
    row = vehicle(person(1), at=now - timedelta(days=30))
    registers.change_vehicle(row.pk, {"plate": "粤B54321"}, "replace_cloned", by=SYSTEM, now=now - timedelta(days=9))
    FileEntry.objects.create(
        org_id=0, kind="replace_cloned", person_id=person(1), vehicle_id=row.pk, said_sealed=b"",
        since_at=now - timedelta(days=9),
    )  # fmt: skip
    answer = officer.post(ADDRESS, {"q": "粤B12345", "reason": "incident"})
    assert (answer.status_code, "被套牌" in answer.content.decode()) == (422, True)
    assert "因被套牌换过号牌" in officer.post(ADDRESS, {"q": "粤B54321", "reason": "incident"}).content.decode()


def test_an_unknown_plate_shows_nobody_and_the_question_is_on_record(officer):
    assert "没有挂 粤B99999 的车" in officer.post(ADDRESS, {"q": "粤B99999", "reason": "incident"}).content.decode()
    officer.post(ADDRESS, {"q": "440300999999", "reason": "incident"})
    assert kinds().count("identity:search:asked") == 2


def test_without_the_post_or_with_a_reason_that_is_none_nothing_opens(post, officer, person, vehicle):  # noqa: F811
    vehicle(person(1))
    answer = officer.post(ADDRESS, {"q": "粤B12345", "reason": "curious"})
    assert (answer.status_code, "林建夫" in answer.content.decode()) == (422, False)
    answer = officer.post(ADDRESS, {"q": "粤B12345", "reason": "other", "words": "看"})
    assert answer.status_code == 422
    assert events.REGISTER_LOOKED not in kinds()


def test_a_firms_vehicle_takes_the_right_and_a_reason_too(vehicle):
    vehicle(None, owner_firm="示范物流公司")
    for who, reason, why in ((ZHOU, "incident", "no_post"), (officer_of(7, act="look"), "curious", "no_reason")):
        with pytest.raises(IdentityError) as no:
            records.look("粤B12345", reason, by=who, now=NOW)
        assert no.value.key == why
    assert events.REGISTER_LOOKED not in kinds()


def test_a_plate_of_elsewhere_is_asked_of_the_national_register_where_there_is_one(
    officer, settings, person, vehicle, now
):
    row = vehicle(person(1), at=now)
    record = national.vehicle_record(row, row)
    running = server(0)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    settings.TRAFFIC_REGISTER_URL = f"http://127.0.0.1:{running.server_address[1]}"
    settings.TRAFFIC_REGISTER_KEY = KEY.decode()
    from minjing.modules.traffic.providers.registers import Change, HttpRegisters

    said = record_json(record) | {"plate": "京A12345", "vin": "LDEM0000000000099"}
    other = type(record)(**{name: getattr(record, name) for name in record.__slots__} | {
        "plate": said["plate"], "vin": said["vin"],
    })  # fmt: skip
    HttpRegisters(settings.TRAFFIC_REGISTER_URL, KEY).tell([Change("1", "vehicle", NOW, "known", "", other)])
    page = officer.post(ADDRESS, {"q": "京A12345", "reason": "incident"}).content.decode()
    assert "全国登记" in page
    assert events.REGISTER_ASKED in kinds()
    running.shutdown()
    running.server_close()
    answer = officer.post(ADDRESS, {"q": "京A99999", "reason": "incident"})
    assert (answer.status_code, "没有回应" in answer.content.decode()) == (422, True)
