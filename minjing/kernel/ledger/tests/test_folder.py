"""The public folder: what is served and how, and that nothing in it is ever written half."""

from pathlib import Path
from typing import Any

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from minjing.kernel.ledger import views
from minjing.kernel.ledger.actions import drain
from minjing.kernel.ledger.providers import folder, keys
from minjing.kernel.ledger.tests.acts import NOW, acts

pytestmark = pytest.mark.django_db(transaction=True)


def get(name: str) -> HttpResponse:
    return views.file(RequestFactory().get(f"/ledger/{name}"), name)


def test_anybody_reads_the_log_with_the_types_and_caches_of_the_specification() -> None:
    acts(300)
    drain(NOW)
    head = get("checkpoint")
    assert head.content == folder.read("checkpoint")
    assert (head["Content-Type"], head["Cache-Control"]) == ("text/plain; charset=utf-8", "public, max-age=1")
    for name in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"):
        tile = get(name)
        assert tile.content == folder.read(name), name
        assert tile["Content-Type"] == "application/octet-stream"
        assert "immutable" in tile["Cache-Control"]
        assert tile["Access-Control-Allow-Origin"] == "*"
    assert len(get("tile/0/000").content) == 8192


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/000.p/0",
        "tile/64/000",
        "tile/0/0",
        "tile/0/../../keys/ledger.key",
        "../keys/ledger.key",
        "keys/ledger.key",
        ".new/checkpoint",
        "",
        "tile/0/002",
    ],
)
def test_nothing_else_is_served(name: str) -> None:
    acts(3)
    drain(NOW)
    secret = folder.folder().parent / "keys" / "ledger.key"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("secret")
    with pytest.raises(Http404):
        get(name)


def test_the_log_is_only_read() -> None:
    assert views.file(RequestFactory().post("/ledger/checkpoint"), "checkpoint").status_code == 405


def test_a_file_is_whole_or_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes, mode: int = 0o644) -> None:
        path.write_bytes(data[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(folder, "write_synced", full)
        with pytest.raises(OSError, match="No space"):
            folder.store({"tile/0/000": bytes(8192)})
    assert folder.read("tile/0/000") is None
    folder.store({"tile/0/000": bytes(8192)})
    folder.store({"tile/0/000": bytes(8192)})  # the same again is no trouble
    with pytest.raises(folder.Differs):
        folder.store({"tile/0/000": bytes(8191) + b"\x01"})


def test_the_list_of_keys_grows_and_says_from_when_each_is_used(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    keys.publish_history(NOW)
    keys.publish_history(NOW)
    lines = (folder.read("keys/history") or b"").decode().splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["2026-03-02T04:00:17+00:00", role] for role in ("log", "log-mldsa", "promise")
    ]
    assert lines[0].split(" ")[2] == str(keys.verifier())
