"""How telling goes, and the letters' desk: who may open them, what they show, what they note."""

import pytest

from minjing.base import clock
from minjing.kernel.identity.actor import SYSTEM as BY_ITSELF
from minjing.kernel.identity.models import Post
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.letters import waiting_letter
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.kernel.notify import actions
from minjing.kernel.notify.models import Batch, Carrier, Message
from minjing.portals.officer.tests.conftest import SUPERVISOR, SYSTEM

NOTICES, DESK = "/officer/notices/", "/officer/letters/"


@pytest.fixture
def poster(bench):
    Post.objects.filter(code="supervisor").update(acts=["supervise", "post_letters", "look"])
    return bench(SUPERVISOR)


@pytest.fixture
def letter(bench, monkeypatch):
    """One letter that waits, because nothing else reached Lin."""
    return waiting_letter(monkeypatch)


def test_figures_are_for_supervisors_administrators_and_who_posts_letters(bench):
    assert bench(SUPERVISOR).get(NOTICES).status_code == 200
    assert bench(SYSTEM).get(NOTICES).status_code == 200
    assert bench(CHEN).get(NOTICES).status_code == 403
    assert bench(SUPERVISOR).get(DESK).status_code == 403


def test_a_provider_in_trouble_is_seen(bench):
    now = clock.now()
    Carrier.objects.create(name="house", share=3, faults=5, fault="http_503", fault_at=now, changed_at=now)
    page = bench(SUPERVISOR).get(NOTICES).content.decode()
    assert ("有故障，已改走另一家" in page, "http_503" in page) == (True, True)


def test_a_letter_is_gathered_printed_posted_and_comes_back(poster, letter):
    assert "1</strong><span>封等待下一批" in poster.get(DESK).content.decode()
    page = poster.post(f"{DESK}gather/")["Location"]
    batch = Batch.objects.get()
    printed = poster.post(f"{page}pdf/")
    assert (printed["Content-Type"], printed.content[:4]) == ("application/pdf", b"%PDF")
    assert Outbox.objects.filter(kind="notify:batch:downloaded").count() == 1
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id).count() == 1
    assert "林晓" not in poster.get(page).content.decode()  # names stand in the printed list only
    for what in ("printed", "posted"):
        poster.post(f"{page}mark/", {"what": what})
    batch.refresh_from_db()
    assert batch.state == "posted"
    assert poster.post(f"{page}pdf/").status_code == 404  # the addresses are gone
    one = Message.objects.get(channel="letter", batch_id=batch.pk)
    poster.post(f"{page}mark/", {"what": "returned", "letter": one.pk})
    one.refresh_from_db()
    assert (one.state, one.report, one.fault) == ("sent", "undelivered", "returned")
    assert "退回" in poster.get(page).content.decode()


def test_the_desk_is_shut_to_others_even_by_address(bench, letter):
    batch_id = actions.make_batch(by=BY_ITSELF, now=clock.now())
    door = bench(CHEN)
    assert door.get(f"{DESK}{batch_id}/").status_code == 403
    assert door.post(f"{DESK}{batch_id}/pdf/").status_code == 403
    assert door.post(f"{DESK}{batch_id}/mark/", {"what": "posted"}).status_code == 403
    assert Batch.objects.get().state == "made"
