"""The letters' desk through the API: gathered, printed on record, posted, come back; shut to everybody else."""

import pytest
from django.test import Client

from minjing.base.ids import new_id
from minjing.kernel.identity.models import Post, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.letters import waiting_letter
from minjing.kernel.matters.tests.world import CHEN, LIN
from minjing.kernel.notify.models import Batch, Message
from minjing.kernel.pay.tests.conftest import officer as make_officer
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(city, monkeypatch):  # noqa: F811 - the fixture
    return waiting_letter(monkeypatch)


@pytest.fixture
def poster(letter, as_):  # noqa: F811 - the fixtures
    return as_(make_officer(Unit.objects.get(level="bureau"), "poster", "post_letters", "look"))


def gathered(client: Client) -> str:
    return f"/api/letters/batches/{post(client, '/api/letters/batches').json()['batch']['id']}"


def test_a_letter_is_gathered_printed_posted_and_comes_back(poster):
    assert poster.get("/api/letters").json() == {"waiting": 1, "batches": []}
    path = gathered(poster)
    assert post(poster, "/api/letters/batches").json() == {"batch": None}
    batch = Batch.objects.get()
    seen = poster.get(path)
    (one,) = seen.json()["letters"]
    assert (one["number"], one["came_back"]) == (f"{batch.number}-001", False)
    assert "林晓" not in seen.content.decode()
    printed = post(poster, f"{path}/pdf")
    assert (printed["Content-Type"], printed.content[:4]) == ("application/pdf", b"%PDF")
    assert Outbox.objects.filter(kind="notify:batch:downloaded").count() == 1
    assert Outbox.objects.filter(kind="identity:person:looked", subject_id=LIN.person_id).count() == 1
    assert post(poster, f"/api/letters/{one['id']}/returned").json() == {"noted": False}, "it was never posted"
    for what in ("printed", "posted"):
        assert [post(poster, f"{path}/{what}").json()["noted"] for _ in range(2)] == [True, False]
    assert post(poster, f"{path}/pdf").status_code == 404, "the addresses are gone"
    assert [post(poster, f"/api/letters/{one['id']}/returned").json()["noted"] for _ in range(2)] == [True, False]
    assert poster.get(path).json()["letters"][0]["came_back"] is True
    assert poster.get("/api/letters").json()["batches"][0]["state"] == "posted"
    kinds = list(Outbox.objects.filter(kind__startswith="notify:batch:").values_list("kind", flat=True))
    assert sorted(kinds) == [f"notify:batch:{what}" for what in ("downloaded", "made", "posted", "printed")]


@pytest.mark.parametrize("who", [CHEN, LIN])
def test_the_desk_is_shut_to_others(poster, as_, who):  # noqa: F811 - the fixture
    path, client = gathered(poster), as_(who)
    letter_id = Message.objects.get(channel="letter").pk
    assert client.get("/api/letters").status_code == 403
    assert client.get(path).status_code == 403
    for act in ("/api/letters/batches", f"{path}/pdf", f"{path}/printed", f"{path}/posted"):
        assert post(client, act).status_code == 403
    assert post(client, f"/api/letters/{letter_id}/returned").status_code == 403
    assert Batch.objects.get().state == "made"
    assert not Outbox.objects.filter(kind="notify:batch:downloaded").exists()


def test_a_post_that_posts_but_may_not_look_prints_nothing(letter, as_):  # noqa: F811 - the fixtures
    blind = as_(make_officer(Unit.objects.get(level="bureau"), "blind", "post_letters"))
    assert Post.objects.get(code="blind").acts == ["post_letters"]
    assert post(blind, f"{gathered(blind)}/pdf").status_code == 403
    assert not Outbox.objects.filter(kind="notify:batch:downloaded").exists()


def test_without_a_token_and_for_what_is_not_there(poster):
    nobody = Client(HTTP_HOST="localhost")
    assert nobody.get("/api/letters").status_code == 401
    assert post(nobody, "/api/letters/batches").status_code == 401
    path = f"/api/letters/batches/{new_id()}"
    assert poster.get(path).status_code == 404
    for act in ("pdf", "printed", "posted"):
        assert post(poster, f"{path}/{act}").status_code == 404
    assert poster.get("/api/letters/batches/x").status_code == 404
