"""Files that a draft no longer holds go; those of a matter stay, whatever happens to drafts."""

from datetime import timedelta

import pytest
from django.db import transaction

from minjing.base.ids import new_id
from minjing.kernel.files import actions as files
from minjing.kernel.files.models import File
from minjing.kernel.files.tests import papers_in
from minjing.kernel.matters import actions
from minjing.kernel.matters.actions.filling_in import DRAFT_LIVES
from minjing.kernel.matters.errors import Unknown
from minjing.kernel.matters.models import Draft, Material
from minjing.kernel.matters.tests.conftest import ANSWERS, city  # noqa: F401 - a fixture
from minjing.kernel.matters.tests.world import LIN, MONDAY

HOUR = timedelta(hours=1)
PAPER = "marriage_certificate"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.FILES_DIR, settings.CLAMD_SOCKET = tmp_path / "files", ""


def sent(tint: int = 0):
    content = papers_in.photo(colour=(tint, 90, 90))
    return files.store(content, by=LIN, owner_person=LIN.person_id, name="结婚证.jpg", now=MONDAY).id


def drafted():
    """Return a draft of Lin's with one paper."""
    draft = actions.draft("HZ9901", by=LIN, now=MONDAY)
    return draft, actions.attach(draft.id, PAPER, sent(), by=LIN, now=MONDAY)


def swept(at) -> set:
    files.sweep(at)
    files.sweep(at + 2 * HOUR)
    return set(File.objects.values_list("pk", flat=True))


def test_a_file_taken_off_a_draft_cannot_be_attached_again_and_goes(city):  # noqa: F811
    draft, paper = drafted()
    actions.detach(draft.id, paper.id, by=LIN, now=MONDAY)
    with pytest.raises(Unknown):
        actions.attach(draft.id, PAPER, paper.file_id, by=LIN, now=MONDAY)
    assert swept(MONDAY + HOUR) == set()


def test_the_files_of_a_deleted_draft_go(city):  # noqa: F811
    draft, _ = drafted()
    actions.discard(draft.id, by=LIN, now=MONDAY)
    assert swept(MONDAY + HOUR) == set()


def test_the_files_of_a_lapsed_draft_go_and_not_before(city):  # noqa: F811
    _, paper = drafted()
    assert swept(MONDAY + DRAFT_LIVES - HOUR) == {paper.file_id}
    actions.sweep(MONDAY + DRAFT_LIVES + HOUR)
    assert not Draft.objects.exists()
    assert swept(MONDAY + DRAFT_LIVES + 2 * HOUR) == set()


def test_a_file_held_by_another_draft_or_a_matter_stays(city):  # noqa: F811
    draft, paper = drafted()
    matter = actions.submit_whole(
        "HZ9901", ANSWERS, by=LIN, now=MONDAY, request_id=new_id(), materials={PAPER: [paper.file_id]}
    )
    actions.discard(draft.id, by=LIN, now=MONDAY)
    assert swept(MONDAY + HOUR) == {paper.file_id}
    assert swept(MONDAY + timedelta(days=400)) == {paper.file_id}
    assert Material.objects.get(matter_id=matter.id).file_id == paper.file_id


def test_a_file_sent_for_nothing_goes_the_next_day(city):  # noqa: F811
    loose, (_, paper) = sent(200), drafted()
    assert swept(MONDAY + timedelta(hours=20)) == {loose, paper.file_id}
    assert swept(MONDAY + timedelta(hours=26)) == {paper.file_id}


def test_a_crash_before_the_commit_takes_nothing_off(city):  # noqa: F811
    draft, paper = drafted()

    def die_after_taking_off():
        with transaction.atomic():
            actions.detach(draft.id, paper.id, by=LIN, now=MONDAY)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_after_taking_off()
    assert Material.objects.get().id == paper.id
    assert swept(MONDAY + timedelta(days=3)) == {paper.file_id}
