"""A document that is swapped, in its row or on the disk, no longer fits the entry of its arrival."""

import pytest
from django.db import connection

from minjing.kernel.files.models import File
from minjing.kernel.files.places import blob_path
from minjing.kernel.files.records import FILES
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW
from minjing.kernel.files.tests.test_store import store
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.watch.replay import check, entries_of, newest


@pytest.fixture
def kept(lin):
    return store(lin, papers_in.photo())


def found() -> list[str]:
    ids = Outbox.objects.filter(kind="files:file:stored").values_list("id", flat=True)
    return [finding.text["en"] for finding in check(FILES, newest(FILES, 10), list(entries_of(ids).values()), NOW)]


def test_a_document_that_is_as_it_came_fits(kept):
    assert newest(FILES, 10) == [kept.id]
    assert found() == []


def test_a_document_swapped_on_the_disk_is_named(kept):
    path = blob_path(bytes(File.objects.get(id=kept.id).content_index))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert found() == [f"files_file {kept.id} does not hold the content it was sent with: it was swapped."]


def test_a_document_whose_content_is_gone_is_named(kept):
    blob_path(bytes(File.objects.get(id=kept.id).content_index)).unlink()
    assert found() == [f"files_file {kept.id} has lost its content."]


def test_a_row_that_points_to_another_document_is_named(lin, kept):
    other = store(lin, papers_in.photo(300, 200))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE files_file f SET content_index = o.content_index FROM files_file o WHERE o.id = %s AND f.id = %s",
            [other.id, kept.id],
        )
    assert found() == [f"files_file {kept.id} differs from its ledger entry in content."]
