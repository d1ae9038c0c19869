"""Two phones settle an accident through the JSON API; what they may not settle, and what a stranger sees."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minjing.kernel.ledger.models import Outbox
from minjing.kernel.papers.models import Paper
from minjing.modules.traffic.models import Accident, AccidentPhoto
from minjing.modules.traffic.tests.signed_in import browser
from minjing.modules.traffic.tests.test_accidents import _own_files, drivers, picture  # noqa: F401 - fixtures
from minjing.modules.traffic.tests.test_api import get, post

pytestmark = pytest.mark.django_db
BEGIN = {"place": "深南示范路", "plate": "粤B12341", "injured": False, "drunk": False}
JOIN = {"plate": "粤B12342", "drunk": False}


@pytest.fixture
def phones(drivers):  # noqa: F811
    return [browser(one.person_id) for one in drivers]


def send(phone, address, view, content):
    photo = SimpleUploadedFile("x.jpg", content, "image/jpeg")
    answer = phone.post(f"/api/traffic{address}/photos", {"view": view, "photo": photo})
    return answer.status_code, answer.json()


def joined(phones):
    begun = post(phones[0], "/accidents", BEGIN)[1]
    post(phones[1], "/accidents/join", JOIN | {"code": begun["code"]})
    address = f"/accidents/{begun['id']}"
    for n, phone in enumerate(phones):
        for view, blue in (("front", 90), ("contact", 9)):
            assert send(phone, address, view, picture((80 * n, 60, blue)))[0] == 201
    return address


def test_two_phones_settle_it_and_both_have_the_agreement(phones):
    a, b = phones
    status, begun = post(a, "/accidents", BEGIN | {"lat": 22.54, "lon": 114.05, "district": 77})
    assert (status, begun["state"], len(begun["code"])) == (201, "open", 8)
    assert Accident.objects.get().org_id == 0  # no such district: nobody knows
    join = JOIN | {"code": begun["code"]}
    status, seen = post(b, "/accidents/join", join)
    assert (status, seen["state"], seen["mine"]["side"], seen["other"]["plate"]) == (200, "joined", "b", "粤B·12341")
    assert (post(b, "/accidents/join", join)[0], post(a, "/accidents/join", join)[1]["key"]) == (404, "no_code")
    address = f"/accidents/{begun['id']}"
    status, none = post(a, f"{address}/propose", {"situation": "rear_end", "at_fault": "b"})
    assert (status, none["key"]) == (422, "photos")
    for n, phone in enumerate(phones):
        for view in ("front", "contact"):
            status, seen = send(phone, address, view, picture((80 * n, 60, len(view))))
            assert status == 201
    assert (len(seen["mine"]["photos"]), len(seen["other"]["photos"])) == (2, 2)
    assert post(a, f"{address}/propose", {"situation": "nonsense", "at_fault": "b"})[0] == 422
    _, put = post(a, f"{address}/propose", {"situation": "rear_end", "at_fault": "b"})
    assert (put["state"], put["mine"]["liability"], put["other"]["liability"]) == ("proposed", "none", "full")
    turned = post(b, f"{address}/propose", {"situation": "rear_end", "at_fault": "a"})[1]
    status, stale = post(a, f"{address}/sign", {"digest": put["digest"]})  # others than were read
    assert (status, stale["key"], set(stale["message"])) == (409, "stale", {"zh", "en"})
    for phone in (a, a, b, b):
        status, seen = post(phone, f"{address}/sign", {"digest": turned["digest"]})
        assert status == 200
    assert (seen["state"], seen["words"], Paper.objects.count()) == ("settled", turned["words"], 2)
    assert Outbox.objects.filter(kind="traffic:accident:signed").count() == 2
    assert Paper.objects.filter(pk=seen["paper_id"]).exists()
    assert post(a, f"{address}/officer", {"why": "disagree"})[0] == 409
    assert send(a, address, "whole", picture("red"))[0] == 409
    assert [row["state"] for row in get(a, "/accidents")[1]] == ["settled"]


def test_photos_of_the_other_side_show_once_both_have_sent_and_on_record(phones):
    a, b = phones
    begun = post(a, "/accidents", BEGIN)[1]
    post(b, "/accidents/join", JOIN | {"code": begun["code"]})
    address = f"/accidents/{begun['id']}"
    send(a, address, "front", picture("red"))
    one = AccidentPhoto.objects.get()
    assert get(b, address)[1]["other"]["photos"] == []
    assert b.get(f"/api/traffic{address}/photos/{one.pk}").status_code == 404
    assert a.get(f"/api/traffic{address}/photos/{one.pk}").content[:3] == b"\xff\xd8\xff"
    for phone, colour in ((a, "blue"), (b, "green"), (b, "white")):
        send(phone, address, "contact", picture(colour))
    assert not Outbox.objects.filter(kind="traffic:accident:shown").exists()
    shown = b.get(f"/api/traffic{address}/photos/{one.pk}")
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "no-store, private")
    assert Outbox.objects.filter(kind="traffic:accident:shown").count() == 1


def test_a_stranger_and_nobody_at_all_find_nothing(phones, person):
    address, stranger = joined(phones), browser(person(3))
    photo = AccidentPhoto.objects.first()
    for path in (address, f"{address}/photos/{photo.pk}"):
        assert get(stranger, path)[0] == 404
        assert Client().get(f"/api/traffic{path}").status_code == 401
    asked = {
        "say": {"said": "x"}, "propose": {"situation": "rear_end", "at_fault": "a"}, "sign": {"digest": "0" * 64},
        "officer": {"why": "disagree"},
    }  # fmt: skip
    for act, said in asked.items():
        assert post(stranger, f"{address}/{act}", said)[0] == 404
    assert send(stranger, address, "front", picture("red"))[0] == 404
    assert get(stranger, "/accidents")[1] == []
    assert Accident.objects.get().state == "joined"


def test_somebody_hurt_is_for_an_officer_who_has_the_words_of_both(phones):
    a, _ = phones
    status, begun = post(a, "/accidents", BEGIN | {"injured": True})
    assert (status, begun["state"], begun["why"], begun["code"]) == (201, "with_officer", "injured", "")
    address = f"/accidents/{begun['id']}"
    assert post(a, f"{address}/say", {"said": "  "})[0] == 422
    assert post(a, f"{address}/say", {"said": "对方变道"})[1]["said"] == "对方变道"
    assert "对方变道" not in " ".join(bytes(e.payload).decode() for e in Outbox.objects.all())
    walked = joined(phones)
    status, left = post(a, f"{walked}/officer", {"why": "disagree"})
    assert (status, left["state"], left["why"]) == (200, "with_officer", "disagree")
    assert post(a, f"{walked}/officer", {"why": "disagree"})[0] == 200
    assert Outbox.objects.filter(kind="traffic:accident:with_officer").count() == 1
    assert post(a, f"{walked}/officer", {"why": "injured"})[1]["why"] == "injured"


@pytest.mark.parametrize(
    "wrong",
    [
        {"plate": "粤BI2341"},
        {"place": " "},
        {"place": "路\x00"},
        {"injured": "perhaps"},
        {"lat": 91},
        {"drunk": None},
    ],
)
def test_nonsense_is_refused_and_opens_nothing(phones, wrong):
    assert post(phones[0], "/accidents", BEGIN | wrong)[0] == 422
    assert not Accident.objects.exists()


def test_what_is_no_photo_is_refused_and_what_may_be_said_is_listed(phones):
    a, _ = phones
    address = f"/accidents/{post(a, '/accidents', BEGIN)[1]['id']}"
    assert send(a, address, "front", b"no picture")[0] == 422
    assert send(a, address, "roof", picture("red"))[0] == 422
    assert a.post(f"/api/traffic{address}/photos", {"view": "front"}).status_code == 422
    assert not AccidentPhoto.objects.exists()
    said = get(a, "/accidents/choices")[1]
    assert (len(said["situations"]), said["photos_least"]) == (9, 2)
    assert post(browser(None), "/accidents", BEGIN)[0] == 403
