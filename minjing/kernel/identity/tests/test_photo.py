"""Photos for travel documents: each fault is found, said in both languages, and only those that are there."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw, ImageFilter

from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.providers.standin import specimen
from minjing.kernel.identity.rules import photo
from minjing.kernel.identity.rules.photo import FaceSeen, PhotoSeen

SIZE = (420, 560)
FACE = FaceSeen(
    left=0.2, top=0.3, width=0.5, height=0.4, roll_deg=0, yaw=0, glare=0, eyes_middle=(0.5, 0.40), eyes_apart=0.17
)
GOOD = PhotoSeen(480, 640, 60_000, 245, 4, 2, 40, 1, FACE)


def jpeg(picture: Image.Image, quality: int = 92) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()


def portrait(size=SIZE, **view) -> Image.Image:
    return specimen.face(12, "女", size, specimen.View(**{"scale": 1.05, **view}))


def keys(picture: Image.Image) -> set[str]:
    return {one.key for one in reading.check_photo(jpeg(picture))}


needs_engine = pytest.mark.skipif(not reading.available(), reason="the extra `face` is not installed")


@needs_engine
def test_a_good_photo_has_no_fault():
    assert keys(portrait()) == set()


@needs_engine
@pytest.mark.parametrize(
    ("made", "key"),
    [
        (lambda: portrait((210, 280)), "pixels"),
        (lambda: portrait().resize((560, 560)), "ratio"),
        (lambda: portrait(ground="#7d8a94"), "ground_dark"),
        (lambda: portrait(ground="#cfe2ff"), "ground_tint"),
        (lambda: _shadow(portrait()), "ground_uneven"),
        (lambda: Image.new("RGB", SIZE, "#f4f5f6"), "no_face"),
        (lambda: _two(), "many_faces"),
        (lambda: portrait(scale=0.6), "head_small"),
        (lambda: portrait(roll_deg=10), "tilted"),
        (lambda: portrait(yaw=0.7), "turned"),
        (lambda: portrait(shift=(0.14, 0)), "off_centre"),
        (lambda: _glare(portrait()), "glare"),
        (lambda: portrait().filter(ImageFilter.GaussianBlur(6)), "blurred"),
    ],
)
def test_each_fault_is_found(made, key):
    assert key in keys(made())


def _shadow(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).rectangle((0, 0, 60, 300), fill="#b9b4ac")
    return picture


def _two() -> Image.Image:
    both = portrait((840, 1120))
    both.paste(specimen.face(5, "男", (400, 500)), (440, 0))
    both.paste(specimen.face(12, "女", (400, 500)), (0, 0))
    return both


def _glare(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).ellipse((160, 190, 225, 250), fill="#ffffff")
    return picture


def test_what_is_no_picture_is_said_to_be_none():
    assert [one.key for one in reading.check_photo(b"nothing")] == ["unreadable"]


def test_a_photo_as_it_should_be_passes_the_rules():
    assert photo.faults(GOOD) == []


@pytest.mark.parametrize(
    ("seen", "key"),
    [
        (replace(GOOD, size_bytes=9_000_000), "too_big"),
        (replace(GOOD, faces=None, face=None), "face_unchecked"),
        (replace(GOOD, face=replace(FACE, eyes_apart=0.26, eyes_middle=(0.5, 0.52))), "head_large"),
        (replace(GOOD, face=replace(FACE, eyes_middle=(0.5, 0.30))), "head_high"),
        (replace(GOOD, face=replace(FACE, eyes_middle=(0.5, 0.55))), "head_low"),
    ],
)
def test_faults_by_their_measures(seen, key):
    assert [one.key for one in photo.faults(seen)] == [key]


def test_each_sentence_says_what_to_do_in_both_languages():
    for key in photo._TEXTS:
        one = photo.remark(key, "1", "2")
        assert one.zh.endswith("。")
        assert one.en.endswith(".")
        assert "{" not in one.zh + one.en


def test_advice_does_not_stop_a_photo():
    assert not photo.remark("head_high").stops
    assert photo.remark("no_face").stops
