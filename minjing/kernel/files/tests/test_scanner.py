"""The virus scan by a real clamd, with one signature of our own instead of the public database."""

import hashlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from minjing.kernel.files import actions, queries
from minjing.kernel.files.errors import Refused
from minjing.kernel.files.models import File
from minjing.kernel.files.providers import scanner
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW
from minjing.kernel.ledger.models import Outbox

CLAMD = shutil.which("clamd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
MARK = b"MINJING-TEST-SIGNATURE-OF-NO-REAL-VIRUS"
START_S = 60

needs_clamd = pytest.mark.skipif(CLAMD is None, reason="no clamd on this machine; `make test` installs it")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a clamd of our own in a folder of its own; return the path of its socket."""
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "db").mkdir()
    (folder / "db" / "test.ndb").write_text(f"Minjing.Test.Mark:0:*:{MARK.hex()}\n")
    whole = b"a whole bad file"
    (folder / "db" / "test.hdb").write_text(f"{hashlib.md5(whole).hexdigest()}:{len(whole)}:Minjing.Test.Whole\n")  # noqa: S324
    line = folder / "clamd.sock"
    lines = [
        f"LocalSocket {line}",
        f"DatabaseDirectory {folder / 'db'}",
        f"TemporaryDirectory {folder}",
        "Foreground yes",
        "StreamMaxLength 20M",
    ]
    if os.geteuid() == 0:
        lines.append("User root")
    (folder / "clamd.conf").write_text("\n".join(lines) + "\n")
    assert CLAMD is not None
    process = subprocess.Popen(
        [CLAMD, "--config-file", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    began = time.monotonic()
    while not line.exists() and process.poll() is None and time.monotonic() - began < START_S:
        time.sleep(0.1)
    assert line.exists(), "clamd did not start"
    yield line
    process.terminate()
    process.wait(20)


def with_mark() -> bytes:
    """Return a photo that carries the test signature in a comment."""
    photo = papers_in.photo()
    comment = b"\xff\xfe" + (len(MARK) + 2).to_bytes(2, "big") + MARK
    return photo[:2] + comment + photo[2:]


@needs_clamd
def test_a_real_scanner_finds_the_signature_and_the_file_is_refused(lin, clamd, settings, folders):
    settings.CLAMD_SOCKET = f"unix:{clamd}"
    with pytest.raises(Refused) as refusal:
        actions.store(with_mark(), by=lin, owner_person=lin.person_id, name="a.jpg", now=NOW)
    assert refusal.value.key == "infected"
    assert "病毒" in refusal.value.text["zh"]
    assert not File.objects.exists()
    assert Outbox.objects.filter(kind="files:file:refused").count() == 1
    assert scanner.scan(with_mark()) == "Minjing.Test.Mark.UNOFFICIAL"
    assert scanner.scan(b"a whole bad file") == "Minjing.Test.Whole.UNOFFICIAL"


@needs_clamd
def test_a_real_scanner_lets_a_clean_photo_through(lin, clamd, settings):
    settings.CLAMD_SOCKET = f"unix:{clamd}"
    kept = actions.store(papers_in.photo(), by=lin, owner_person=lin.person_id, name="a.jpg", now=NOW)
    assert queries.read(kept.id)
    assert scanner.scan(bytes(9 * 1024 * 1024)) == ""


def test_without_the_scanner_nothing_is_taken_when_one_is_configured(lin, settings, tmp_path):
    settings.CLAMD_SOCKET = f"unix:{tmp_path / 'nobody.sock'}"
    with pytest.raises(Refused, match="scanner_down"):
        actions.store(papers_in.photo(), by=lin, owner_person=lin.person_id, name="a.jpg", now=NOW)
    content = papers_in.photo()
    upload = actions.begin(by=lin, owner_person=lin.person_id, name="a.jpg", size=len(content), now=NOW)
    actions.append(upload.id, 0, content, by=lin, now=NOW)
    with pytest.raises(Refused, match="scanner_down"):
        actions.finish(upload.id, by=lin, now=NOW)
    settings.CLAMD_SOCKET = ""
    assert actions.finish(upload.id, by=lin, now=NOW)  # what had come was not lost


@pytest.mark.parametrize("address", ["unix:/nowhere", "tcp:127.0.0.1:9", "http://clamd", "tcp:nonsense", "tcp:"])
def test_an_address_that_does_not_answer_is_a_scanner_that_is_down(settings, address):
    settings.CLAMD_SOCKET = address
    with pytest.raises(scanner.ScannerDown):
        scanner.scan(b"x")


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: \0", b"nonsense"])
def test_an_answer_that_is_no_verdict_is_a_scanner_that_is_down(settings, tmp_path, answer):
    import threading

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "odd.sock"))
        listener.listen(1)

        def reply() -> None:
            line, _ = listener.accept()
            line.recv(1000)
            line.sendall(answer)
            line.close()

        thread = threading.Thread(target=reply)
        thread.start()
        settings.CLAMD_SOCKET = f"unix:{tmp_path / 'odd.sock'}"
        with pytest.raises(scanner.ScannerDown):
            scanner.scan(b"x")
        thread.join(5)
