"""The pages of the doors, as a browser meets them."""

from datetime import timedelta
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client
from django.urls import reverse

from minjing.base import clock
from minjing.kernel.identity import actions, queries, sessions
from minjing.kernel.identity.actor import SYSTEM, Actor
from minjing.kernel.identity.models import Account, Appointment, Session
from minjing.kernel.identity.tests.conftest import LIN, LIN_NUMBER, PASSWORD, City, Phone, SignIn

PHONE = "13800138000"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ANDROID = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"


def time_code(steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(SECRET, int(clock.now().timestamp()) // 30 + steps)))


@pytest.fixture
def browser(db: None) -> Client:
    return Client(headers={"user-agent": ANDROID})


def by_phone(browser: Client, phone: Phone, wanted: str = "") -> str:
    browser.post("/sign-in/", {"phone": PHONE, "next": wanted})
    answer = browser.post("/sign-in/code/", {"code": phone.codes[-1][1], "next": wanted})
    return answer.headers["Location"]


def test_a_resident_signs_in_says_who_they_are_and_goes_where_they_wanted(
    browser: Client, phone: Phone, register: None
) -> None:
    assert browser.get("/sign-in/?next=/me/").status_code == 200
    sent = browser.post("/sign-in/", {"phone": "138 0013 8000", "next": "/me/"})
    assert sent.headers["Location"] == "/sign-in/code/?next=%2Fme%2F"
    page = browser.get("/sign-in/code/?next=/me/")
    assert "138****8000" in page.content.decode()
    assert PHONE not in page.content.decode()
    wrong = browser.post("/sign-in/code/", {"code": "abc"})
    assert wrong.status_code == 422
    assert "验证码不对" in wrong.content.decode()
    entered = browser.post("/sign-in/code/", {"code": phone.codes[0][1], "next": "/me/"})
    assert entered.headers["Location"] == "/sign-in/who/?next=%2Fme%2F"
    bad = browser.post("/sign-in/who/", {"name": LIN, "id_number": "123", "next": "/me/"})
    assert bad.status_code == 422
    assert "18 位" in bad.content.decode()
    assert 'value="123"' in bad.content.decode()
    known = browser.post("/sign-in/who/", {"name": LIN, "id_number": LIN_NUMBER, "next": "/me/"})
    assert known.headers["Location"] == "/me/"
    assert Account.objects.get().level == 2


def test_pages_speak_english(browser: Client, phone: Phone) -> None:
    english = {"accept-language": "en"}
    assert "Mobile number" in browser.get("/sign-in/", headers=english).content.decode()
    answer = browser.post("/sign-in/", {"phone": "1"}, headers=english)
    assert "Enter a mobile number of 11 digits" in answer.content.decode()


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_no_sign_in_leads_to_another_site(browser: Client, phone: Phone, wanted: str) -> None:
    assert "evil" not in by_phone(browser, phone, wanted)


def test_the_sessions_table_keeps_no_key_and_no_phone(browser: Client, phone: Phone) -> None:
    browser.post("/sign-in/", {"phone": PHONE})
    key = browser.cookies["session"].value
    row = Session.objects.get()
    assert key not in row.session_key
    assert PHONE not in str(row.get_decoded())
    assert not DjangoSession.objects.exists()


def test_the_key_is_new_after_signing_in(browser: Client, phone: Phone) -> None:
    browser.post("/sign-in/", {"phone": PHONE})
    before = browser.cookies["session"].value
    by_phone_again = browser.post("/sign-in/code/", {"code": phone.codes[-1][1]})
    assert by_phone_again.status_code == 302
    assert browser.cookies["session"].value != before
    stolen = Client()
    stolen.cookies["session"] = before
    assert stolen.get("/sessions/").status_code == 302


def test_a_session_is_listed_and_ended_from_another_device(
    browser: Client, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_phone(browser, phone)
    laptop = Client(REMOTE_ADDR="10.0.0.9", headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0"})
    by_phone(laptop, phone)
    page = laptop.get("/sessions/").content.decode()
    assert "Chrome · Android" in page
    assert "Firefox · Windows" in page
    ref = Session.objects.get(device="Chrome · Android").ref
    laptop.post("/sessions/", {"ref": str(ref)})
    assert browser.get("/sessions/").status_code == 302
    assert laptop.get("/sessions/").status_code == 200


def test_nobody_ends_a_strangers_session(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    ref = Session.objects.get().ref
    stranger = Client(REMOTE_ADDR="10.0.0.9")
    stranger.post("/sign-in/", {"phone": "13900139000"})
    stranger.post("/sign-in/code/", {"code": phone.codes[-1][1]})
    stranger.post("/sessions/", {"ref": str(ref)})
    assert browser.get("/sessions/").status_code == 200


def test_all_other_sessions_end_at_once(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    laptop = Client(REMOTE_ADDR="10.0.0.9")
    by_phone(laptop, phone)
    laptop.post("/sessions/", {"others": "1"})
    assert browser.get("/sessions/").status_code == 302
    assert laptop.get("/sessions/").status_code == 200


def test_a_session_ends_when_idle_and_at_its_absolute_limit(
    browser: Client, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_phone(browser, phone)
    start = clock.now()
    at = {"now": start}
    monkeypatch.setattr(clock, "now", lambda: at["now"])
    minute = timedelta(minutes=1)
    for turn in range(1, 71):  # 29 minutes apart, it lasts: to nearly 24 hours but not beyond
        at["now"] = start + min(turn * 20 * minute, timedelta(hours=23, minutes=55))
        assert browser.get("/sessions/").status_code == 200
    at["now"] = start + timedelta(hours=24, seconds=1)
    assert browser.get("/sessions/").status_code == 302
    monkeypatch.undo()


def test_a_session_left_alone_ends(browser: Client, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    by_phone(browser, phone)
    later = clock.now() + sessions.IDLE["resident"] + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert browser.get("/sessions/").status_code == 302


def test_a_page_writes_the_session_at_most_once_a_minute(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    seen = Session.objects.get().seen_at
    browser.get("/sessions/")
    assert Session.objects.get().seen_at == seen


def test_signing_out_needs_a_post_and_ends_the_session(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 302
    assert not Session.objects.filter(account__isnull=False).exists()


def test_signing_out_goes_on_to_a_page_of_ours_alone(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    there = browser.post("/sign-out/", {"next": "/officer/sign-in/"})
    assert there.headers["Location"] == "/officer/sign-in/"
    assert browser.post("/sign-out/", {"next": "https://evil.example/"}).headers["Location"] == "/"


@pytest.fixture
def officer(city: City) -> Account:
    account = actions.create_officer(
        login="lianhua.wang",
        password=PASSWORD,
        name="王建国",
        police_number="044001",
        by=SYSTEM,
        now=clock.now(),
    )
    actions.appoint(
        by=SYSTEM,
        account_id=account.pk,
        unit_id=city.units["lianhua"].pk,
        post="station_clerk",
        since=clock.now() - timedelta(days=1),
        now=clock.now(),
    )
    return account


def give_password(browser: Client, login: str = "lianhua.wang", password: str = PASSWORD):  # type: ignore[no-untyped-def]
    return browser.post("/officer/sign-in/", {"login": login, "password": password})


def test_an_officer_without_a_second_factor_reaches_only_its_enrolment(browser: Client, officer: Account) -> None:
    assert give_password(browser).headers["Location"] == "/officer/second-factor/"
    for address in ("/sessions/", "/officer/", "/officer/sign-in/second/", "/"):
        assert browser.get(address).headers.get("Location") == "/officer/second-factor/"
    assert browser.get("/api/anything").status_code == 403
    page = browser.get("/officer/second-factor/")
    assert page.status_code == 200
    assert "data:image/svg+xml" in page.content.decode()
    assert browser.post("/officer/second-factor/", {"code": "000000x"}).status_code == 422
    assert not Authenticator.objects.exists()


def test_enrolment_shows_recovery_codes_once_and_opens_the_workbench(browser: Client, officer: Account) -> None:
    give_password(browser)
    page = browser.get("/officer/second-factor/").content.decode()
    secret = page.split('<code class="number">')[1].split("</code>")[0].replace(" ", "")
    code = format_hotp_value(hotp_value(secret, int(clock.now().timestamp()) // 30))
    done = browser.post("/officer/second-factor/", {"code": code})
    assert done.content.decode().count("<li><code") == 10
    assert "no-store" in done.headers["Cache-Control"]
    assert browser.get("/sessions/").status_code == 200


@pytest.fixture
def enrolled(officer: Account) -> Account:
    actions.enrol_totp(officer, SECRET, now=clock.now())
    return officer


def both(browser: Client) -> None:
    give_password(browser)
    browser.post("/officer/sign-in/second/", {"code": time_code()})


def test_an_officer_signs_in_with_password_and_time_code(browser: Client, enrolled: Account) -> None:
    answer = browser.post(
        "/officer/sign-in/", {"login": "lianhua.wang", "password": PASSWORD, "next": "/officer/queue/"}
    )
    assert answer.headers["Location"] == "/officer/sign-in/second/?next=%2Fofficer%2Fqueue%2F"
    assert browser.get("/sessions/").status_code == 302  # the password alone opens nothing
    assert browser.get("/officer/sign-in/second/").status_code == 200
    assert browser.post("/officer/sign-in/second/", {"code": "123"}).status_code == 422
    entered = browser.post("/officer/sign-in/second/", {"code": time_code(), "next": "/officer/queue/"})
    assert entered.headers["Location"] == "/officer/queue/"
    assert browser.get("/sessions/").status_code == 200


def test_the_second_step_alone_opens_nothing(browser: Client, enrolled: Account) -> None:
    answer = browser.post("/officer/sign-in/second/", {"code": time_code()})
    assert answer.headers["Location"].startswith("/officer/sign-in/?")
    assert not Session.objects.filter(account__isnull=False).exists()


def test_a_time_code_seen_over_the_shoulder_is_worth_nothing(browser: Client, enrolled: Account) -> None:
    seen = ""
    while seen != time_code():  # a code turns every 30 seconds: the one that was used is the one to be seen
        seen = time_code()
        both(browser)
    other = Client()
    give_password(other)
    assert other.post("/officer/sign-in/second/", {"code": seen}).status_code == 422


def test_every_refusal_at_the_officers_door_reads_the_same(browser: Client, officer: Account, phone: Phone) -> None:
    by_phone(Client(), phone)
    resident = Account.objects.get(kind="resident").login
    shut = actions.create_officer(
        login="shut", password=PASSWORD, name="x", police_number="1", by=SYSTEM, now=clock.now()
    )
    Account.objects.filter(pk=shut.pk).update(is_active=False)
    tries = [
        ("lianhua.wang", "wrong"),
        ("nobody", "wrong"),
        ("shut", PASSWORD),
        (resident, ""),
        (resident, "!x"),
        ("", ""),
    ]
    pages = set()
    for login, password in tries:
        answer = give_password(browser, login, password)
        assert answer.status_code == 422
        text = answer.content.decode().replace(f'value="{login}"', "")
        pages.add(text.split("<h1>")[1].split("<form")[0])
    assert len(pages) == 1


def test_failures_lock_the_guesser_and_not_the_victim(enrolled: Account) -> None:
    guesser, victim = Client(REMOTE_ADDR="10.6.6.6"), Client(REMOTE_ADDR="10.0.0.1")
    for _ in range(12):
        give_password(guesser, password="wrong")
    assert give_password(guesser).status_code == 422  # even the right one, for a while
    assert give_password(victim).status_code == 302


def test_a_post_that_ends_cuts_the_session_at_once(browser: Client, enrolled: Account, security: Actor) -> None:
    both(browser)
    assert browser.get("/sessions/").status_code == 200
    post = Appointment.objects.get(account=enrolled)
    actions.end_appointment(post.pk, by=security, now=clock.now())
    assert browser.get("/sessions/").status_code == 302


def test_a_shut_account_is_out_at_once(browser: Client, enrolled: Account) -> None:
    both(browser)
    Account.objects.filter(pk=enrolled.pk).update(is_active=False)
    assert browser.get("/sessions/").status_code == 302
    assert not Session.objects.filter(account=enrolled).exists()


def test_a_session_moved_to_another_account_opens_nothing(
    browser: Client, enrolled: Account, phone: Phone, sign_in: SignIn
) -> None:
    both(browser)
    other = sign_in("13800138007")
    assert Session.objects.filter(account=enrolled).update(account=other) == 1
    assert browser.get("/sessions/").status_code == 302
    assert not Session.objects.filter(account=other).exists()


def test_factors_are_changed_only_shortly_after_signing_in(
    browser: Client, enrolled: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(browser)
    assert "passkey-options" in browser.get("/officer/second-factor/").content.decode()
    fresh = browser.post("/officer/second-factor/codes/")
    assert fresh.content.decode().count("<li><code") == 10
    later = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "passkey-options" not in browser.get("/officer/second-factor/").content.decode()
    assert browser.post("/officer/second-factor/codes/").status_code == 302


@pytest.mark.parametrize("asked", ["", "x", "²", "9" * 5_000])
def test_a_passkey_that_is_none_is_not_taken_away(browser: Client, enrolled: Account, asked: str) -> None:
    both(browser)
    assert browser.post("/officer/second-factor/passkey/", {"remove": asked}).status_code == 422


@pytest.mark.parametrize("answer", ["", "no json", "[]", "{}", '{"id": "x", "response": {}}'])
def test_nonsense_for_a_passkey_is_refused(browser: Client, enrolled: Account, answer: str) -> None:
    both(browser)
    browser.get("/officer/second-factor/")
    assert browser.post("/officer/second-factor/passkey/", {"credential": answer}).status_code == 422
    give_password(browser)
    browser.get("/officer/sign-in/second/")
    assert browser.post("/officer/sign-in/second/", {"credential": answer}).status_code == 422


@pytest.mark.parametrize(
    "address",
    ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/2fa/", "/login/", "/admin/"],
)
def test_pages_of_libraries_are_not_reachable(browser: Client, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_a_form_without_its_token_is_refused(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    for address in ("identity:sign_in", "identity:code", "identity:officer_sign_in", "identity:sign_out"):
        assert strict.post(reverse(address), {"phone": PHONE}).status_code == 403


def test_pages_carry_no_inline_script_or_style(browser: Client, enrolled: Account, phone: Phone) -> None:
    pages = [browser.get("/sign-in/"), browser.get("/officer/sign-in/")]
    give_password(browser)
    pages.append(browser.get("/officer/sign-in/second/"))
    both(browser)
    pages += [browser.get("/officer/second-factor/"), browser.get("/sessions/")]
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert " style=" not in text
        assert "onclick=" not in text
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        for script in text.split("<script")[1:]:
            assert "src=" in script.split(">")[0] or "application/json" in script.split(">")[0]


def test_session_and_actor_cost_one_query(browser: Client, enrolled: Account, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    both(browser)
    with django_assert_num_queries(1):
        browser.get("/language/nowhere/")  # a page that is not there


def test_the_officers_next_page_leads_to_their_own_door(browser: Client) -> None:
    assert browser.get("/sign-in/?next=/officer/x/").headers["Location"] == "/officer/sign-in/?next=%2Fofficer%2Fx%2F"


def test_the_actor_of_the_session_is_the_account(browser: Client, phone: Phone) -> None:
    by_phone(browser, phone)
    account_id = UUID(browser.session["_auth_user_id"])
    assert queries.actor_of(account_id, clock.now()).is_resident
