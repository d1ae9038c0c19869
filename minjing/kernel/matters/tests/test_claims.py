"""Claims of who has lost the post: they are given back, so that the matter lies in the post's queue again."""

from datetime import timedelta

import pytest

from minjing.kernel.identity.models import Account, Appointment
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, queries
from minjing.kernel.matters.models import MatterEvent
from minjing.kernel.matters.tests.test_actions import HOUR, act, submit
from minjing.kernel.matters.tests.world import CHEN, LUO, MONDAY, ZHOU, officer

pytestmark = pytest.mark.django_db
DEPUTY = officer(12, "branch_approver", "1.4.", deputy_for=LUO.account_id)  # Zhou, for Luo
LATER = MONDAY + timedelta(days=1)


@pytest.fixture
def deputised(city):
    """Return a matter that lies with the branch and is claimed by Luo's deputy, whose time ends in the evening."""
    Appointment.objects.create(
        account_id=ZHOU.account_id, unit_id=4, post_id="branch_approver", since=MONDAY - timedelta(days=1),
        until=MONDAY + 8 * HOUR, deputy_for_id=LUO.account_id, scope=["HZ9901"],
    )  # fmt: skip
    return act(act(act(submit(), "claim", CHEN), "recommend", CHEN), "claim", DEPUTY)


def end(account_id, post, at):
    Appointment.objects.filter(account_id=account_id, post_id=post).update(until=at)


def test_a_claim_of_a_deputy_whose_time_is_over_is_given_back_with_its_record(deputised):
    actions.give_back_claims(MONDAY + 7 * HOUR)
    assert queries.matter(deputised.id, LUO, MONDAY).claimed_by == ZHOU.account_id
    assert queries.queue(LUO, "to_claim", LATER) == []
    actions.give_back_claims(LATER)
    given_back = queries.matter(deputised.id, LUO, LATER)
    assert (given_back.claimed_by, given_back.claimed_at, given_back.state) == (None, None, "recommended")
    assert queries.refold(given_back) == {}
    event = MatterEvent.objects.get(matter_id=deputised.id, action="release")
    assert (event.actor_kind, event.at, event.seq) == ("system", LATER, given_back.ver)
    assert Outbox.objects.get(id=event.entry_id).kind == "matters:matter:release"
    assert [m.id for m in queries.queue(LUO, "to_claim", LATER)] == [deputised.id]
    claimed = act(given_back, "claim", LUO, LATER)
    actions.give_back_claims(LATER)
    assert queries.matter(deputised.id, LUO, LATER) == claimed


@pytest.mark.parametrize(
    "lose",
    [
        lambda: end(CHEN.account_id, "station_clerk", MONDAY + 2 * HOUR),
        lambda: Account.objects.filter(id=CHEN.account_id).update(is_active=False),
        lambda: Appointment.objects.filter(account_id=CHEN.account_id).update(unit_id=31),
        lambda: Appointment.objects.filter(account_id=CHEN.account_id).update(scope=["HZ0101"]),
    ],
)
def test_a_claim_of_who_lost_the_post_is_given_back_and_no_other(city, lose):
    lost, kept = act(submit(), "claim", CHEN), act(submit(), "claim", ZHOU)
    lose()
    actions.give_back_claims(LATER)
    assert queries.matter(lost.id, ZHOU, LATER).claimed_by is None
    assert queries.matter(kept.id, ZHOU, LATER) == kept


def test_a_deputy_has_the_claim_no_longer_than_who_is_deputised_for_has_the_post(deputised):
    end(LUO.account_id, "branch_approver", MONDAY + 2 * HOUR)
    actions.give_back_claims(MONDAY + 3 * HOUR)
    assert queries.matter(deputised.id, CHEN, LATER).claimed_by is None


def test_one_sweep_gives_back_so_many_and_the_next_the_rest(city):
    matters = [act(submit(), "claim", CHEN) for _ in range(3)]
    end(CHEN.account_id, "station_clerk", MONDAY + 2 * HOUR)
    left = []
    for _ in range(2):
        actions.give_back_claims(LATER, limit=2)
        left.append(sum(queries.matter(m.id, ZHOU, LATER).claimed_by is not None for m in matters))
    assert left == [1, 0]
