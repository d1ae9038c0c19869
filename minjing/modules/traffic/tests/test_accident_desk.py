"""The officers' desk for accidents: taken over, both sides seen, determined with reasons, both told."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from minjing.kernel.identity.actor import Actor, Holding
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.notify.models import Message
from minjing.kernel.papers.models import Paper
from minjing.modules.traffic.actions import accident_desk as desk
from minjing.modules.traffic.actions import accidents as acts
from minjing.modules.traffic.models import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.queries import accident_desk as queries
from minjing.modules.traffic.tests.signed_in import browser
from minjing.modules.traffic.tests.test_accidents import _own_files, drivers, picture  # noqa: F401 - the world

pytestmark = pytest.mark.django_db
REASONS = "乙方变更车道时没有让行，见双方照片。"


@pytest.fixture(autouse=True)
def _calendar(now):
    from datetime import date

    from minjing.kernel.identity.actor import SYSTEM
    from minjing.kernel.matters import publishing
    from minjing.kernel.matters import queries as matters

    publishing.publish_calendar(
        known_until=date(2027, 12, 31), days_off=[], made_up=[], source="test", by=SYSTEM, now=now
    )
    matters.forget_kept()


@pytest.fixture
def officer(drivers, now):  # noqa: F811 - the fixture
    """Return a way to make officers: officer(name, district)."""
    unit = Unit.objects.get()

    def make(name="陈警官", org_id=0):
        account = Account.objects.create(login=name, kind="officer", display_name=name, created_at=now)
        held = Holding(
            "traffic_accidents", unit.pk, unit.path, "branch", org_id, frozenset({"handle_accidents", "look"})
        )
        return Actor(account.pk, "officer", name=name, holdings=(held,))

    return make


@pytest.fixture
def case(drivers, now):  # noqa: F811 - the fixture
    """An accident in district 3 that the two do not agree on, with a statement and two photos of each side."""
    one, other = drivers
    row, code = acts.begin(
        "深南示范路", "粤B12341", injured=False, drunk=False, by=one, now=now, org_id=3, spot=(22.54, 114.05)
    )
    acts.join(code, "粤B12342", drunk=False, by=other, now=now)
    for who, words in ((one, "我直行，对方并线。"), (other, "对方车速太快。")):
        for view, colour in (("front", "red"), ("contact", "blue")):
            acts.add_photo(row.pk, view, picture(colour), by=who, now=now)
        acts.say(row.pk, words, by=who, now=now)
    acts.to_officer(row.pk, "disagree", by=one, now=now)
    row.refresh_from_db()
    return row


def test_an_officer_takes_it_over_sees_both_sides_and_decides_with_reasons(case, drivers, officer, now):  # noqa: F811
    by = officer(org_id=3)
    assert [row.pk for row in queries.waiting(by)] == [case.pk]
    taken = desk.take(case.pk, by=by, now=now)
    assert taken.due_date.isoformat() == "2026-12-10"  # ten working days
    looked = queries.look_at(taken, by=by, now=now)
    assert [side.said for side in looked.sides] == ["我直行，对方并线。", "对方车速太快。"]
    assert [len(side.photos) for side in looked.sides] == [2, 2]
    assert all(p.small.startswith("data:image/jpeg") for side in looked.sides for p in side.photos)
    said = {"situation": "yield", "at_fault": "b", "reasons": REASONS}
    desk.determine(case.pk, said, by=by, now=now)
    case.refresh_from_db()
    assert (case.state, case.situation, case.at_fault) == ("determined", "yield", "b")
    assert list(case.parties.order_by("side").values_list("liability", flat=True)) == ["none", "full"]
    assert Paper.objects.filter(matter_id=case.pk).count() == 2
    for who in drivers:
        assert Message.objects.filter(account_id=who.account_id, template="accident_determined").exists()
        page = browser(who.person_id).get(reverse("traffic:accident", args=[case.pk])).content.decode()
        assert REASONS in page
        assert "申请复核" in page
    kinds = list(Outbox.objects.values_list("kind", flat=True))
    assert kinds.count("identity:person:looked") >= 4
    assert {"traffic:accident:taken", "traffic:accident:determined"} <= set(kinds)
    written = " ".join(bytes(e.payload).decode() for e in Outbox.objects.all())
    assert "变更车道" not in written
    assert "我直行" not in written


def test_a_finding_in_words_shares_liability_as_the_officer_says(case, officer, now):
    by = officer(org_id=3)
    desk.take(case.pk, by=by, now=now)
    said = {"situation": "free", "finding": "双方均未保持安全距离，乙方并线", "share": "b_main", "reasons": REASONS}
    for missing in ("finding", "share", "reasons"):
        with pytest.raises(Wrong):
            desk.determine(case.pk, said | {missing: ""}, by=by, now=now)
    with pytest.raises(Wrong):
        desk.determine(case.pk, {"situation": "yield", "reasons": REASONS}, by=by, now=now)  # whose act?
    desk.determine(case.pk, said, by=by, now=now)
    assert list(AccidentParty.objects.order_by("side").values_list("liability", flat=True)) == ["minor", "main"]
    with pytest.raises(NotAllowed):
        desk.determine(case.pk, said, by=by, now=now)  # once


def test_nobody_looks_at_or_decides_on_an_own_accident_and_the_attempt_is_on_record(case, officer, now):
    party = officer("林建夫", org_id=3)  # the name of both drivers
    photo = AccidentPhoto.objects.filter(accident=case).first()
    for attempt in (
        lambda: desk.show(case.pk, by=party, now=now),
        lambda: desk.show_photo(case.pk, photo.pk, by=party, now=now),
        lambda: desk.take(case.pk, by=party, now=now),
    ):
        with pytest.raises(NotAllowed, match="own_accident"):
            attempt()
    entries = Outbox.objects.filter(kind="traffic:accident:refused").order_by("seq")
    said = [json.loads(bytes(entry.payload)) for entry in entries]
    assert [(one["act"], one["why"]) for one in said] == [("show", "own"), ("show", "own"), ("take", "own")]


def test_another_district_does_not_see_it_and_two_officers_do_not_share_it(case, officer, now):
    with pytest.raises(Unknown):
        queries.row_of(case.pk, officer("王警官", org_id=4))
    assert queries.waiting(officer("周警官", org_id=4)) == []
    first, second = officer("赵警官", org_id=3), officer("钱警官")  # the second holds the post for the whole city
    desk.take(case.pk, by=first, now=now)
    assert queries.waiting(second) == []
    with pytest.raises(NotAllowed, match="taken"):
        desk.take(case.pk, by=second, now=now)
    desk.leave(case.pk, by=first, now=now)
    again = desk.take(case.pk, by=second, now=now + timedelta(days=7))
    assert (again.officer_id, again.due_date.isoformat()) == (second.account_id, "2026-12-10")  # no new ten days


def test_each_side_sees_the_others_photos_once_both_have_sent(drivers, now):  # noqa: F811
    one, other = drivers
    row, code = acts.begin("深南示范路", "粤B12341", injured=False, drunk=False, by=one, now=now)
    acts.join(code, "粤B12342", drunk=False, by=other, now=now)
    for view in ("front", "contact"):
        acts.add_photo(row.pk, view, picture("red"), by=one, now=now)
    hers = AccidentPhoto.objects.first()
    address = reverse("traffic:accident_photo", args=[row.pk, hers.pk])
    theirs = browser(other.person_id)
    assert browser(one.person_id).get(address).status_code == 200
    assert theirs.get(address).status_code == 404
    assert "互相可见" in theirs.get(reverse("traffic:accident", args=[row.pk])).content.decode()
    for view in ("front", "contact"):
        acts.add_photo(row.pk, view, picture("blue"), by=other, now=now)
    assert theirs.get(address)["Content-Type"] == "image/jpeg"
    assert Outbox.objects.filter(kind="traffic:accident:shown").count() == 1
    assert theirs.get(reverse("traffic:accident", args=[row.pk])).content.decode().count("data:image/jpeg") == 4


def test_the_phone_says_district_and_place_and_nonsense_is_left_out(drivers, now):  # noqa: F811
    phone = browser(drivers[0].person_id)
    said = {
        "place": "深南示范路",
        "plate": "粤B12341",
        "injured": "yes",
        "lat": "22.54",
        "lon": "x",
        "district": "99",
    }
    answer = phone.post(reverse("traffic:accident_new"), said)
    row = Accident.objects.get()
    assert answer.status_code == 302
    assert (row.state, row.lat, row.org_id) == ("with_officer", None, 0)
    address = reverse("traffic:accident_act", args=[row.pk, "say"])
    phone.post(address, {"said": "对方撞了我。"})
    sent = SimpleUploadedFile("p.jpg", picture("red"), "image/jpeg")
    phone.post(reverse("traffic:accident_act", args=[row.pk, "photo"]), {"view": "front", "photo": sent})
    page = phone.get(reverse("traffic:accident", args=[row.pk])).content.decode()
    assert "对方撞了我。" in page
