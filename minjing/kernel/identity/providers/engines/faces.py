"""One face against one other by dlib, when the extra `face` is installed.

Two of the three files of face_recognition_models are used, each by its path: the 5-point shape predictor and the
descriptor network. The package itself is never imported (it needs pkg_resources, which is gone), and the 68-point
predictor in it is never opened: its licence excludes commercial use. A test watches which files are opened.
Descriptors live in local variables and end with the call.
"""

from __future__ import annotations

import importlib.util
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from minjing.kernel.identity.providers.engines import pictures
from minjing.kernel.identity.providers.engines.pictures import Picture
from minjing.kernel.identity.providers.engines.trouble import Trouble
from minjing.kernel.identity.rules import faces as rules

POINTS, NETWORK = "shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"
SIDE = 900  # pictures are compared at most so large
SECOND_FACE = 0.45  # another face counts when it is at least so wide as the largest: not a picture on the wall


class Engines:
    """The three engines, or nothing when the extra is missing."""

    def __init__(self) -> None:
        if importlib.util.find_spec("dlib") is None or importlib.util.find_spec("face_recognition_models") is None:
            raise Trouble("not_installed")
        import dlib

        folder = _models()
        self.version = f"{version('dlib-bin')} {Path(NETWORK).stem}"
        self.detect: Any = dlib.get_frontal_face_detector()
        self.points: Any = dlib.shape_predictor(str(folder / POINTS))
        self._network = str(folder / NETWORK)
        self._dlib = dlib

    @property
    def describe(self) -> Any:
        """Return the descriptor network, loaded when first needed."""
        return _network(self._network)


@cache
def engines() -> Engines:
    """Return the engines. Raises Trouble not_installed."""
    return Engines()


@cache
def _network(path: str) -> Any:
    import dlib

    return dlib.face_recognition_model_v1(path)


def _models() -> Path:
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        raise Trouble("not_installed")
    return Path(next(iter(found.submodule_search_locations))) / "models"


def compare(given: list[bytes]) -> dict[str, Any]:
    """Return the distance of the two faces, or the key of the doubt."""
    began = time.monotonic()
    known = engines()
    told = {"engine": "dlib", "version": known.version}
    try:
        first, second = (_described(known, pictures.decode(content)) for content in given)
    except Trouble as trouble:
        raise Trouble(trouble.said["trouble"], **told, seconds=round(time.monotonic() - began, 3)) from None
    score = float(np.linalg.norm(first - second))
    return {"score": round(score, 4), **told, "seconds": round(time.monotonic() - began, 3)}


def _described(known: Engines, picture: Picture) -> Any:
    rgb, found = look(known, picture)
    if not found:
        raise Trouble("no_face")
    if len(found) > 1:
        raise Trouble("many_faces")
    if found[0].width() * picture.shape[1] / rgb.shape[1] < rules.FACE_PX_MIN:
        raise Trouble("small")
    shape = known.points(rgb, found[0])
    return np.array(known.describe.compute_face_descriptor(rgb, shape, 1))


def look(known: Engines, picture: Picture) -> tuple[Picture, list[Any]]:
    """Return the picture in RGB as it was searched and the faces that matter in it, the largest first."""
    scale = SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = pictures.as_picture(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    elif max(picture.shape[:2]) < 500:
        picture = pictures.as_picture(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    rgb = pictures.as_picture(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    found = sorted(known.detect(rgb, 0), key=lambda box: -box.width())
    return rgb, [box for box in found if box.width() >= SECOND_FACE * found[0].width()]


def pose(given: list[bytes]) -> dict[str, Any]:
    """Return how the largest face stands; see rules.faces.Pose."""
    known = engines()
    rgb, found = look(known, pictures.decode(given[0]))
    if not found:
        return {"faces": 0}
    left, right, nose = eyes_and_nose(known, rgb, found[0])
    return {
        "faces": len(found),
        "yaw": round(float(rules.pose(left, right, nose)), 4),
        "roll_deg": round(float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))), 2),
        "eyes_apart": round(float(np.linalg.norm(right - left)) / rgb.shape[1], 4),
    }


def eyes_and_nose(known: Engines, rgb: Picture, box: Any) -> tuple[Any, Any, Any]:
    """Return the middles of both eyes from the left of the picture, and the nose: five points, no more."""
    shape = known.points(rgb, box)
    points = np.array([(shape.part(i).x, shape.part(i).y) for i in range(5)], np.float32)
    one, other = points[0:2].mean(axis=0), points[2:4].mean(axis=0)
    left, right = (one, other) if one[0] < other[0] else (other, one)
    return left, right, points[4]
