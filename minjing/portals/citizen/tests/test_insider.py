"""A resident's pages against other residents, and against odd addresses and forms."""

import pytest
from django.test import Client

from minjing.base.clock import now
from minjing.base.ids import new_id
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.tests.conftest import ANSWERS, scan
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.portals.citizen.tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def submitted():
    """Return a matter that Lin has submitted."""
    return actions.submit_whole(
        "HZ9901",
        ANSWERS,
        by=LIN,
        now=now(),
        request_id=new_id(),
        materials={"marriage_certificate": [scan()]},
    )


def addresses() -> dict[str, str]:
    """Return the address of each page of Lin's matter, draft and paper."""
    from django.urls import reverse

    matter = submitted()
    draft = actions.draft("HZ9901", by=LIN, now=now())
    material = queries.materials(matter)[0]
    found = {name: reverse(f"citizen:{name}", args=[matter.number]) for name in ("matter", "done", "form")}
    found |= {name: reverse(f"citizen:{name}", args=[matter.number]) for name in ("supplement", "withdraw")}
    found |= {
        name: reverse(f"citizen:{name}", args=[draft.id]) for name in ("draft", "materials", "check", "discard")
    }
    found["page"] = reverse("citizen:page", args=[draft.id, "spouse"])
    found["paper"] = reverse("citizen:paper", args=[matter.number, new_id()])
    found["file"] = reverse("files:show", args=[material.file_id])
    found["thumbnail"] = reverse("files:thumbnail", args=[material.file_id])
    return found


def test_nothing_of_lins_opens_to_a_stranger(lin, stranger):
    for name, address in addresses().items():
        if name != "paper":
            assert lin.get(address).status_code in (200, 302), name
        assert stranger.get(address).status_code == 404, name
        assert stranger.post(address, {"ver": 1, "request_id": new_id()}).status_code in (404, 405), name


def test_nothing_of_lins_opens_to_nobody_or_to_an_officer(lin):
    officer, nobody = signed_in(CHEN), Client()
    for name, address in addresses().items():
        assert officer.get(address).status_code in (403, 404), name
        assert nobody.get(address).status_code in (302, 401), name


def test_nobody_attaches_a_file_that_another_sent(lin, stranger):
    theirs = scan()
    from minjing.kernel.matters.models import Draft, Material
    from minjing.kernel.matters.tests.world import STRANGER

    draft = actions.draft("HZ9901", by=STRANGER, now=now())
    stranger.post(f"/drafts/{draft.id}/materials/", {"marriage_certificate_id": str(theirs), "go": "1"})
    assert Draft.objects.filter(id=draft.id).exists()
    assert not Material.objects.filter(draft_id=draft.id).exists()


ODD = ("x", "²", "-1", "9" * 30, "9" * 5000, "0001-01-01", "9999-12-31", "0001-01-01T00:00:00", "<script>alert(1)")


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_address_or_form_is_a_fault(lin, odd):
    found = addresses()
    asked = [(address, names) for address, names in (
        ("/matters/", ("before",)), ("/messages/", ("before",)), ("/me/looks/", ("before",)), ("/find/", ("q",)),
        (found["page"], ("then",)), ("/open/check/", ("code",)), ("/open/services/", ("q",)),
        ("/sign-in/", ("next",)),
    )]  # fmt: skip
    for address, names in asked:
        for name in names:
            answer = lin.get(address, {name: odd})
            assert answer.status_code < 500, address
            assert b"<script>alert(1)" not in answer.content
    typed = dict.fromkeys(
        ("spouse_id", "married_on", "married_on-y", "married_on-m", "married_on-d", "has_children", "children-name",
         "children-id_number", "asked", "then", "remove", "request_id", "ver", "declare", "stars", "words", "next",
         "language", "elder", "phone", "code", "id", "file_id", "marriage_certificate_id"), odd,
    )  # fmt: skip
    for name, address in {**found, "language": "/language/", "elder": "/elder/", "who": "/who/"}.items():
        assert lin.post(address, typed).status_code < 500, name


@pytest.mark.parametrize(
    "goal", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_way_leads_to_another_site(lin, goal):
    for address in ("/language/", "/elder/"):
        assert lin.post(address, {"next": goal, "language": "en"}).headers["Location"] == "/"
    for address in ("/sign-in/", "/officer/sign-in/"):
        assert f'value="{goal}' not in Client().get(address, {"next": goal}).content.decode()


def test_what_a_resident_reads_of_their_own_is_no_look(lin):
    for address in addresses().values():
        lin.get(address)
    assert not Outbox.objects.filter(kind="identity:person:looked").exists()


def test_no_page_with_ones_own_matters_is_kept_by_a_cache(lin):
    for address in ("/", "/matters/", "/messages/", "/me/"):
        assert "no-store" in lin.get(address).headers.get("Cache-Control", ""), address


def test_whoever_is_signed_in_is_so_on_the_page_of_a_malformed_address_too(lin):
    page = lin.get("/find/?q=a%00b")
    assert page.status_code == 400
    assert "退出" in page.content.decode()
