"""What a file is, told from its content."""

import pytest

from minjing.kernel.files.errors import REASONS, Refused
from minjing.kernel.files.rules import IMAGES, NAMES, clean_name, is_double, kind_of
from minjing.kernel.files.tests import papers_in


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (papers_in.photo(64, 64), "jpeg"),
        (papers_in.photo(64, 64, "PNG"), "png"),
        (papers_in.photo(64, 64, "WEBP"), "webp"),
        (papers_in.pdf(), "pdf"),
        (papers_in.program(), "program"),
        (papers_in.zip_bomb(1), "zip"),
        (papers_in.heic(), "heic"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(20), "video"),
        (b"\xef\xbb\xbf <!DOCTYPE html><script>", "page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "page"),
        (b"#!/bin/sh\n", "program"),
        ("您好".encode(), "other"),
    ],
)
def test_the_kind_is_told_by_the_content(content, kind):
    assert kind_of(content) == kind


def test_every_kind_that_is_refused_has_a_name_in_both_languages():
    for content in (papers_in.program(), papers_in.zip_bomb(1), b"BM", b"GIF89a"):
        assert set(NAMES[kind_of(content)]) == {"zh", "en"}
    assert not set(NAMES) & {*IMAGES, "pdf", "heic", "other"}


def test_a_photo_that_is_an_archive_too_is_told():
    assert is_double(papers_in.picture_and_archive(), "jpeg")
    assert is_double(papers_in.photo(64, 64)[:40] + b"%PDF-1.7" + bytes(100), "jpeg")
    assert is_double(b"%PDF-1.4\n<script>alert(1)</script>", "pdf")
    assert not is_double(papers_in.photo(64, 64), "jpeg")
    assert not is_double(papers_in.pdf(3), "pdf")


def test_the_four_letters_of_an_archive_by_chance_are_no_archive():
    assert not is_double(papers_in.photo(64, 64) + b"PK\x05\x06" + b"\xff" * 18, "jpeg")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("结婚证.jpg", "结婚证.jpg"),
        ("C:\\Users\\lin\\证.pdf", "证.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("", "file"),
        ("...", "file"),
        ("长" * 300 + ".jpg", "长" * 96 + ".jpg"),
    ],
)
def test_a_name_keeps_what_is_seen_and_no_folder(sent, kept):
    assert clean_name(sent) == kept


def test_each_reason_speaks_both_languages_and_says_what_to_do():
    facts = {
        "limit": 1, "limit_mb": 10, "limit_mp": 50, "limit_pages": 60, "width": 1, "height": 2, "name": "x",
        "found": NAMES["zip"],
    }  # fmt: skip
    for key in REASONS:
        text = Refused(key, **facts).text
        assert "请" in text["zh"]
        assert "lease" in text["en"] or "Settings" in text["en"]
        assert "{" not in text["zh"] + text["en"]
