"""The workbench against those it is not for, and against odd addresses: nothing leaks and nothing breaks."""

from dataclasses import replace

import pytest

from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import queries
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import ANSWERS
from minjing.portals.officer.tests.conftest import AUDIT, SECURITY, SUPERVISOR, SYSTEM, act, submitted, text, url

pytestmark = pytest.mark.django_db
ADMINISTRATORS = (SYSTEM, SECURITY, AUDIT)
SPOUSE = ANSWERS["spouse_id"]


def looked() -> int:
    return Outbox.objects.filter(kind="identity:person:looked").count()


# ---- whose it is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [*ADMINISTRATORS, world.ELSEWHERE], ids=lambda a: a.holdings[0].post)
def test_a_matter_of_others_has_no_page_no_paper_and_no_step(bench, who):
    matter = submitted()
    material = queries.materials(matter)[0]
    browser = bench(who)
    for tail in ("", f"sheets/{material.id}/", f"papers/{new_id()}/"):
        assert browser.get(url(matter, tail)).status_code in (403, 404)
    assert browser.get(f"/files/{material.file_id}/").status_code == 404
    for tail in ("steps/claim/", "reveal/", f"tasks/{new_id()}/"):
        assert browser.post(url(matter, tail), {"reason": "counter"}).status_code in (403, 404)
    assert looked() == 0


def test_the_masked_page_holds_no_value_in_full(bench):
    page = text(bench(world.CHEN).get(url(submitted())))
    assert SPOUSE not in page
    assert SPOUSE[6:14] not in page
    assert looked() > 0


def test_a_supervisors_page_holds_no_answer_at_all(bench):
    page = text(bench(SUPERVISOR).get(url(submitted())))
    assert SPOUSE not in page
    assert SPOUSE[:4] + "*" not in page
    assert looked() == 0


def test_typing_a_correction_without_the_file_in_hand_shows_nothing(bench):
    matter = submitted()
    answer = bench(world.ZHOU).post(url(matter, "steps/ask_correction/"), {"c_spouse_id": "x", "ver": matter.ver})
    assert SPOUSE not in text(answer)


def test_a_colleagues_claim_closes_the_papers_to_others(bench):
    matter = submitted()
    material = queries.materials(matter)[0]
    act(matter, "claim", world.CHEN)
    assert bench(world.CHEN).get(url(matter, f"sheets/{material.id}/")).status_code == 200
    assert bench(world.ZHOU).get(url(matter, f"sheets/{material.id}/")).status_code == 403


def test_a_paper_of_one_matter_does_not_open_under_anothers_number(bench):
    mine, other = submitted(), submitted(hours_ago=2)
    act(mine, "claim", world.CHEN)
    material = queries.materials(other)[0]
    assert bench(world.CHEN).get(url(mine, f"sheets/{material.id}/")).status_code == 404


@pytest.mark.parametrize("who", ADMINISTRATORS, ids=lambda a: a.holdings[0].post)
def test_each_administrator_opens_only_their_own_pages(bench, who):
    pages = {
        "system_admin": ("units", "posts", "calendars", "catalogue"),
        "security_admin": ("accounts",),
        "audit_admin": ("ledger", "looks", "ledger/verify"),
    }
    for post, names in pages.items():
        for name in names:
            status = bench(who).get(f"/officer/admin/{name}/").status_code
            assert status == (200 if post == who.holdings[0].post else 403), (name, status)
    assert bench(who).get("/officer/supervision/").status_code == 403
    assert bench(who).post("/officer/search/", {"q": "\u6797\u6653\u592b", "reason": "counter"}).status_code == 403


def test_supervision_ends_at_the_units_one_supervises(bench):
    head = world.HEAD
    assert bench(head).get("/officer/supervision/?unit=27").status_code == 200
    for unit in (4, 5, 31, 1):
        assert bench(head).get(f"/officer/supervision/?unit={unit}").status_code == 403
        assert bench(head).get(f"/officer/supervision/matters/?unit={unit}").status_code == 403
    assert bench(world.CHEN).get("/officer/supervision/").status_code == 403


# ---- odd addresses ---------------------------------------------------------------------------------------

ODD = (
    "x", "-1", "0", "%00", "²", "９９", "9" * 30, "9" * 5000, "0001-01-01", "9999-12-31", "0001-01-01T00:00:00",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-01-01~x", "9999-12-31~" + "0" * 32,
    "0001-01-01T00:00:00+23:59~" + "0" * 32, "../../etc/passwd", "<script>alert(1)</script>", "=1+1", "%0d%0aX:1",
)  # fmt: skip
ASKED = {
    "/officer/": ("queue", "since", "until", "code", "light", "sort", "dir", "after"),
    "/officer/supervision/": ("unit",),
    "/officer/supervision/matters/": ("unit", "light", "state", "why", "officer", "after"),
    "/officer/admin/accounts/": ("q", "after"),
    "/officer/admin/ledger/": ("kind", "since", "until", "before"),
    "/officer/admin/looks/": ("since", "until", "before"),
    "/officer/admin/catalogue/HZ9901/": ("old", "new"),
}


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_address_is_a_fault(bench, odd):
    matter = submitted()
    whose = {"admin/accounts": SECURITY, "admin/catalogue": SYSTEM, "admin": AUDIT, "supervision": SUPERVISOR}
    for path, names in {**ASKED, url(matter): ("step", "sheet")}.items():
        who = next((who for part, who in whose.items() if part in path), world.CHEN)
        browser = bench(who)
        for name in names:
            answer = browser.get(f"{path}?{name}={odd}")
            assert answer.status_code < 500, (path, name)
            assert "<script>alert(1)" not in text(answer)
            assert "X" not in answer.headers


@pytest.mark.parametrize("odd", ["x", "²", "-1", "9" * 30, "9" * 5000, "9999-12-31", "0001-01-01", "<b>", "a" * 9000])
def test_no_odd_form_is_a_fault(bench, odd):
    matter = submitted()
    account = f"/officer/admin/accounts/{world.CHEN.account_id}"
    forms = (
        (world.CHEN, url(matter, "steps/claim/"), ("ver", "request_id", "days", "note", "reason", "materials")),
        (world.CHEN, url(matter, "reveal/"), ("reason", "words")),
        (world.CHEN, "/officer/bulk/", ("action", "item", "request_id", "queue")),
        (world.CHEN, "/officer/search/", ("q", "reason", "words", "matter")),
        (world.CHEN, "/officer/deputies/", ("post", "since", "until", "deputy", "scope")),
        (SYSTEM, "/officer/admin/calendars/", ("days_off", "made_up", "known_until", "source")),
        (SYSTEM, "/officer/admin/catalogue/publish/", ("code",)),
        (SECURITY, "/officer/admin/accounts/", ("login", "name", "police_number", "password")),
        (SECURITY, f"{account}/appoint/", ("unit", "post", "since", "until")),
        (SECURITY, f"{account}/active/", ("active",)),
    )
    for who, path, names in forms:
        good = {
            "since": "2026-01-01", "until": "2027-01-01", "unit": "27", "post": "station_clerk@27",
            "deputy": "030000",
            "login": "somebody", "name": "x", "police_number": "1", "password": "evening-tide-on-the-bay",
        }  # fmt: skip
        browser = bench(who)
        for name in names:
            assert browser.post(path, {**good, name: odd}).status_code < 500, (path, name)


def test_a_post_that_has_ended_opens_nothing_any_more(bench):
    from django.utils import timezone

    from minjing.kernel.identity.models import Appointment

    matter = submitted()
    browser = bench(world.CHEN)
    assert browser.get(url(matter)).status_code == 200
    Appointment.objects.filter(account_id=world.CHEN.account_id).update(until=timezone.now())
    assert browser.get(url(matter)).status_code == 404
    assert browser.post(url(matter, "steps/claim/"), {"ver": 1, "request_id": new_id()}).status_code == 404


def test_a_deputy_whose_time_ends_after_the_claim_decides_nothing(bench):
    deputy = replace(
        world.ZHOU, holdings=tuple(replace(h, deputy_for=world.CHEN.account_id) for h in world.CHEN.holdings)
    )
    matter = act(submitted(), "claim", deputy)
    from minjing.kernel.matters.errors import NotAllowed, Unknown

    with pytest.raises((NotAllowed, Unknown)):
        act(matter, "recommend", replace(world.ZHOU, holdings=()))
    freed = act(matter, "release", world.HEAD)
    assert freed.claimed_by is None


def test_the_matter_of_an_erased_person_says_so_and_breaks_nothing(bench):
    from minjing.kernel.identity import sealing
    from minjing.kernel.identity.models import PersonKey

    matter = act(submitted(), "claim", world.CHEN)
    material = queries.materials(matter)[0]
    PersonKey.objects.filter(pk=world.LIN.person_id).delete()
    sealing.forget(world.LIN.person_id)
    chen = bench(world.CHEN)
    for tail in ("", f"sheets/{material.id}/", "?step=ask_supplement"):
        assert chen.get(url(matter, tail)).status_code in (200, 404, 410), tail
    assert (
        chen.post(
            url(matter, "steps/recommend/"), {"ver": matter.ver, "request_id": new_id(), "note": "x"}
        ).status_code
        < 500
    )
    assert chen.get(f"/api/matters/{matter.number}/answers").status_code in (403, 404, 410)
