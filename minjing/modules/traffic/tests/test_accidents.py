"""A small accident settled by two phones, and what two phones may not settle."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from minjing.kernel.files.plugs import plugs as files
from minjing.kernel.identity.actor import Actor
from minjing.kernel.identity.errors import NotAllowed, Unknown, Wrong
from minjing.kernel.identity.models import Account, Unit
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.papers.models import Paper
from minjing.modules.traffic.actions import accidents as acts
from minjing.modules.traffic.models import Accident, AccidentParty, AccidentPhoto
from minjing.modules.traffic.queries import accidents as found
from minjing.modules.traffic.rules.settlement import digest, for_officer, liability
from minjing.modules.traffic.tests.signed_in import browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def picture(colour):
    kept = BytesIO()
    Image.new("RGB", (320, 240), colour).save(kept, "JPEG")
    return kept.getvalue()


@pytest.fixture
def drivers(person, vehicle, licence, now):
    """Two drivers, each with a car, a licence and an account."""
    made = []
    for number in (1, 2):
        person_id = person(number)
        vehicle(person_id, f"粤B1234{number}", vin=f"LDEM00000000000{number}0")
        licence(person_id)
        account = Account.objects.create(
            login=f"d{number}", kind="resident", person_id=person_id, level=2, created_at=now
        )
        made.append(Actor(account.pk, "resident", person_id, "林建夫", level=2))
    bureau = Unit.objects.create(
        code="440300", name={"zh": "示范市公安局", "en": "City police"}, level=Unit.BUREAU, path="", org_id=0
    )
    Unit.objects.filter(pk=bureau.pk).update(path=f"{bureau.pk}.")
    return made


def joined(drivers, now):
    one, other = drivers
    row, code = acts.begin("深南示范路", "粤B12341", injured=False, drunk=False, by=one, now=now)
    acts.join(code, "粤B12342", drunk=False, by=other, now=now)
    for n, who in enumerate((one, other, one, other)):
        party = AccidentParty.objects.get(accident=row, person_id=who.person_id)
        AccidentPhoto.objects.create(
            org_id=0, accident=row, party=party, view="front" if n < 2 else "back", file_id=row.pk, taken_at=now
        )
    return row


def sign(row, who, now):
    row.refresh_from_db()
    said = found.signed_words(row, {p.side: p.plate for p in row.parties.all()})
    return acts.sign(row.pk, digest(said).hex(), by=who, now=now)


def test_the_nine_situations_say_who_is_liable():
    nine = found.situations()
    assert len(nine) == 9
    assert [key for key, s in nine.items() if s.both] == ["equal"]
    for situation in nine.values():
        for side in ("a", "b"):
            shares = liability(situation, side)
            assert shares in ({"a": "equal", "b": "equal"}, {side: "full", "ab".replace(side, ""): "none"})


def test_injury_drink_and_no_licence_are_for_an_officer():
    assert for_officer(injured=True, drunk=False, may_drive=True) == "injured"
    assert for_officer(injured=False, drunk=True, may_drive=True) == "drunk"
    assert for_officer(injured=False, drunk=False, may_drive=False) == "no_licence"
    assert for_officer(injured=False, drunk=False, may_drive=True) == ""


def test_two_signatures_make_an_agreement_for_each(drivers, now):
    one, other = drivers
    row = joined(drivers, now)
    acts.propose(row.pk, "rear_end", "b", by=one, now=now)
    sign(row, one, now)
    row.refresh_from_db()
    assert row.state == Accident.PROPOSED
    assert sign(row, other, now).state == Accident.SETTLED
    parties = {p.side: p for p in row.parties.all()}
    assert (parties["a"].liability, parties["b"].liability) == ("none", "full")
    assert Paper.objects.filter(pk__in=[p.paper_id for p in parties.values()]).count() == 2
    signed = Outbox.objects.filter(kind="traffic:accident:signed").values_list("pk", flat=True)
    assert {p.signed_entry_id for p in parties.values()} == set(signed)


def test_nobody_signs_other_words_than_were_on_the_screen(drivers, now):
    one, other = drivers
    row = joined(drivers, now)
    acts.propose(row.pk, "rear_end", "b", by=one, now=now)
    row.refresh_from_db()
    seen = digest(found.signed_words(row, {"a": "粤B12341", "b": "粤B12342"})).hex()
    acts.propose(row.pk, "rear_end", "a", by=other, now=now)  # turned round meanwhile
    with pytest.raises(NotAllowed, match="changed"):
        acts.sign(row.pk, seen, by=one, now=now)


def test_a_code_is_for_one_phone_and_half_an_hour(drivers, now):
    one, other = drivers
    row, code = acts.begin("深南示范路", "粤B12341", injured=False, drunk=False, by=one, now=now)
    with pytest.raises(NotAllowed):
        acts.join(code, "粤B12341", drunk=False, by=one, now=now)
    with pytest.raises(Unknown):
        acts.join(code, "粤B12342", drunk=False, by=other, now=now + timedelta(minutes=31))
    acts.join(f" {code[:4]}-{code[4:].lower()} ", "粤B12342", drunk=False, by=other, now=now)
    with pytest.raises(Unknown):
        acts.join(code, "粤B12342", drunk=False, by=other, now=now)
    row.refresh_from_db()
    assert row.state == Accident.JOINED


def test_somebody_hurt_or_a_disagreement_goes_to_an_officer_and_stays_there(drivers, now):
    one, other = drivers
    hurt, code = acts.begin("深南示范路", "粤B12341", injured=True, drunk=False, by=one, now=now)
    assert (hurt.state, hurt.why, code) == ("with_officer", "injured", "")
    row = joined(drivers, now)
    acts.propose(row.pk, "signal", "a", by=other, now=now)
    acts.to_officer(row.pk, "disagree", by=one, now=now)
    with pytest.raises(NotAllowed):
        sign(row, other, now)


def test_nothing_is_proposed_before_both_have_photos(drivers, now):
    one, other = drivers
    row, code = acts.begin("深南示范路", "粤B12341", injured=False, drunk=False, by=one, now=now)
    acts.join(code, "粤B12342", drunk=False, by=other, now=now)
    with pytest.raises(Wrong, match="photos"):
        acts.propose(row.pk, "rear_end", "a", by=one, now=now)


def test_what_is_shown_of_the_other_side_is_on_record_once_and_as_theirs(drivers, now):
    one, other = drivers
    row = joined(drivers, now)
    page = reverse("traffic:accident", args=[row.pk])
    shown = Outbox.objects.filter(kind="traffic:accident:shown")
    for _ in range(2):
        assert browser(one.person_id).get(page).status_code == 200
    assert [entry.subject_id for entry in shown.all()] == [other.person_id]
    theirs = row.parties.get(person_id=other.person_id)
    AccidentPhoto.objects.create(org_id=0, accident=row, party=theirs, view="whole", file_id=row.pk, taken_at=now)
    browser(one.person_id).get(page)
    assert shown.all().count() == 2
    photo = AccidentPhoto.objects.filter(party__person_id=one.person_id).first()
    acts.show_photo(row.pk, photo.pk, by=other, now=now)
    assert shown.order_by("seq").last().subject_id == one.person_id


def test_two_browsers_walk_it_and_a_stranger_sees_nothing(drivers, person):
    a, b, stranger = (browser(p) for p in (drivers[0].person_id, drivers[1].person_id, person(3)))
    bad = a.post(reverse("traffic:accident_new"), {"place": "深南示范路", "plate": "粤BI2341"})
    assert bad.status_code == 422
    begun = a.post(reverse("traffic:accident_new"), {"place": "深南示范路", "plate": "粤B12341", "injured": "no"})
    address = begun["Location"]
    code = re.search(r'id="join-code">(\w+)<', a.get(address).content.decode())[1]
    assert b.get(f"{reverse('traffic:accident_join')}?code={code}").status_code == 200
    assert b.post(reverse("traffic:accident_join"), {"code": code, "plate": "粤B12342"})["Location"] == address
    assert stranger.get(address).status_code == 404
    for n, phone in enumerate((a, b)):
        for view in ("front", "contact"):
            photo = SimpleUploadedFile("x.jpg", picture((80 * n, 60, 90 if view == "front" else 9)), "image/jpeg")
            phone.post(f"{address}photo/", {"view": view, "photo": photo})
    kept = list(AccidentPhoto.objects.values_list("file_id", flat=True))
    assert len(kept) == 4
    assert set(files.held(kept).values()) == {"matter"}  # the sweep leaves them
    a.post(f"{address}propose/", {"situation": "rear_end", "at_fault": "b"})
    for phone in (a, b):
        seen = re.search(r'name="digest" value="(\w+)"', phone.get(address).content.decode())[1]
        phone.post(f"{address}sign/", {"digest": seen})
    page = a.get(address).content.decode()
    assert "已达成协议" in page
    paper = re.search(r'href="(/me/papers/[^"]+)"', page)[1]
    assert b"".join(a.get(paper))[:5] == b"%PDF-"
