"""What is turned away at the door."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/open/services/?q=%00", "/find/?q=a%00b", "/open/check/?code=%00", "/%00"])
def test_a_nul_in_the_address_is_a_bad_request_and_no_fault(path: str) -> None:
    assert Client(HTTP_HOST="localhost").get(path).status_code == 400


@pytest.mark.parametrize("path", ["/sign-in/", "/officer/sign-in/", "/language/"])
def test_a_nul_in_a_form_is_a_bad_request_and_no_fault(path: str) -> None:
    typed = {"phone": "139\x0000000000", "login": "a\x00b", "password": "x", "next": "/\x00"}
    assert Client(HTTP_HOST="localhost").post(path, typed).status_code == 400


def test_the_page_that_says_so_can_be_used_its_switches_too() -> None:
    strict = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    page = strict.get("/open/services/?q=%00")
    assert page.status_code == 400
    (token, *_) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    answer = strict.post("/language/", {"csrfmiddlewaretoken": token, "language": "en", "next": "/"})
    assert answer.status_code == 302
