"""One face against one other: thresholds, the doubt between them, and the challenge before the camera. Pure.

Comparison is 1:1 only, for a person who agreed, against their own card or record. There is no search among many.
docs/face.md says what is caught and what is not, and what a city must measure before it lets a machine decide.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Euclidean distance of two descriptors of dlib's ResNet. 0.6 is its author's threshold (99.38 % on LFW); between
# the two an officer looks.
SAME_AT_MOST, DIFFERENT_FROM = 0.45, 0.60
FACE_PX_MIN = 60  # of the picture as it was taken; below this the descriptor says little
TURN_MIN = 0.20  # of the distance between the eyes: about 25 degrees of a head
CLOSER_MIN = 1.25  # times as far apart as before
STEPS = ("turn_left", "turn_right", "come_closer")
STEP_OF = {"left": "turn_left", "right": "turn_right", "closer": "come_closer"}
STEP_TEXTS = {
    "turn_left": ("请慢慢把头转向您的左边", "Slowly turn your head to your left"),
    "turn_right": ("请慢慢把头转向您的右边", "Slowly turn your head to your right"),
    "come_closer": ("请靠近镜头一点", "Come a little closer to the camera"),
}


@dataclass(frozen=True, slots=True)
class FaceResult:
    """A comparison: distance (0 the same picture, above 0.6 somebody else), with what it was made. No template."""

    score: float
    threshold: float
    engine: str
    version: str
    seconds: float

    @property
    def same(self) -> bool:
        """Return whether the machine holds both for one person."""
        return self.score <= self.threshold


@dataclass(frozen=True, slots=True)
class Doubt:
    """The machine does not decide: an officer compares side by side. `reason` is a key of DOUBTS."""

    reason: str
    zh: str
    en: str
    score: float | None = None
    engine: str = ""
    version: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NoEngine:
    """There is no machine to compare: the extra is not installed, or it broke. An officer compares side by side."""

    reason: str  # not_installed, busy, broke, too_slow


@dataclass(frozen=True, slots=True)
class Pose:
    """How one face stands before the camera: `yaw` in parts of the eyes' distance, positive towards its own left."""

    faces: int
    yaw: float = 0.0
    roll_deg: float = 0.0
    eyes_apart: float = 0.0  # in parts of the picture's width


@dataclass(frozen=True, slots=True)
class Posed:
    """Whether a step of the challenge was followed, and what judged it."""

    followed: bool
    engine: str
    seconds: float


DOUBTS = {
    "between": (
        "两张照片像不像，机器拿不准，将由民警对照。",
        "The machine is not sure; an officer will compare the photos.",
    ),
    "no_face": (
        "照片里没有找到脸。请面对镜头、脸上有光，再拍一张；也可以请民警对照。",
        "No face was found. Face the camera with light on your face and try again, or let an officer compare.",
    ),
    "many_faces": (
        "照片里不止一张脸。请一个人再拍一张。",
        "There is more than one face in the photo. Take it again alone.",
    ),
    "small": (
        "脸在照片里太小。请靠近一点再拍，或者请民警对照。",
        "The face is too small in the photo. Come closer and try again, or let an officer compare.",
    ),
}


def doubt(
    reason: str, *, score: float | None = None, engine: str = "", version: str = "", seconds: float = 0
) -> Doubt:
    """Return the doubt with its sentences."""
    zh, en = DOUBTS[reason]
    return Doubt(reason, zh, en, score, engine, version, seconds)


def decide(score: float, engine: str, version: str, seconds: float) -> FaceResult | Doubt:
    """Return same or different, or a doubt between the two thresholds."""
    if SAME_AT_MOST < score < DIFFERENT_FROM:
        return doubt("between", score=score, engine=engine, version=version, seconds=seconds)
    return FaceResult(score, SAME_AT_MOST, engine, version, seconds)


def challenge(drawn: random.Random, steps: int = 2) -> tuple[str, ...]:
    """Return the steps to ask for, in an order nobody can know before. Give it `secrets.SystemRandom()`."""
    return tuple(drawn.sample(STEPS, steps))


def pose(eye_left: Sequence[float], eye_right: Sequence[float], nose: Sequence[float]) -> float:
    """Return the yaw: how far the nose stands from the middle of the eyes, in parts of their distance.

    `eye_left` is the eye at the left of the picture, which is the person's right. Turning the head to one's own left
    moves the nose to the right of the picture, which is positive here.
    """
    span = eye_right[0] - eye_left[0], eye_right[1] - eye_left[1]
    length_squared = span[0] ** 2 + span[1] ** 2
    if length_squared == 0:
        return 0.0
    along = ((nose[0] - eye_left[0]) * span[0] + (nose[1] - eye_left[1]) * span[1]) / length_squared
    return along - 0.5


def answered(step: str, before: Pose, after: Pose) -> bool:
    """Return whether the second look does what was asked, seen against the first, straight one."""
    if before.faces != 1 or after.faces != 1:
        return False
    if step == "come_closer":
        return before.eyes_apart > 0 and after.eyes_apart >= CLOSER_MIN * before.eyes_apart
    turned = after.yaw - before.yaw
    return turned >= TURN_MIN if step == "turn_left" else turned <= -TURN_MIN
