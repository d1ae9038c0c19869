"""Files in pieces: go on where one stopped, on another device or after a crash."""

from datetime import timedelta
from pathlib import Path

import pytest

from minjing.kernel.files import actions, pieces, queries, rules
from minjing.kernel.files.errors import OutOfStep, Refused, Unknown
from minjing.kernel.files.models import File, Upload
from minjing.kernel.files.tests import papers_in
from minjing.kernel.files.tests.conftest import NOW

PIECE = 3000


def begin(who, content, name="户口簿.jpg", now=NOW):
    return actions.begin(by=who, owner_person=who.person_id, name=name, size=len(content), now=now)


def send(who, upload, content, start=0, now=NOW):
    for at in range(start, len(content), PIECE):
        assert actions.append(upload.id, at, content[at : at + PIECE], by=who, now=now) == min(
            at + PIECE, len(content)
        )


def test_a_file_in_pieces_is_the_file_in_one(lin):
    content = papers_in.photo()
    upload = begin(lin, content)
    send(lin, upload, content)
    kept = actions.finish(upload.id, by=lin, now=NOW)
    assert kept.name == "户口簿.jpg"
    assert kept.sha256 == actions.store(content, by=lin, owner_person=lin.person_id, name="x.jpg", now=NOW).sha256


def test_an_answer_that_was_lost_costs_nothing(lin, folders):
    content = papers_in.photo()
    upload = begin(lin, content)
    send(lin, upload, content)
    kept = actions.finish(upload.id, by=lin, now=NOW)
    assert actions.finish(upload.id, by=lin, now=NOW) == kept
    assert File.objects.count() == 1
    assert list((folders / "uploads").iterdir()) == []


def test_a_piece_out_of_step_is_told_where_to_go_on(lin):
    content = papers_in.photo()
    upload = begin(lin, content)
    actions.append(upload.id, 0, content[:PIECE], by=lin, now=NOW)
    for wrong in (0, PIECE - 1, PIECE + 1):
        with pytest.raises(OutOfStep) as step:
            actions.append(upload.id, wrong, b"x", by=lin, now=NOW)
        assert step.value.offset == PIECE
    assert queries.upload_offset(upload.id, by=lin, now=NOW) == PIECE
    send(lin, upload, content, PIECE)
    assert actions.finish(upload.id, by=lin, now=NOW)


def test_what_a_killed_process_wrote_beyond_its_count_is_cut_off(lin, folders):
    content = papers_in.photo()
    upload = begin(lin, content)
    actions.append(upload.id, 0, content[:PIECE], by=lin, now=NOW)
    (path,) = (folders / "uploads").iterdir()
    path.write_bytes(path.read_bytes() + b"half a piece")
    send(lin, upload, content, PIECE)
    assert actions.finish(upload.id, by=lin, now=NOW)


def test_pieces_on_the_disk_are_sealed(lin, folders):
    content = b"%PDF-1.7 " + b"name of a person " * 100
    upload = begin(lin, content)
    actions.append(upload.id, 0, content[:500], by=lin, now=NOW)
    (path,) = (folders / "uploads").iterdir()
    assert b"name of a person" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_pieces_cannot_change_places(lin, folders):
    from minjing.kernel.identity.sealing import Tampered

    upload = begin(lin, bytes(20))
    for at in (0, 10):
        actions.append(upload.id, at, bytes([at]) * 10, by=lin, now=NOW)
    (path,) = (folders / "uploads").iterdir()
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[half:] + data[:half])
    with pytest.raises(Tampered):
        pieces.whole(lin.person_id, upload.id, len(data))


def test_an_upload_is_nobody_elses_business(lin, chen):
    upload = begin(lin, b"x" * 10)
    with pytest.raises(Unknown):
        actions.append(upload.id, 0, b"x", by=chen, now=NOW)
    with pytest.raises(Unknown):
        actions.finish(upload.id, by=chen, now=NOW)
    with pytest.raises(Unknown):
        actions.cancel(upload.id, by=chen, now=NOW)
    with pytest.raises(Unknown):
        queries.upload_offset(upload.id, by=chen, now=NOW)


def test_more_than_announced_is_not_taken(lin):
    upload = begin(lin, b"x" * 10)
    with pytest.raises(Refused, match="too_large"):
        actions.append(upload.id, 0, b"x" * 11, by=lin, now=NOW)
    for size, reason in ((0, "empty"), (-5, "empty"), (rules.SIZE_MAX + 1, "too_large")):
        with pytest.raises(Refused, match=reason):
            actions.begin(by=lin, owner_person=lin.person_id, name="x", size=size, now=NOW)


def test_an_unfinished_file_is_not_finished(lin):
    upload = begin(lin, b"x" * 10)
    with pytest.raises(OutOfStep):
        actions.finish(upload.id, by=lin, now=NOW)


def test_two_processes_do_not_finish_the_same_upload_at_once(lin):
    content = papers_in.photo()
    upload = begin(lin, content)
    send(lin, upload, content)
    Upload.objects.filter(pk=upload.id).update(finishing_at=NOW)
    with pytest.raises(OutOfStep):
        actions.finish(upload.id, by=lin, now=NOW + timedelta(seconds=5))
    assert actions.finish(upload.id, by=lin, now=NOW + timedelta(minutes=3))  # the other one is dead


def test_a_bad_file_in_pieces_is_refused_and_gone(lin, folders):
    content = papers_in.program()
    upload = begin(lin, content, "证.pdf")
    send(lin, upload, content)
    with pytest.raises(Refused, match="wrong_type"):
        actions.finish(upload.id, by=lin, now=NOW)
    with pytest.raises(Refused, match="gone"):
        actions.finish(upload.id, by=lin, now=NOW)
    assert list((folders / "uploads").iterdir()) == []


def test_only_so_many_uploads_are_open_at_once_until_some_are_cancelled(lin):
    opened = [begin(lin, b"x") for _ in range(rules.OPEN_UPLOADS_MAX)]
    with pytest.raises(Refused, match="too_many_uploads"):
        begin(lin, b"x")
    actions.cancel(opened[0].id, by=lin, now=NOW)
    assert begin(lin, b"x")


def test_what_was_left_half_way_is_swept_away(lin, folders):
    upload = begin(lin, b"x" * 10)
    actions.append(upload.id, 0, b"x" * 5, by=lin, now=NOW)
    later = NOW + actions.UPLOAD_LIVES
    with pytest.raises(Refused, match="gone"):
        actions.append(upload.id, 5, b"x" * 5, by=lin, now=later)
    assert actions.sweep(later) == (1, 0)
    assert not Upload.objects.exists()
    assert list(Path(folders / "uploads").iterdir()) == []
