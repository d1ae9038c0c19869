"""The photo of a document is looked at before it is taken, by the real reading process; nobody is recognised."""

import io

import pytest
from PIL import Image

from minjing.kernel.files import actions as files
from minjing.kernel.identity.providers.standin import specimen
from minjing.kernel.ledger.queries import about
from minjing.kernel.matters import actions, plugs, queries
from minjing.kernel.matters.errors import Unknown, Wrong
from minjing.kernel.matters.models import Material
from minjing.modules.exit_entry import photos
from minjing.modules.exit_entry.tests.world import CLERK, HOUR, LIN, NOW, act, apply, granted, made

pytestmark = pytest.mark.django_db
LOOKED = "identity:person:looked"


def sent(picture: Image.Image):
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=92)
    return files.store(out.getvalue(), by=LIN.actor, owner_person=LIN.person_id, name="photo.jpg", now=NOW).id


@pytest.fixture
def looked_at(office, monkeypatch):
    """The real check, in place of the one that lets every picture of the other tests pass."""
    monkeypatch.setitem(plugs.PAPER_CHECKS, "exit_entry.photo", photos.check)
    return actions.draft("EX0003", by=LIN.actor, now=NOW)


def test_a_photo_on_a_dark_ground_or_too_small_is_refused_with_what_to_do(looked_at):
    for picture in (Image.new("RGB", (390, 567), (40, 60, 90)), Image.new("RGB", (120, 160), "white")):
        with pytest.raises(Wrong) as wrong:
            actions.attach(looked_at.id, "photo", sent(picture), by=LIN.actor, now=NOW)
        assert set(wrong.value.errors) == {"photo"}
        assert "请" in wrong.value.errors["photo"].zh
    assert not Material.objects.filter(draft_id=looked_at.id).exists()


def test_other_papers_are_not_looked_at(looked_at):
    actions.attach(looked_at.id, "passport_page", sent(Image.new("RGB", (120, 160))), by=LIN.actor, now=NOW)
    assert Material.objects.get(draft_id=looked_at.id).name == "passport_page"
    assert specimen is not None


# ---- the old photo beside the new ------------------------------------------------------------------------


def renewed_twice():
    """A passport made from one photo, and a new application with another, claimed by the officer who examines it."""
    first = made(granted(apply("EX0003", LIN, reason="expiring")))
    return first, act(apply("EX0003", LIN, now=NOW + 2 * HOUR, reason="damaged"), "claim", CLERK, now=NOW + 3 * HOUR)


def test_the_photo_of_the_last_document_stands_beside_the_new_one_and_both_looks_are_on_record(office):
    first, matter = renewed_twice()
    old = Material.objects.get(matter_id=first.id, name="photo").file_id
    opened = queries.open_file(matter, CLERK, NOW + 3 * HOUR, full=True, material=True)
    assert (opened.earlier.file_id, opened.earlier.material) == (old, "photo")
    covering = [e for e in about(LIN.person_id, kinds=[LOOKED]) if "matters.earlier" in e["what"]["fields"]]
    assert [("matters.material" in e["what"]["fields"]) for e in covering] == [True]


def test_fetched_by_itself_the_old_photo_is_a_look_of_its_own(office):
    _, matter = renewed_twice()
    before = len(about(LIN.person_id, kinds=[LOOKED]))
    queries.open_earlier(matter, CLERK, NOW + 3 * HOUR, seen_with_page=False)
    assert len(about(LIN.person_id, kinds=[LOOKED])) == before + 1
    queries.open_earlier(matter, CLERK, NOW + 3 * HOUR, seen_with_page=True)
    assert len(about(LIN.person_id, kinds=[LOOKED])) == before + 1


def test_where_no_document_was_made_here_no_photo_is_shown(office):
    matter = act(apply("EX0003", LIN, reason="expiring"), "claim", CLERK)
    assert queries.open_file(matter, CLERK, NOW + HOUR, full=True, material=True).earlier is None
    with pytest.raises(Unknown):
        queries.open_earlier(matter, CLERK, NOW + HOUR, seen_with_page=False)
