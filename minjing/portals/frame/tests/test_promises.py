"""The ledger's promises in the head of an answer: one note for a page of people, and never a head too long."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from minjing.base.ids import new_id
from minjing.kernel.ledger.actions import append, entry
from minjing.kernel.ledger.providers.promise import promise_verifier
from minjing.kernel.ledger.rules.promise import open_promise
from minjing.portals.frame.promises import HEADER, HEADER_MAX, Promises

NOON = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)


def answered(*pages: int) -> HttpResponse:
    """Return the answer of a page that looks at so many people, once for each number."""

    def page(request: Any) -> HttpResponse:
        for people in pages:
            append(*(entry("identity:person:looked", {}, at=NOON, subject_id=new_id()) for _ in range(people)))
        return HttpResponse("shown")

    return Promises(page)(RequestFactory().get("/"))


@pytest.mark.django_db(transaction=True)
def test_a_page_of_people_is_one_signature_over_all_their_looks():
    (note,) = answered(12)[HEADER].split(", ")
    key = promise_verifier()
    assert key is not None
    assert len(open_promise(b64decode(note).decode(), [key]).leaves) == 12


@pytest.mark.django_db(transaction=True)
def test_a_head_never_grows_beyond_what_servers_take():
    assert HEADER not in answered(500).headers
    some = answered(*[1] * 30)[HEADER]
    assert 1 < len(some.split(", ")) < 30
    assert len(some) <= HEADER_MAX


@pytest.mark.django_db(transaction=True)
def test_a_page_that_does_nothing_promises_nothing():
    assert HEADER not in answered().headers
