"""City-wide counters: filed at one station, another is responsible, both see who has it, the receipt is on record."""

from datetime import timedelta

import pytest

from minjing.base.ids import new_id
from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.errors import Wrong as WrongPerson
from minjing.kernel.identity.models import Account
from minjing.kernel.identity.plugs import Registered
from minjing.kernel.identity.plugs import plugs as identity_plugs
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters import actions, city_wide, queries
from minjing.kernel.matters.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.matters.models import MatterEvent, Reception
from minjing.kernel.matters.rules import Snapshot, fold
from minjing.kernel.matters.schema import Text
from minjing.kernel.matters.tests.conftest import ANSWERS, NUMBERS
from minjing.kernel.matters.tests.world import CHEN, ELSEWHERE, HEAD, LIN, LUO, MONDAY, STRANGER, ZHOU, officer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
SAID = {k: v for k, v in ANSWERS.items() if k != "office"}
LIN_NUMBER = NUMBERS[LIN.person_id]
THIRD = officer(61, "station_clerk", "1.5.99.")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def register(monkeypatch):
    """The register knows Lin by name; the small service is city-wide."""
    vouch = lambda *, name, id_number, now: Registered(True, name == "林晓夫")  # noqa: E731 - one line says it all
    monkeypatch.setattr(identity_plugs, "check_register", vouch)
    one = city_wide.CityWideClass("CW01", Text(zh="测试", en="Test"), ("HZ9901",))
    monkeypatch.setattr(city_wide, "classes", lambda: (one,))


def received(by=ELSEWHERE, how="number", reason="no_card", at=MONDAY) -> Reception:
    return actions.begin_reception(name="林晓夫", id_number=LIN_NUMBER, how=how, reason=reason, by=by, now=at)


def filed(reception: Reception, station="U27", by=ELSEWHERE, **more) -> Snapshot:
    more = {"originals": ["marriage_certificate"], "now": MONDAY + 6 * MINUTE, "request_id": new_id()} | more
    return actions.file_at_counter(reception.id, "HZ9901", SAID, station_code=station, by=by, **more)


def test_any_counter_takes_it_in_and_the_station_of_registration_is_responsible():
    matter = filed(received())
    assert (matter.received_at_unit, matter.station_id, matter.unit_id, matter.org_id) == (31, 27, 27, 4)
    assert matter.person_id == LIN.person_id
    assert [m.id for m in queries.queue(CHEN, "to_claim", MONDAY + 7 * MINUTE)] == [matter.id]
    assert [m.id for m in queries.queue(ELSEWHERE, "taken_in", MONDAY + 7 * MINUTE)] == [matter.id]
    assert queries.queue(CHEN, "taken_in", MONDAY + 7 * MINUTE) == []


def test_the_officer_at_the_counter_stands_in_the_event_and_in_the_ledger():
    matter = filed(received())
    event = MatterEvent.objects.get(matter_id=matter.id)
    assert (event.actor_kind, event.actor_id, event.post, event.unit_id) == (
        "officer", ELSEWHERE.account_id, "station_clerk", 31,
    )  # fmt: skip
    kinds = [e.kind for e in Outbox.objects.order_by("id")]
    assert {"identity:person:looked", "matters:reception:begun", "matters:reception:filed"} <= set(kinds)
    assert fold(queries.events(matter))["ver"] == 1


def test_both_stations_see_matter_clock_and_who_has_it_but_no_third():
    matter = filed(received())
    for by in (ELSEWHERE, CHEN, HEAD, LUO):
        assert queries.matter(matter.id, by, MONDAY).due_at == matter.due_at
    with pytest.raises(Unknown):
        queries.matter(matter.id, THIRD, MONDAY)
    line = queries.line(matter)
    assert [(s.key, s.unit_id) for s in line[:2]] == [("taken_in", 31), ("submitted", 27)]


def test_the_counter_may_look_but_not_act_for_the_responsible_station():
    matter = filed(received())
    assert not any(step.allowed for step in queries.steps(matter, ELSEWHERE, MONDAY))
    with pytest.raises(NotAllowed):
        actions.act(matter.id, "claim", ver=1, by=ELSEWHERE, now=MONDAY + 8 * MINUTE, request_id=new_id())
    assert queries.open_file(matter, ELSEWHERE, MONDAY + 8 * MINUTE, full=False).answers["delivery"] == "electronic"


def test_the_hand_over_lists_the_papers_and_waits_for_the_receipt_of_the_responsible_station():
    matter = filed(received())
    handed = queries.handover(matter)
    assert handed is not None
    assert ([p.zh for p in handed.papers], handed.received_at) == (["结婚证"], None)
    with pytest.raises(NotAllowed):
        actions.receive_handover(matter.id, by=ELSEWHERE, now=MONDAY + 9 * MINUTE)
    assert actions.receive_handover(matter.id, by=ZHOU, now=MONDAY + 9 * MINUTE)
    again = queries.handover(matter)
    assert again is not None
    assert (again.received_by, again.received_at) == (ZHOU.account_id, MONDAY + 9 * MINUTE)
    assert not actions.receive_handover(matter.id, by=ZHOU, now=MONDAY + 10 * MINUTE)


def test_who_has_gone_is_not_looked_at_any_more():
    _, body = queries.service("HZ9901")
    reception, looks = received(), Outbox.objects.filter(kind="identity:person:looked")
    before = looks.count()
    queries.known_at_counter(reception, body, {}, ELSEWHERE, MONDAY + 119 * MINUTE)
    assert looks.count() == before + 1
    with pytest.raises(Unknown):
        queries.known_at_counter(reception, body, {}, ELSEWHERE, MONDAY + 121 * MINUTE)
    assert looks.count() == before + 1


def test_whoever_claims_it_has_received_it():
    matter = filed(received())
    actions.act(matter.id, "claim", ver=1, by=CHEN, now=MONDAY + 9 * MINUTE, request_id=new_id())
    handed = queries.handover(matter)
    assert handed is not None
    assert handed.received_by == CHEN.account_id
    assert Outbox.objects.filter(kind="matters:reception:received").count() == 1


def test_at_the_responsible_station_itself_nothing_is_handed_over():
    matter = filed(received(by=CHEN), by=CHEN)
    assert not matter.is_received_elsewhere
    assert queries.handover(matter) is None
    assert Reception.objects.get().received_by == CHEN.account_id


def test_what_is_not_city_wide_is_taken_in_by_the_responsible_station_alone(monkeypatch):
    monkeypatch.setattr(city_wide, "classes", lambda: ())
    with pytest.raises(NotAllowed):
        filed(received())
    assert filed(received(by=CHEN), by=CHEN).station_id == 27


def test_a_number_needs_a_reason_and_a_card_does_not():
    with pytest.raises(Wrong):
        received(reason="")
    assert received(how="card", reason="").reason == ""
    with pytest.raises(Wrong):
        received(how="telepathy")


def test_a_name_that_is_not_the_numbers_is_refused_and_nobody_is_looked_at():
    with pytest.raises(WrongPerson):
        actions.begin_reception(
            name="王晓夫", id_number=LIN_NUMBER, how="number", reason="no_card", by=ELSEWHERE, now=MONDAY
        )
    assert Reception.objects.count() == 0
    assert not Outbox.objects.filter(kind="identity:person:looked").exists()
    (asked,) = Outbox.objects.filter(kind="identity:search:asked")
    assert (asked.what["by"], asked.what["reason"]) == (str(ELSEWHERE.account_id), "counter")
    assert "王晓夫" not in str(asked.what)
    assert LIN_NUMBER not in str(asked.what)


def test_names_are_not_tried_for_a_number_without_end():
    def tried(name, by=ELSEWHERE, at=MONDAY):
        actions.begin_reception(name=name, id_number=LIN_NUMBER, how="number", reason="no_card", by=by, now=at)

    for n in range(20):
        with pytest.raises(WrongPerson):
            tried(f"林{chr(0x4E00 + n)}")
    for name in ("林晓夫", "王晓夫"):
        with pytest.raises(TooMany):
            tried(name)
    assert Outbox.objects.filter(kind="identity:search:asked").count() == 20
    tried("林晓夫", by=CHEN)
    tried("林晓夫", at=MONDAY + timedelta(hours=2))


def test_who_stands_at_no_counter_receives_nobody():
    with pytest.raises(NotAllowed):
        received(by=LUO)


def test_pressed_twice_it_is_filed_once_and_another_officers_reception_is_not_theirs():
    reception = received()
    assert filed(reception).id == filed(reception).id
    with pytest.raises(Unknown):
        filed(received(), by=CHEN)
    with pytest.raises(Unknown):
        filed(received(), now=MONDAY + timedelta(hours=3))


def test_somebody_without_a_phone_gets_an_account_without_a_door_and_finds_the_matter_later():
    number = "110101199003070134"
    reception = actions.begin_reception(name="林晓夫", id_number=number, how="card", by=ELSEWHERE, now=MONDAY)
    matter = filed(reception)
    made = Account.objects.get(id=matter.account_id)
    assert (made.phone_index, made.person_id) == (None, matter.person_id)
    later = Account.objects.create(
        kind="resident", login="later", person_id=matter.person_id, level=2, created_at=MONDAY
    )
    from minjing.kernel.identity.actor import Actor

    by = Actor(later.pk, "resident", matter.person_id, level=2)
    assert [m.id for m in queries.mine(by)] == [matter.id]
    assert queries.mine(STRANGER) == []
