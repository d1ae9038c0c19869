"""Faces by the real engine, on faces of nobody; and what happens where there is none."""

import io
import random
import subprocess
import sys

import pytest
from PIL import Image

from minjing.kernel.identity.providers import reading
from minjing.kernel.identity.providers.reading import client
from minjing.kernel.identity.providers.standin import specimen
from minjing.kernel.identity.rules import faces
from minjing.kernel.identity.rules.faces import Doubt, FaceResult, NoEngine, Pose

SIZE = (300, 375)


def jpeg(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=90)
    return kept.getvalue()


def face(seed: int = 5, **view) -> bytes:
    return jpeg(specimen.face(seed, "女", SIZE, specimen.View(**view)))


needs_engine = pytest.mark.skipif(not reading.available(), reason="the extra `face` is not installed")


@needs_engine
def test_the_same_face_in_another_light_is_the_same():
    found = reading.compare_faces(face(), face(light=0.4, smile=1, roll_deg=4))
    assert isinstance(found, FaceResult)
    assert found.same
    assert found.engine == "dlib"
    assert "dlib_face_recognition_resnet" in found.version


@needs_engine
def test_only_a_score_comes_back_and_no_template():
    said = client.ask("faces", {}, [face(), face(light=0.2)])
    assert set(said) == {"score", "engine", "version", "seconds"}


@needs_engine
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda: jpeg(Image.new("RGB", SIZE, "#777")), "no_face"),
        (lambda: b"nothing", "no_face"),
        (lambda: jpeg(_two()), "many_faces"),
        (lambda: jpeg(_small()), "small"),
    ],
)
def test_what_cannot_be_compared_is_a_doubt_that_says_what_to_do(other, reason):
    found = reading.compare_faces(face(), other())
    assert isinstance(found, Doubt)
    assert found.reason == reason
    assert found.zh
    assert found.en


def _two() -> Image.Image:
    both = Image.new("RGB", (SIZE[0] * 2, SIZE[1]), "white")
    both.paste(specimen.face(5, "女", SIZE), (0, 0))
    both.paste(specimen.face(6, "男", SIZE), (SIZE[0], 0))
    return both


def _small() -> Image.Image:
    return specimen.face(5, "女", (84, 105))


@needs_engine
def test_each_step_of_the_challenge_is_seen_and_no_other():
    straight = face()
    left, right = face(yaw=0.85), face(yaw=-0.85)
    closer = jpeg(specimen.face(5, "女", SIZE, specimen.View(scale=1.3)))
    answers = {
        (name, asked): reading.check_pose(straight, picture, asked)
        for name, picture in (("left", left), ("right", right), ("closer", closer), ("still", straight))
        for asked in ("left", "right", "closer")
    }
    followed = {key for key, found in answers.items() if found.followed}
    assert followed == {("left", "left"), ("right", "right"), ("closer", "closer")}


@needs_engine
def test_the_model_of_68_points_is_never_opened():
    """Watches from Python which model files the engines load; not the system calls beneath."""
    code = (
        "import builtins, io, sys\n"
        "from pathlib import Path\n"
        "import dlib\n"
        "opened = []\n"
        "for name in ('shape_predictor', 'face_recognition_model_v1'):\n"
        "    real = getattr(dlib, name)\n"
        "    setattr(dlib, name, lambda path, real=real: (opened.append(Path(path).name), real(path))[1])\n"
        "from minjing.kernel.identity.providers.engines import faces, photos\n"
        "from minjing.kernel.identity.providers.standin import specimen\n"
        "kept = io.BytesIO(); specimen.face(5, '女', (300, 375)).save(kept, 'JPEG')\n"
        "faces.compare([kept.getvalue()] * 2); faces.pose([kept.getvalue()]); photos.measure(kept.getvalue())\n"
        "assert 'face_recognition_models' not in sys.modules\n"
        "print(*sorted(set(opened)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "dlib_face_recognition_resnet_model_v1.dat",
        "shape_predictor_5_face_landmarks.dat",
    ]


def test_no_source_names_the_68_points_model():
    from pathlib import Path

    home = Path(faces.__file__).parents[3]
    assert not [path for path in home.rglob("*.py") if "68_face" in path.read_text() and "tests" not in path.parts]


def test_without_the_engine_an_officer_compares(monkeypatch):
    monkeypatch.setattr(reading, "ask", lambda *_: {"trouble": "not_installed"})
    assert reading.compare_faces(b"a", b"b") == NoEngine("not_installed")
    assert reading.check_pose(b"a", b"b", "left") == NoEngine("not_installed")


@pytest.mark.parametrize("reason", ["busy", "broke", "too_slow"])
def test_a_process_that_is_down_is_no_engine_and_a_photo_goes_to_an_officer(monkeypatch, reason):
    def down(*_):
        raise client.Down(reason)

    monkeypatch.setattr(reading, "ask", down)
    assert reading.compare_faces(b"a", b"b") == NoEngine(reason)
    assert [one.key for one in reading.check_photo(b"a")] == ["face_unchecked"]


@pytest.mark.parametrize(
    ("score", "expected"), [(0.30, True), (0.45, True), (0.46, "between"), (0.599, "between"), (0.60, False)]
)
def test_between_the_thresholds_the_machine_does_not_decide(score, expected):
    found = faces.decide(score, "dlib", "1", 0.1)
    assert (found.reason if isinstance(found, Doubt) else found.same) == expected


def test_steps_are_drawn_and_each_comes_once():
    orders = {faces.challenge(random.Random(seed)) for seed in range(60)}
    assert len(orders) == 6
    assert all(len(set(order)) == 2 for order in orders)


@pytest.mark.parametrize(
    ("step", "after", "followed"),
    [
        ("turn_left", Pose(1, yaw=0.3), True),
        ("turn_left", Pose(1, yaw=0.1), False),
        ("turn_left", Pose(1, yaw=-0.3), False),
        ("turn_right", Pose(1, yaw=-0.3), True),
        ("come_closer", Pose(1, eyes_apart=0.4), True),
        ("come_closer", Pose(1, eyes_apart=0.32), False),
        ("come_closer", Pose(2, eyes_apart=0.5), False),
    ],
)
def test_a_step_is_judged_against_the_straight_look(step, after, followed):
    assert faces.answered(step, Pose(1, yaw=0.02, eyes_apart=0.3), after) is followed


def test_yaw_is_zero_straight_and_positive_to_the_persons_left():
    assert faces.pose((0, 0), (10, 0), (5, 6)) == 0
    assert faces.pose((0, 0), (10, 0), (8, 6)) > 0
    assert faces.pose((0, 0), (0, 0), (8, 6)) == 0
