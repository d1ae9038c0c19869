"""A city that has originals shown at the station: the way there, the decision behind it, what its file may say."""

from datetime import timedelta

import pytest

from minjing.kernel.identity.models import Appointment
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, catalog, publishing, queries, rules
from minjing.kernel.matters.errors import NotAllowed, Wrong
from minjing.kernel.matters.models import MatterEvent
from minjing.kernel.matters.tests import world
from minjing.kernel.matters.tests.conftest import scan
from minjing.kernel.matters.tests.test_actions import HOUR, act, submit
from minjing.kernel.matters.tests.world import CHEN, LIN, LUO, MONDAY, PUBLISHER, ZHOU
from minjing.kernel.notify.models import Message
from minjing.kernel.papers import queries as papers

SWITCHED_ON = {"originals_check": ["HZ9901"]}
FLOWS = ("reviewed", "instant", "counter")
DAY = timedelta(days=1)


@pytest.fixture
def at_the_station(city, request):
    """Return a new matter of a city that checks originals, recommended by the clerk who has claimed it."""
    flow = getattr(request, "param", "reviewed")
    body = world.body(flow, SWITCHED_ON, **({} if flow == "reviewed" else {"decides": "station"}))
    publishing.publish([body], by=PUBLISHER, now=MONDAY)
    queries.forget_kept()
    return act(act(submit(MONDAY + timedelta(minutes=1)), "claim", CHEN), "recommend", CHEN)


@pytest.mark.django_db
@pytest.mark.parametrize("at_the_station", FLOWS, indirect=True)
def test_originals_come_before_the_decision_and_the_applicant_is_asked_for_them(at_the_station):
    matter = at_the_station
    assert (matter.state, matter.post, matter.unit_id) == ("originals", "station_clerk", 27)
    asked = Message.objects.get(matter_id=matter.id, channel="in_app", template="originals_asked")
    assert "原件" in asked.text_zh
    assert matter.number in asked.text_en
    assert papers.of_matter(matter.id, now=MONDAY) == []
    decided = act(act(matter, "claim", CHEN), "confirm_originals", CHEN)
    if decided.state == "recommended":
        decided = act(act(decided, "claim", LUO), "approve", LUO)
    assert (decided.state, decided.outcome) == ("approved", "approved")
    assert len(papers.of_matter(matter.id, now=MONDAY + timedelta(days=1))) == 1
    events = list(MatterEvent.objects.filter(matter_id=matter.id).order_by("seq"))
    assert "confirm_originals" in [event.action for event in events]
    assert Outbox.objects.filter(id__in=[event.entry_id for event in events]).count() == len(events)


@pytest.mark.django_db
@pytest.mark.parametrize("at_the_station", ["instant", "counter"], indirect=True)
def test_originals_that_do_not_agree_end_in_a_refusal_with_its_reason(at_the_station):
    claimed = act(at_the_station, "claim", CHEN)
    refused = act(claimed, "refuse", CHEN, reason="untrue", note="原件与上传的照片不一致。")
    assert (refused.state, refused.outcome) == ("refused", "refused")


@pytest.mark.django_db
def test_originals_that_do_not_agree_are_referred_to_who_decides(at_the_station):
    claimed = act(at_the_station, "claim", CHEN)
    with pytest.raises(Wrong):
        act(claimed, "dispute_originals", CHEN)
    referred = act(claimed, "dispute_originals", CHEN, note="原件与上传的照片不一致。")
    assert (referred.state, referred.paused_since, referred.post) == ("recommended", None, "branch_approver")
    refused = act(act(referred, "claim", LUO), "refuse", LUO, reason="untrue", note="原件与材料不符。")
    assert (refused.state, refused.outcome) == ("refused", "refused")


@pytest.mark.django_db
@pytest.mark.parametrize("at_the_station", FLOWS, indirect=True)
def test_the_clock_rests_until_the_applicant_comes_and_no_longer(at_the_station):
    waits = at_the_station
    assert (waits.paused_since, waits.pause_reason) == (MONDAY + HOUR, "originals")
    assert rules.light(waits, waits.due_at + DAY) == "paused"
    assert [m.id for m in queries.queue(CHEN, "waiting", MONDAY + DAY)] == [waits.id]
    assert next(s.key for s in queries.line(waits) if s.status == "next") in ("recommended", "approved")
    came = act(act(waits, "claim", CHEN, MONDAY + 3 * DAY), "confirm_originals", CHEN, MONDAY + 3 * DAY)
    calendar = queries.calendar()
    rested = calendar.to_work(MONDAY + 3 * DAY) - calendar.to_work(MONDAY + HOUR)
    assert calendar.to_work(came.due_at) - calendar.to_work(waits.due_at) == rested
    assert came.lapses_at is None
    assert queries.refold(came) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("at_the_station", FLOWS, indirect=True)
def test_who_does_not_come_is_told_that_it_has_lapsed(at_the_station):
    claimed = act(at_the_station, "claim", CHEN)
    assert claimed.lapses_at == at_the_station.lapses_at == queries.calendar().due(MONDAY + HOUR, 30, "day")
    actions.sweep(claimed.lapses_at)
    lapsed = queries.matter(claimed.id, LIN, MONDAY)
    assert (lapsed.state, lapsed.outcome) == ("lapsed", "lapsed")
    assert "原件" in Message.objects.get(matter_id=lapsed.id, channel="in_app", template="originals_lapsed").text_zh


@pytest.mark.django_db
def test_what_is_supplemented_goes_on_waiting_for_the_originals(at_the_station):
    asked = {"materials": ["marriage_certificate"], "note": "看不清"}
    asked = act(act(at_the_station, "claim", CHEN), "ask_supplement", CHEN, MONDAY + DAY, **asked)
    assert asked.pause_reason == "supplement"
    sent = {"marriage_certificate": [scan(shade=50)]}
    back = act(asked, "supplement", LIN, MONDAY + 2 * DAY, files=sent)
    assert (back.state, back.pause_reason, back.paused_since) == ("originals", "originals", MONDAY + 2 * DAY)
    assert [s.key for s in queries.line(back) if s.status == "next"] == ["recommended", "approved"]


@pytest.mark.django_db
def test_a_claim_of_who_has_lost_the_post_is_given_back_there_too(at_the_station):
    claimed = act(at_the_station, "claim", CHEN)
    actions.give_back_claims(MONDAY + DAY)
    assert queries.matter(claimed.id, CHEN, MONDAY).claimed_by == CHEN.account_id
    Appointment.objects.filter(account_id=CHEN.account_id).update(until=MONDAY + 2 * HOUR)
    actions.give_back_claims(MONDAY + DAY)
    assert queries.matter(claimed.id, ZHOU, MONDAY).claimed_by is None


@pytest.mark.django_db
def test_another_paper_may_be_asked_for_and_the_applicant_may_still_withdraw(at_the_station):
    asked = act(
        act(at_the_station, "claim", CHEN), "ask_supplement", CHEN, materials=["marriage_certificate"], note="看不清"
    )
    assert asked.paused_since is not None
    back = act(asked, "withdraw", LIN)
    assert back.state == "withdrawn"
    with pytest.raises(NotAllowed):
        act(back, "confirm_originals", CHEN)


@pytest.mark.parametrize("flow", FLOWS)
def test_without_the_switch_a_procedure_is_as_if_there_were_no_such_station(flow):
    plain = world.body(flow, {"originals_check": None})  # the key is there, and nothing behind it
    assert "originals" not in plain.flow.states
    assert not any(name.startswith("originals") for name in plain.flow.notices)
    assert ("recommend" if flow == "reviewed" else "approve") in plain.flow.states["submitted"].actions


@pytest.mark.parametrize(
    ("code", "reason"),
    [("HZ0000", "no service is called 'HZ0000'"), ("BZ0101", "BZ0101 has no station that checks originals")],
)
def test_a_city_that_names_a_service_that_cannot_is_told_which_and_where(tmp_path, settings, code, reason):
    (tmp_path / "city.yaml").write_text(f"code: x\noriginals_check:\n- HZ0102\n- {code}\n", encoding="utf-8")
    settings.CITY_DIR = tmp_path
    with pytest.raises(catalog.WrongFile) as raised:
        catalog.load(city={"originals_check": ["HZ0102", code]})
    assert str(raised.value) == f"{tmp_path / 'city.yaml'}:4: originals_check: {reason}"
