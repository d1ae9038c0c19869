"""Taking files in: what is kept is clean, what is refused is said and recorded."""

import io
import json
import os
import resource
import subprocess
import sys
from datetime import timedelta

import pikepdf
import pytest
from PIL import Image

from minjing.kernel.files import actions, blobs, queries, rules
from minjing.kernel.files.errors import Refused, Unknown
from minjing.kernel.files.models import File
from minjing.kernel.files.plugs import plugs
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW
from minjing.kernel.identity.errors import Erased
from minjing.kernel.identity.models import PersonKey
from minjing.kernel.identity.sealing import Tampered, forget
from minjing.kernel.ledger.models import Outbox


def store(who, content, name="结婚证.jpg"):
    return actions.store(content, by=who, owner_person=who.person_id, name=name, purpose="结婚证", now=NOW)


def entries(kind):
    return [e.what for e in Outbox.objects.filter(kind=kind).order_by("seq")]


def test_a_photo_is_kept_upright_and_without_where_it_was_taken(lin):
    sent = papers_in.photo(turned=True, gps=True)
    assert b"PhoneMaker" in sent
    kept = store(lin, sent)
    content = queries.read(kept.id)
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (kept.width, kept.height) == (800, 1200)
        assert not image.getexif()
        red, _, blue = image.getpixel((780, 20))
        assert blue > red  # the corner went to the upper right: it was turned, not merely untagged
    assert b"PhoneMaker" not in content
    assert (kept.kind, kept.media_type, kept.name, kept.pages) == ("image", "image/jpeg", "结婚证.jpg", 1)


def test_a_picture_larger_than_needed_is_made_smaller_and_has_a_thumbnail(lin):
    kept = store(lin, papers_in.photo(6000, 4000))
    assert (kept.width, kept.height) == (4096, 2731)
    small = queries.thumbnail(kept.id)
    with Image.open(io.BytesIO(small)) as image:
        assert max(image.size) == rules.THUMBNAIL_SIDE


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_pictures_become_photos_too(lin, form):
    assert store(lin, papers_in.photo(form=form), f"a.{form.lower()}").media_type == "image/jpeg"


def test_a_see_through_picture_is_laid_on_white(lin):
    kept = store(lin, papers_in.see_through())
    with Image.open(io.BytesIO(queries.read(kept.id))) as image:
        assert min(image.getpixel((5, 5))) > 250


def test_a_pdf_is_kept_without_anything_that_acts(lin):
    kept = store(lin, papers_in.armed_pdf(), "扫描.pdf")
    content = queries.read(kept.id)
    assert (kept.kind, kept.pages) == ("pdf", 1)
    with pikepdf.open(io.BytesIO(content)) as document:
        assert len(document.attachments) == 0
        plain = io.BytesIO()
        document.save(plain, object_stream_mode=pikepdf.ObjectStreamMode.disable, qdf=True)
    for mark in (b"evil", b"/JavaScript", b"/Launch", b"/OpenAction", b"/XFA", b"/AA", b"a name that nobody"):
        assert mark not in plain.getvalue()
    assert queries.thumbnail(kept.id) is None


REFUSED = {
    "empty": (lambda: b"", "empty"),
    "a huge picture": (papers_in.huge_png, "too_many_pixels"),
    "a huge photo": (papers_in.huge_jpeg, "too_many_pixels"),
    "a zip bomb named .jpg": (papers_in.zip_bomb, "wrong_type"),
    "an EXE named .pdf": (papers_in.program, "wrong_type"),
    "a photo cut off": (lambda: papers_in.photo()[:6000], "broken"),
    "a PNG cut off": (lambda: papers_in.photo(form="PNG")[:900], "broken"),
    "a PNG with a flipped byte": (lambda: flipped(papers_in.photo(form="PNG")), "broken"),
    "only the first bytes of a photo": (lambda: b"\xff\xd8\xff\xe0rest", "broken"),
    "only the first bytes of a PDF": (lambda: b"%PDF-1.7\nnothing more", "broken"),
    "a photo and an archive": (papers_in.picture_and_archive, "double"),
    "a HEIC photo": (papers_in.heic, "heic"),
    "a page": (lambda: b"<html><script>alert(1)</script>", "wrong_type"),
    "what nobody knows": (lambda: b"?", "unknown_type"),
    "a PDF with a password": (papers_in.locked_pdf, "locked"),
    "an encrypted PDF that opens": (lambda: papers_in.locked_pdf(""), "locked"),
    "a PDF of too many pages": (lambda: papers_in.pdf(rules.PAGES_MAX + 1), "too_many_pages"),
    "too large": (lambda: papers_in.photo(64, 64) + bytes(rules.SIZE_MAX), "too_large"),
}


def flipped(content):
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_said_and_recorded_and_leaves_nothing(lin, folders, case):
    make, reason = REFUSED[case]
    with pytest.raises(Refused) as refusal:
        store(lin, make(), "材料.pdf")
    assert refusal.value.key == reason
    assert all(refusal.value.text.values())
    assert entries("files:file:refused") == [{"by": str(lin.account_id), "purpose": "结婚证", "reason": reason}]
    assert not File.objects.exists()
    assert [p for p in (folders / "files").rglob("*") if p.is_file()] == []


def test_the_sentence_names_what_the_file_really_is(lin):
    with pytest.raises(Refused) as refusal:
        store(lin, papers_in.program(), "结婚证.pdf")
    assert "“结婚证.pdf”的内容是可执行程序" in refusal.value.text["zh"]
    assert "a program" in refusal.value.text["en"]


@pytest.mark.fault
def test_a_pdf_that_swells_to_gigabytes_is_refused_and_our_memory_stays_small(lin):
    bomb = papers_in.swollen_pdf()
    assert len(bomb) < rules.SIZE_MAX
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refused) as refusal:
        store(lin, bomb, "a.pdf")
    assert refusal.value.key in ("too_complex", "broken")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_many_files_do_not_make_the_process_grow(lin):
    sent = papers_in.photo(4000, 3000)
    store(lin, sent)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        store(lin, sent)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


def test_the_cleaning_program_has_no_key_and_writes_no_file():
    from minjing.kernel.files.providers import cleaner

    source = cleaner.PROGRAM.read_text()
    assert "django" not in source.replace("without Django", "").lower()
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import os; print(sorted(k for k in os.environ if 'KEY' in k))"],
        env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_the_same_content_lies_on_the_disk_once_but_not_for_two_people(lin, chen, folders):
    first, again = store(lin, papers_in.photo()), store(lin, papers_in.photo(), "又一次.jpg")
    other = store(chen, papers_in.photo())
    assert len({first.id, again.id, other.id}) == 3
    assert first.sha256 == again.sha256 == other.sha256
    names = {p.name for p in (folders / "files").rglob("*") if p.is_file()}
    assert len({n for n in names if len(n) == 64}) == 2  # Lin's once, Chen's under a name that tells nothing
    assert first.sha256 not in "".join(names)


def test_nothing_on_the_disk_or_in_the_row_is_readable(lin, folders):
    kept = store(lin, papers_in.photo())
    blob = next(p for p in (folders / "files").rglob("*") if len(p.name) == 64)
    assert b"\xff\xd8\xff" not in blob.read_bytes()[:64]
    assert blob.stat().st_mode & 0o077 == 0
    row = json.dumps([str(v) for v in File.objects.values_list().get()], ensure_ascii=False)
    assert "结婚证.jpg" not in row
    assert kept.sha256 not in row


def test_a_changed_blob_does_not_open(lin, folders):
    kept = store(lin, papers_in.photo())
    blob = next(p for p in (folders / "files").rglob("*") if len(p.name) == 64)
    blob.write_bytes(flipped(blob.read_bytes()))
    with pytest.raises(Tampered):
        queries.read(kept.id)


def test_erasing_a_person_erases_their_files(lin):
    kept = store(lin, papers_in.photo())
    PersonKey.objects.filter(pk=lin.person_id).delete()
    forget(lin.person_id)
    with pytest.raises(Erased):
        queries.read(kept.id)
    assert queries.files([kept.id]) == {}


def test_what_is_kept_is_recorded_with_ids_only(lin):
    kept = store(lin, papers_in.photo())
    (said,) = entries("files:file:stored")
    assert said["file"] == str(kept.id)
    assert "结婚证.jpg" not in json.dumps(said, ensure_ascii=False)


def test_a_day_has_a_limit(lin, monkeypatch):
    monkeypatch.setattr(actions, "DAY_BYTES_MAX", 30_000)
    sent = papers_in.photo()
    for _ in range(30_000 // len(sent)):
        store(lin, sent)
    with pytest.raises(Refused, match="quota"):
        store(lin, sent)


def test_a_discarded_file_goes_from_the_disk_once_nobody_holds_it(lin, folders, django_capture_on_commit_callbacks):
    first, again = store(lin, papers_in.photo()), store(lin, papers_in.photo())
    with django_capture_on_commit_callbacks(execute=True):
        actions.discard(first.id, by=lin, now=NOW)
    assert queries.read(again.id)
    with django_capture_on_commit_callbacks(execute=True):
        actions.discard(again.id, by=lin, now=NOW)
    assert [p for p in (folders / "files").rglob("*") if p.is_file()] == []
    with pytest.raises(Unknown):
        queries.read(again.id)


def test_the_sweep_removes_contents_without_a_row_but_not_young_ones(lin, folders):
    kept = store(lin, papers_in.photo())
    stray = blobs.index_of(lin.person_id, b"stray")
    blobs.keep(lin.person_id, stray, b"stray")
    assert actions.sweep(NOW) == (0, 0)
    for path in (folders / "files").rglob("*"):
        os.utime(path, (0, 0))
    assert actions.sweep(NOW) == (0, 1)
    assert queries.read(kept.id)


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def hold(**held: str) -> None:
    """Let these files, by their id without dashes, belong to a matter or a draft."""
    plugs.holders = lambda ids: {pk: held[pk.hex] for pk in ids if pk.hex in held}


def left(folders) -> int:
    return len([p for p in (folders / "files").rglob("*") if len(p.name) == 64])


def test_a_file_that_nothing_holds_goes_after_a_day_and_a_second_look(
    lin, folders, django_capture_on_commit_callbacks
):
    loose, young = store(lin, papers_in.photo()), store(lin, papers_in.photo(colour=(1, 2, 3)))
    File.objects.filter(pk=young.id).update(created_at=NOW + DAY)
    hold()
    actions.sweep(NOW + DAY - HOUR)
    assert queries.own_among([loose.id], by=lin) == {loose.id}  # it may still be attached
    actions.sweep(NOW + DAY + HOUR)
    assert queries.own_among([loose.id, young.id], by=lin) == {young.id}  # now no more, but it is still there
    assert queries.read(loose.id)
    with django_capture_on_commit_callbacks(execute=True):
        actions.sweep(NOW + DAY + 2 * HOUR)
    assert list(File.objects.values_list("pk", flat=True)) == [young.id]
    assert left(folders) == 1
    (said,) = entries("files:file:discarded")
    assert said["file"] == str(loose.id)


def test_what_a_matter_holds_is_never_removed_and_not_asked_for_again(lin, folders):
    kept, drafted = store(lin, papers_in.photo()), store(lin, papers_in.photo(colour=(1, 2, 3)))
    hold(**{kept.id.hex: "matter", drafted.id.hex: "draft"})
    for hours in range(24, 24 * 100, 12):
        actions.sweep(NOW + hours * HOUR)
    assert File.objects.count() == 2
    assert File.objects.filter(settled_at__isnull=False).get().pk == kept.id
    actions.let_go([kept.id, drafted.id], now=NOW)  # removed from another draft
    hold(**{drafted.id.hex: "draft"})  # even if nobody said any more that a matter holds it
    for hours in range(24, 72):
        actions.sweep(NOW + hours * HOUR)
    assert File.objects.count() == 2


def test_a_file_attached_between_the_two_looks_stays(lin):
    slow = store(lin, papers_in.photo())
    hold()
    actions.sweep(NOW + DAY + HOUR)
    hold(**{slow.id.hex: "matter"})  # the transaction that attached it had begun before the first look
    actions.sweep(NOW + DAY + 3 * HOUR)
    assert File.objects.get().loose_since is None
    hold()
    actions.sweep(NOW + DAY + 5 * HOUR)
    assert File.objects.count() == 1


def test_a_file_attached_in_the_very_moment_of_removal_stays(lin, monkeypatch):
    last = store(lin, papers_in.photo())
    hold()
    actions.let_go([last.id], now=NOW)
    looks = iter([{}, {last.id: "matter"}])  # nothing holds it at the first look; under the lock a matter does
    plugs.holders = lambda ids: next(looks)
    actions.sweep(NOW + 2 * HOUR)
    assert File.objects.get().pk == last.id


def test_a_crash_between_the_row_and_its_content_leaves_nothing_for_good(lin, folders):
    lost = store(lin, papers_in.photo())
    hold()
    actions.let_go([lost.id], now=NOW)
    actions.sweep(NOW + 2 * HOUR)  # no callback after the commit runs here: the process dies in between
    assert File.objects.count() == 0
    assert left(folders) == 1
    for path in (folders / "files").rglob("*"):
        os.utime(path, (0, 0))
    assert actions.sweep(NOW + 3 * HOUR) == (0, 1)
    assert left(folders) == 0


def test_without_anybody_who_knows_what_holds_files_none_is_removed(lin):
    store(lin, papers_in.photo())
    actions.sweep(NOW + 9 * DAY)
    actions.sweep(NOW + 10 * DAY)
    assert File.objects.filter(loose_since__isnull=True).count() == 1


def test_many_left_over_files_go_page_by_page(lin, monkeypatch):
    monkeypatch.setattr(actions, "SWEPT", 2)
    sent = [store(lin, papers_in.photo(colour=(n, n, n))) for n in range(5)]
    hold(**{sent[3].id.hex: "draft"})
    actions.sweep(NOW + DAY + HOUR)
    actions.sweep(NOW + DAY + 3 * HOUR)
    assert File.objects.get().pk == sent[3].id
