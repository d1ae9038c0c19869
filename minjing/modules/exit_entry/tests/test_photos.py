"""The photo of a document is looked at before it is taken, by the real reading process; nobody is recognised."""

import io

import pytest
from PIL import Image

from minjing.kernel.files import actions as files
from minjing.kernel.identity.providers.standin import specimen
from minjing.kernel.matters import actions, plugs
from minjing.kernel.matters.errors import Wrong
from minjing.kernel.matters.models import Material
from minjing.modules.exit_entry import photos
from minjing.modules.exit_entry.tests.world import LIN, NOW

pytestmark = pytest.mark.django_db


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
