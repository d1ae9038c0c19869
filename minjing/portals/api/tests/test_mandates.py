"""What the API refuses to whoever acts for another: over, taken back, of another service; by key and sentence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from minjing.kernel.identity.models import Mandate
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions
from minjing.kernel.matters.tests.conftest import ANSWERS, city  # noqa: F401 - the small world
from minjing.kernel.matters.tests.test_acting import AGENT, mandate  # noqa: F401 - Lin lets the agent act
from minjing.kernel.matters.tests.world import LIN
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the client

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(mandate):  # noqa: F811 - the fixture
    """An application that the agent has begun for Lin."""
    now = timezone.now()
    Mandate.objects.filter(pk=mandate.pk).update(
        since=now - timedelta(days=1), answered_at=now - timedelta(days=1), until=now + timedelta(days=30)
    )
    return actions.draft("HZ9901", by=AGENT, now=now, for_person=LIN.person_id)


def taken_back(mandate_id):
    Mandate.objects.filter(pk=mandate_id).update(revoked_at=timezone.now(), revoked_by=LIN.account_id)


def run_out(mandate_id):
    now = timezone.now()
    Mandate.objects.filter(pk=mandate_id).update(until=now - timedelta(hours=1))


def narrowed(mandate_id):
    Mandate.objects.filter(pk=mandate_id).update(services=["HZ0301"])


@pytest.mark.parametrize("end", [taken_back, run_out, narrowed])
def test_an_ended_mandate_ends_every_step_of_the_api(as_, draft, mandate, end):  # noqa: F811 - the fixtures
    agent = as_(AGENT)
    assert agent.get(f"/api/drafts/{draft.id}").status_code == 200
    page = next(iter(actions_pages()))
    kept = agent.put(f"/api/drafts/{draft.id}/pages/{page}", {"answers": ANSWERS}, content_type="application/json")
    assert kept.status_code == 200
    end(mandate.pk)
    for answer in (
        agent.get(f"/api/drafts/{draft.id}"),
        agent.put(f"/api/drafts/{draft.id}/pages/{page}", {"answers": ANSWERS}, content_type="application/json"),
        post(agent, f"/api/drafts/{draft.id}/submit", request_id=draft.id),
    ):
        assert answer.status_code in (403, 404), answer.content
        said = answer.json()
        assert said["message"]["zh"]
        assert said["message"]["en"]
        assert "林晓夫" not in answer.content.decode()


def test_the_refusal_is_in_the_ledger(as_, draft, mandate):  # noqa: F811 - the fixtures
    taken_back(mandate.pk)
    post(as_(AGENT), f"/api/drafts/{draft.id}/submit", request_id=draft.id)
    assert Outbox.objects.filter(kind__endswith="refused").exists()


def actions_pages():
    from minjing.kernel.matters import queries

    _, body = queries.service("HZ9901")
    return [page.page for page in body.service.form]
