"""What has been kept for its time goes in the night, whichever part of the house keeps it, and nothing earlier."""

from datetime import UTC, date, datetime, timedelta

import pytest

from minjing.base.idnumber import compose
from minjing.base.ids import new_id
from minjing.base.personal import TWO_YEARS, YEAR
from minjing.kernel.booking.models import Wait
from minjing.kernel.booking.queries import place
from minjing.kernel.booking.tests.conftest import put
from minjing.kernel.identity.actions import ensure_person
from minjing.kernel.identity.models import Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.kernel.watch import retention
from minjing.modules.exit_entry.models import Scan, Shipment
from minjing.modules.help_desk.models import Question
from minjing.modules.traffic.models import PlateOffer

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 20, 20, tzinfo=UTC)  # 4:20 of the 27th in China
DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    return NOW - days * DAY


def message(at: datetime) -> Message:
    return Message.objects.create(
        account_id=new_id(), template="approved", text_zh="已办结", text_en="Decided", channel="in_app",
        dedupe=str(new_id()), state="sent", created_at=at,
    )  # fmt: skip


def question(at: datetime) -> Question:
    return Question.objects.create(
        matter_id=new_id(), number=f"BZ{new_id().int % 10**6}", topic="other", channel="page", asked_at=at,
        code_index=new_id().bytes * 2,
    )  # fmt: skip


def entries() -> list[bytes]:
    return [bytes(row.payload) for row in Outbox.objects.filter(kind=retention.ENDED).order_by("seq")]


def test_a_notice_goes_after_a_year_and_the_ledger_says_how_many():
    old, young = message(ago(YEAR + 1)), message(ago(YEAR - 1))
    assert retention.carry_out(NOW) == {"notify.Message": 1}
    assert list(Message.objects.all()) == [young]
    assert b'"model":"notify.message"' in entries()[0]
    assert b'"rows":1' in entries()[0]
    assert str(old.account_id).encode() not in entries()[0]
    assert retention.carry_out(NOW) == {}
    assert len(entries()) == 1


def test_a_code_is_emptied_and_the_question_stays():
    old, young = question(ago(YEAR + 1)), question(ago(1))
    assert retention.carry_out(NOW) == {"help_desk.Question": 1}
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.code_index, old.topic) == (None, "other")
    assert young.code_index


@pytest.mark.parametrize(("state", "goes"), [("delivered", True), ("returned", True), ("moving", False)])
def test_where_a_document_was_sent_goes_ninety_days_after_it_came(state, goes):
    person = ensure_person(name="林建夫", id_number=compose("440304", date(1988, 1, 5), 101), now=NOW)
    sent = Shipment.objects.create(
        org_id=1, matter_id=new_id(), person_id=person, waybill="EM1", state=state, state_at=ago(91),
        address_sealed=b"sealed",
    )  # fmt: skip
    scan = Scan.objects.create(org_id=1, shipment=sent, number="1", what=state, place="福田", at=ago(91))
    retention.carry_out(NOW)
    sent.refresh_from_db()
    scan.refresh_from_db()
    assert (bytes(sent.address_sealed), scan.place) == ((b"", "") if goes else (b"sealed", "福田"))


def test_a_day_is_counted_as_a_day_in_china():
    Unit.objects.create(
        id=4,
        code="U4",
        org_id=4,
        level="branch",
        path="4.",
        name={"zh": "分局", "en": "branch"},
        lon=114.05,
        lat=22.54,
    )
    put("hall", counters=1)
    today = date(2026, 11, 27)
    for days in (TWO_YEARS - 1, TWO_YEARS, TWO_YEARS + 1):
        Wait.objects.create(
            org_id=4, place_id=place("hall").id, day=today - days * DAY, services=["passport"], account_id=new_id(),
            person_id=new_id(), state="over", since=NOW, closed_at=NOW,
        )  # fmt: skip
    assert retention.carry_out(NOW) == {"booking.Wait": 1}
    assert Wait.objects.count() == 2


def test_many_go_in_several_transactions(monkeypatch):
    monkeypatch.setattr(retention, "A_TIME", 2)
    for _ in range(5):
        PlateOffer.objects.create(
            person_id=new_id(), plate_kind="02", plates=[], offered_at=ago(31), expires_at=ago(31)
        )
    assert retention.carry_out(NOW) == {"traffic.PlateOffer": 5}
    assert len(entries()) == 3
