"""The pages of the levels and of acting for others, as a browser meets them: what is missing is asked, and why."""

import pytest
from django.test import Client

from minjing.base import clock
from minjing.kernel.identity import actions, queries
from minjing.kernel.identity.models import Account, Check, Evidence, Mandate
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, OU, OU_NUMBER, City, Phone
from minjing.kernel.identity.tests.test_mandates import CHILD, CHILD_NUMBER
from minjing.kernel.ledger.models import Outbox

pytestmark = pytest.mark.django_db


def entered(phone: Phone, number: str, name: str = "", id_number: str = "") -> Client:
    """Return a browser whose owner has signed in and, with a name, said who they are."""
    browser = Client()
    browser.post("/sign-in/", {"phone": number})
    browser.post("/sign-in/code/", {"code": phone.codes[-1][1]})
    if name:
        browser.post("/sign-in/who/", {"name": name, "id_number": id_number})
    return browser


@pytest.fixture
def lin(phone: Phone, register: None, city: City) -> Client:
    return entered(phone, "13800138000", LIN, LIN_NUMBER)


def checked() -> None:
    """Let Lin be checked at a counter."""
    now = clock.now()
    by = queries.actor_of(Account.objects.get(kind=Account.RESIDENT, person__isnull=False, level=2).pk, now)
    Evidence.objects.create(
        org_id=0, account_id=by.account_id, person_id=by.person_id, level=3, method="counter", taken_at=now,
        until=now.replace(year=now.year + 1), check_of=actions.open_check(by=by, session_ref=None, now=now),
    )  # fmt: skip


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_each_level_is_shown_with_the_one_step_that_is_missing(phone: Phone, register: None, city: City) -> None:
    browser = entered(phone, "13800138000")
    assert browser.get("/identity/raise/?to=3&next=/me/")["Location"].startswith("/sign-in/who/")
    browser.post("/sign-in/who/", {"name": LIN, "id_number": LIN_NUMBER})
    page = text(browser.get("/identity/raise/?to=3&next=/me/"))
    assert "核验身份证和本人" in page
    assert "还没有核验记录" in page
    checked()
    page = text(browser.get("/identity/raise/?to=4&next=/me/"))
    assert "窗口当面核验" in page  # the evidence is named
    assert "再核验一次本人" in page


def test_a_page_of_another_site_is_never_where_one_goes_on_to(lin: Client) -> None:
    page = text(lin.get("/identity/raise/?to=3&next=https://evil.example/"))
    assert 'href="https://evil.example' not in page
    assert "next=https%3A" not in page


@pytest.mark.parametrize("page", ["/me/acting/give/", "/me/acting/guardian/"])
def test_what_needs_a_check_leads_to_it_and_back(lin: Client, page: str) -> None:
    answer = lin.get(page)
    assert (answer.status_code, answer["Location"]) == (302, f"/identity/raise/?to=3&next={page.replace('/', '%2F')}")
    assert lin.get("/identity/passkeys/")["Location"] == "/identity/raise/"


def test_who_has_said_nothing_yet_is_asked_their_name_first(phone: Phone, register: None, city: City) -> None:
    browser = entered(phone, "13800138000")
    assert browser.get("/me/acting/")["Location"] == "/sign-in/who/?next=%2Fme%2Facting%2F"
    assert Client().get("/me/acting/")["Location"] == "/sign-in/?next=%2Fme%2Facting%2F"


def test_a_counter_code_is_given_and_a_check_can_be_given_up(lin: Client) -> None:
    assert "拍身份证两面" in text(lin.get("/identity/check/"))
    page = text(lin.post("/identity/check/counter/", follow=True))
    assert "big-code" in page
    lin.post("/identity/check/", {"act": "give_up", "give_up": "1"})
    assert Check.objects.filter(purpose=Check.LEVEL).count() == 1


def test_the_forms_of_acting_for_others_mark_what_is_wrong_and_keep_what_was_said(
    lin: Client,
) -> None:
    checked()
    wrong = lin.post("/me/acting/give/", {"name": OU, "id_number": OU_NUMBER, "until-y": "二"})
    assert wrong.status_code == 422
    assert "请填写到期日" in text(wrong)
    assert f'value="{OU}"' in text(wrong)
    minor = lin.post("/me/acting/guardian/", {"name": OU, "id_number": OU_NUMBER})
    assert (minor.status_code, "已满十八周岁" in text(minor)) == (422, True)
    unknown = lin.post("/me/acting/guardian/", {"name": CHILD, "id_number": CHILD_NUMBER})
    assert (unknown.status_code, "登记库中没有" in text(unknown)) == (422, True)


def test_a_mandate_is_offered_answered_and_ended_on_its_pages(lin: Client, phone: Phone) -> None:
    checked()
    said = {"name": OU, "id_number": OU_NUMBER, "services": ["HZ0301"], "whom": "self"}
    year = clock.now().year + 1
    made = lin.post("/me/acting/give/", said | {"until-y": str(year), "until-m": "1", "until-d": "31"})
    assert made["Location"] == "/me/acting/"
    mandate = Mandate.objects.get()
    ou = entered(phone, "13800138001", OU, OU_NUMBER)
    assert "等您接受" in text(ou.get("/me/acting/"))
    assert lin.post(f"/me/acting/{mandate.pk}/", {"act": "accept"}).status_code in (302, 404)
    mandate.refresh_from_db()
    assert mandate.accepted is None or not mandate.accepted  # its giver cannot accept it
    ou.post(f"/me/acting/{mandate.pk}/", {"act": "accept"})
    assert "有效" in text(lin.get("/me/acting/"))
    lin.post(f"/me/acting/{mandate.pk}/", {"act": "revoke"})
    assert "已终止" in text(ou.get("/me/acting/"))
    assert Outbox.objects.filter(kind="identity:mandate:revoked").count() == 1
