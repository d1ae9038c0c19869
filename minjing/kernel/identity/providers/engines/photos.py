"""What can be measured in a photo for a document. Faces are found, never recognised."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np

from minjing.kernel.identity.providers.engines import faces, pictures
from minjing.kernel.identity.providers.engines.pictures import Picture
from minjing.kernel.identity.providers.engines.trouble import Trouble
from minjing.kernel.identity.rules import photo as rules
from minjing.kernel.identity.rules.faces import pose

GROUND_TOP, GROUND_SIDE = 0.10, 0.16  # the ground is looked at above the head and beside it, in parts of the picture
SIDE_DOWN = 0.5


def check(facts: dict[str, Any], given: list[bytes]) -> dict[str, Any]:
    """Return the faults as JSON; see reading.check_photo."""
    bounds: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
    }
    seen = measure(given[0])
    return {"remarks": [dataclasses.asdict(one) for one in rules.faults(seen, rules.PhotoSpec(**bounds))]}


def measure(content: bytes) -> rules.PhotoSeen:
    """Return what was measured."""
    picture = pictures.decode(content)
    height, width = picture.shape[:2]
    ground = _ground(picture)
    grey = ground.mean(axis=1)
    count, face = _face(picture)
    return rules.PhotoSeen(
        width_px=width,
        height_px=height,
        size_bytes=len(content),
        ground=float(np.median(grey)),
        ground_spread=float(np.percentile(grey, 95) - np.percentile(grey, 5)) / 2,
        ground_tint=float(np.ptp(np.median(ground, axis=0))),
        sharp=pictures.sharpness(_scaled(picture, 480)),
        faces=count,
        face=face,
    )


def _scaled(picture: Picture, width: int) -> Picture:
    scale = width / picture.shape[1]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return pictures.as_picture(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how))


def _ground(picture: Picture) -> Any:
    """Return the pixels that should be background: a strip at the top and both sides above the shoulders."""
    height, width = picture.shape[:2]
    top, side, down = int(height * GROUND_TOP), int(width * GROUND_SIDE), int(height * SIDE_DOWN)
    smooth = cv2.GaussianBlur(picture, (0, 0), max(1.0, width / 300))
    strips = [smooth[: top // 2], smooth[:down, :side], smooth[:down, width - side :]]
    return np.concatenate([strip.reshape(-1, 3) for strip in strips]).astype(np.float32)


def _face(picture: Picture) -> tuple[int | None, rules.FaceSeen | None]:
    try:
        known = faces.engines()
    except Trouble:
        return None, None
    rgb, found = faces.look(known, picture)
    if len(found) != 1:
        return len(found), None
    box = found[0]
    left, right, nose = faces.eyes_and_nose(known, rgb, box)
    height, width = rgb.shape[:2]
    middle = (left + right) / 2
    return 1, rules.FaceSeen(
        left=box.left() / width,
        top=box.top() / height,
        width=box.width() / width,
        height=box.height() / height,
        roll_deg=float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))),
        yaw=float(pose(left, right, nose)),
        glare=_burnt(rgb, box),
        eyes_middle=(float(middle[0] / width), float(middle[1] / height)),
        eyes_apart=float(np.linalg.norm(right - left) / height),
    )


def _burnt(rgb: Picture, box: Any) -> float:
    """Return the part of the face's inner box that is white without grain: a lamp on skin or glasses."""
    inner = rgb[max(0, box.top()) : box.bottom(), max(0, box.left()) : box.right()]
    if inner.size == 0:
        return 0.0
    burnt = (inner.min(axis=2) >= 248).astype(np.uint8)
    opened = cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return float(opened.mean())
