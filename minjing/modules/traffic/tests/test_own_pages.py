"""My cars, my licence, the electronic licence: as their owner sees them, and as strangers do not."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from minjing.base.clock import now as clock_now
from minjing.kernel.identity.models import Account
from minjing.modules.traffic import signing
from minjing.modules.traffic.actions import bindings
from minjing.modules.traffic.rules.licence_codes import checked
from minjing.modules.traffic.tests.signed_in import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(person):
    return browser(person(1))


@pytest.fixture
def wang(person):
    return browser(person(2))


def test_the_owner_sees_the_car_binds_it_and_has_a_star_more(lin, vehicle, person):
    car = vehicle(person(1))
    page = lin.get(reverse("traffic:cars")).content.decode()
    assert "粤B·12345" in page
    assert "★★" in page
    lin.post(reverse("traffic:cars"), {"plate": "粤B12345", "vin": car.vin[-6:]})
    assert "★★★" in lin.get(reverse("traffic:cars")).content.decode()


def test_another_asks_the_owner_agrees_on_their_page_and_takes_it_back(lin, wang, vehicle, person):
    car = vehicle(person(1))
    wang.post(reverse("traffic:cars"), {"plate": "粤B12345", "vin": car.vin[-6:]})
    page = lin.get(reverse("traffic:cars")).content.decode()
    address = re.search(r'action="(/me/cars/[^"]+/answer/)"', page)[1]
    assert wang.post(address, {"answer": "agree"}).status_code == 404  # nobody agrees for the owner
    lin.post(address, {"answer": "agree", "days": "7"})
    assert ">他人的车</span>" in wang.get(reverse("traffic:cars")).content.decode()
    page = lin.get(reverse("traffic:cars")).content.decode()
    lin.post(re.search(r'action="(/me/cars/[^"]+/unbind/)"', page)[1])
    assert ">他人的车</span>" not in wang.get(reverse("traffic:cars")).content.decode()


def test_a_wrong_plate_is_said_at_its_field(lin):
    answer = lin.post(reverse("traffic:cars"), {"plate": "粤BO2345", "vin": "000001"})
    assert answer.status_code == 422
    assert "没有字母 I 和 O" in answer.content.decode()


def test_the_electronic_licence_is_checked_by_the_published_key(lin, licence, person):
    licence(person(1))
    page = lin.get(reverse("traffic:licence_code")).content.decode()
    assert re.search(r'http-equiv="refresh" content="\d+"', page)
    code = re.search(r'id="code">([^<]+)<', page)[1]
    assert checked(code, signing.verify, clock_now()).name == "林*夫"
    stranger = Client()
    assert signing.public_key() in stranger.get(reverse("traffic:check_licence")).content.decode()
    assert stranger.get(reverse("traffic:licence_key")).content.decode().strip() == signing.public_key()


def test_pages_without_a_car_a_licence_or_an_identity_say_what_to_do(lin):
    for name in ("cars", "licence", "licence_code"):
        assert lin.get(reverse(f"traffic:{name}")).status_code == 200
    nameless = browser(None)
    assert "实名核验" in nameless.get(reverse("traffic:cars")).content.decode()


def test_strangers_are_sent_to_the_sign_in():
    for name in ("cars", "licence", "licence_code"):
        assert Client().get(reverse(f"traffic:{name}")).status_code == 302


def test_the_licence_is_bound_on_its_page(lin, licence, person):
    held = licence(person(1))
    assert lin.post(reverse("traffic:licence"), {"file_number": "123"}).status_code == 422
    lin.post(reverse("traffic:licence"), {"file_number": held.file_number})
    account = Account.objects.get(person_id=person(1))
    assert bindings.Binding.objects.filter(account_id=account.pk, kind="licence", state="bound").exists()
