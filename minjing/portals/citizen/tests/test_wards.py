"""A guardian reads a child's papers, each opening on record; nobody else does, and not when it has ended."""

import json
from datetime import timedelta

import pytest

from minjing.base.clock import now
from minjing.kernel.identity import queries as people
from minjing.kernel.identity.models import Mandate
from minjing.kernel.identity.sealing import blind_index, seal
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.world import LIN, STRANGER
from minjing.kernel.papers.models import Paper
from minjing.portals.citizen.tests.test_matters import approved, number, text  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture
def guardian(city):
    """What an officer has confirmed: the stranger is Lin's guardian."""
    at = now()
    return Mandate.objects.create(
        kind="guardian", giver_id=LIN.person_id, taker_id=STRANGER.person_id, services=[], source="officer",
        taker_index=blind_index("id_number", "x"), offered_by_id=STRANGER.account_id, offered_at=at, since=at,
        names_sealed=seal(LIN.person_id, "identity_mandate.names", json.dumps({"giver": "林小满", "taker": "x"})),
        until=at + timedelta(days=3000), answered_at=at, accepted=True,
    )  # fmt: skip


def test_a_guardian_finds_the_childs_papers_and_each_look_stands_in_its_record(guardian, approved, stranger):  # noqa: F811
    paper = Paper.objects.get(holder_id=LIN.person_id)
    assert "林小满的证照" in text(stranger.get("/me/"))
    shown = text(stranger.get(f"/me/wards/{guardian.pk}/"))
    assert paper.number in shown
    answer = stranger.get(f"/me/wards/{guardian.pk}/{paper.pk}.pdf")
    assert answer.content[:5] == b"%PDF-"
    assert [look.by for look in people.looks_at(LIN.person_id, now())].count(STRANGER.account_id) == 2


def test_who_is_no_guardian_or_no_more_finds_nothing(guardian, approved, stranger, lin):  # noqa: F811
    paper = Paper.objects.get(holder_id=LIN.person_id)
    address = f"/me/wards/{guardian.pk}/"
    assert lin.get(address).status_code == 404
    Mandate.objects.filter(pk=guardian.pk).update(revoked_at=now(), revoked_by=STRANGER.account_id)
    for path in (address, f"{address}{paper.pk}.pdf"):
        assert stranger.get(path).status_code == 404
    refused = Outbox.objects.filter(kind="matters:acting:refused").values_list("actor_id", flat=True)
    assert list(refused) == [STRANGER.account_id] * 2  # of Lin, who was never a guardian, there is nothing to say
    assert "林小满" not in text(stranger.get("/me/"))
