"""Walking through the application of the small world, page by page, as a browser without JavaScript does."""

import re
from typing import Any

from django.test import Client

from minjing.kernel.matters.models import Draft
from minjing.portals.citizen.tests.conftest import photo

SPOUSE = {
    "spouse_id": "440304199203040024",
    "married_on-y": "2019",
    "married_on-m": "5",
    "married_on-d": "20",
    "has_children": "no",
}
OFFICE = {"office": "U27"}
DELIVERY = {"delivery": "electronic"}
PAGES = {"spouse": SPOUSE, "office": OFFICE, "delivery": DELIVERY}


def begin(browser: Client) -> Draft:
    """Press "start" and return the draft."""
    answer = browser.post("/apply/HZ9901/")
    assert answer.status_code == 302, answer.content.decode()
    return Draft.objects.get(id=answer["Location"].split("/")[2])


def post(browser: Client, draft: Draft, page: str, **changes: Any) -> Any:
    """Fill in one page as it is asked and send it."""
    shown = browser.get(f"/drafts/{draft.id}/{page}/")
    asked = re.findall(r'name="asked" value="(\w+)"', shown.content.decode())
    return browser.post(f"/drafts/{draft.id}/{page}/", {**PAGES[page], "asked": asked, "go": "1", **changes})


def fill(browser: Client) -> Draft:
    """Fill in everything up to the check page."""
    draft = begin(browser)
    for page in PAGES:
        assert post(browser, draft, page).status_code == 302
    materials = f"/drafts/{draft.id}/materials/"
    browser.post(materials, {"marriage_certificate": photo()})
    assert browser.post(materials, {"go": "1"})["Location"] == f"/drafts/{draft.id}/check/"
    return draft


def request_id(browser: Client, draft: Draft) -> str:
    """Return the id that this check page was made with."""
    shown = browser.get(f"/drafts/{draft.id}/check/").content.decode()
    found = re.search(r'name="request_id" value="([^"]+)"', shown)
    assert found
    return found[1]


def submit(browser: Client) -> str:
    """Fill in everything, submit, and return the number."""
    draft = fill(browser)
    sent = {"request_id": request_id(browser, draft), "declare": "yes"}
    done = browser.post(f"/drafts/{draft.id}/check/", sent)
    assert done.status_code == 302, done.content.decode()
    return str(done["Location"].split("/")[2])
