"""Uploads in pieces through the API: they go on where they broke off, and are nobody else's."""

import pytest

from minjing.base.ids import new_id
from minjing.kernel.files.models import File, Upload
from minjing.kernel.ledger.models import Outbox
from minjing.kernel.matters.tests.conftest import city, scan  # noqa: F401 - the small world
from minjing.kernel.matters.tests.world import CHEN, LIN, STRANGER
from minjing.portals.api.tests.photos import jpeg
from minjing.portals.api.tests.test_api import as_, post  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
WHOLE = jpeg()
HALF = len(WHOLE) // 2


@pytest.fixture
def lin(as_, settings, tmp_path):  # noqa: F811 - the fixture
    settings.FILES_DIR = tmp_path / "files"  # each test seals under new keys
    return as_(LIN)


def begun(client, **more) -> str:
    made = post(client, "/api/files/uploads", **{"name": "证.jpg", "size": len(WHOLE), **more})
    assert (made.status_code, made.json()["offset"]) == (201, 0)
    return f"/api/files/uploads/{made.json()['id']}"


def piece(client, path, offset, content):
    return client.patch(f"{path}?offset={offset}", content, content_type="application/octet-stream")


def test_an_upload_goes_on_where_it_broke_off(lin):
    path = begun(lin)
    assert piece(lin, path, 0, WHOLE[:HALF]).json()["offset"] == HALF
    again = piece(lin, path, 0, WHOLE[:HALF])
    assert (again.status_code, again.json()["key"], again.json()["offset"]) == (409, "out_of_step", HALF)
    early = lin.post(f"{path}/finish")
    assert (early.status_code, early.json()["offset"]) == (409, HALF)
    assert lin.get(path).json()["offset"] == HALF
    assert piece(lin, path, HALF, WHOLE[HALF:]).json()["offset"] == len(WHOLE)
    kept = lin.post(f"{path}/finish")
    assert (kept.status_code, kept.json()["kind"]) == (200, "image")
    assert lin.post(f"{path}/finish").json() == kept.json()
    assert File.objects.get().pk == Upload.objects.get().file_id
    assert Outbox.objects.filter(kind="files:file:stored").count() == 1
    shown = lin.get(f"/api/files/{kept.json()['id']}")
    assert (shown["Content-Type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "no-store" in shown["Cache-Control"]
    assert lin.get(f"/api/files/{kept.json()['id']}/small")["Content-Type"] == "image/jpeg"


def test_anothers_upload_and_file_are_not_there(lin, as_):  # noqa: F811 - the fixture
    path, file_id = begun(lin), scan()
    for client in (as_(STRANGER), as_(CHEN)):
        assert piece(client, path, 0, WHOLE).status_code == 404
        for answer in (client.get(path), client.post(f"{path}/finish"), client.delete(path)):
            assert (answer.status_code, answer.json()["key"]) == (404, "unknown")
        assert client.get(f"/api/files/{file_id}").status_code == 404
    assert Upload.objects.get().received == 0


def test_what_is_dropped_is_gone(lin):
    path = begun(lin)
    assert lin.delete(path).json() == {"deleted": True}
    assert lin.delete(path).status_code == 404
    assert not Upload.objects.exists()


def test_what_is_no_picture_is_refused_with_its_reason(lin):
    path = begun(lin, size=2000)
    piece(lin, path, 0, b"MZ" + bytes(1998))
    refused = lin.post(f"{path}/finish")
    assert (refused.status_code, refused.json()["key"]) == (422, "wrong_type")
    assert {"zh", "en"} == refused.json()["message"].keys()
    assert Outbox.objects.filter(kind="files:file:refused").exists()


@pytest.mark.parametrize(
    ("size", "key"), [(0, "empty"), (11 * 1024 * 1024, "too_large"), (-1, None), ("x", None), (10**30, None)]
)
def test_a_size_that_cannot_be_is_refused(lin, size, key):
    refused = post(lin, "/api/files/uploads", name="a", size=size)
    assert refused.status_code == 422
    assert key is None or refused.json()["key"] == key


@pytest.mark.parametrize("offset", ["", "-1", "x", "9" * 40, "%00"])
def test_an_odd_offset_is_answered_without_a_fault(lin, offset):
    assert piece(lin, begun(lin), offset, b"x").status_code in (400, 422)


def test_a_piece_larger_than_the_file_or_than_a_piece_is_refused(lin):
    path = begun(lin)
    assert piece(lin, path, 0, WHOLE + b"x").status_code == 422
    assert piece(lin, path, 0, bytes(1024 * 1024 + 1)).status_code == 422
    assert post(lin, "/api/files/uploads", name="\x00", size=5).status_code == 422
    assert lin.get(f"/api/files/{new_id()}").status_code == 404
