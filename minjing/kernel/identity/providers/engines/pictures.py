"""Pictures: decoded under limits, the card found and laid straight, blur and glare measured."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from minjing.kernel.identity.providers.engines.trouble import Trouble

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

PIXELS_MAX = 60_000_000
SIDE_MAX = 2600  # of what is worked on: a card in a phone's photo is still 1,500 pixels wide
CARD_SIZE = (1000, 631)  # ID-1, 85.60 × 53.98 mm (ISO/IEC 7810)
_FINDING = 640
WHITER = 0.065  # than the ground around it; the portrait's own ground is 0.05 whiter
EDGE = 3  # pixels of the picture as it is searched
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")


def decode(content: bytes) -> Picture:
    """Return the picture upright by its EXIF, in BGR, no side longer than SIDE_MAX. Raises Trouble."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > PIXELS_MAX or min(image.size) < 32:
                raise Trouble("not_a_picture")
            image.draft("RGB", (SIDE_MAX, SIDE_MAX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, Image.DecompressionBombError):
        raise Trouble("not_a_picture") from None
    upright.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])


def jpeg(picture: Picture, quality: int = 92) -> bytes:
    """Return the picture as a JPEG."""
    _, kept = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return kept.tobytes()


def lay_straight(picture: Picture) -> tuple[Picture, bool]:
    """Return the card cut out and laid straight in CARD_SIZE and True, or the whole picture and False.

    Which of the two landscape ways is up is not known yet: the text tells.
    """
    corners = find_card(picture)
    if corners is None:
        return whole(picture), False
    return cut(picture, corners, CARD_SIZE[0]), True


def cut(picture: Picture, corners: Points, width: int) -> Picture:
    """Return what lies between the corners, laid straight, `width` wide in the shape of a card."""
    height = round(width * CARD_SIZE[1] / CARD_SIZE[0])
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shrinks = cv2.contourArea(corners) > 1.5 * width * height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return as_picture(
        cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, target), (width, height), flags=how)
    )


def whole(picture: Picture) -> Picture:
    """Return the whole picture, its longer side at most 1,400."""
    scale = 1400 / max(picture.shape[:2])
    if scale > 1:
        return picture
    return as_picture(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def find_card(picture: Picture) -> Points | None:
    """Return the four corners of the card from the upper left clockwise, long sides up and down, or None."""
    scale = _FINDING / max(picture.shape[:2])
    small = as_picture(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    best: tuple[float, Points] | None = None
    for mask in _masks(small):
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:4]:
            found = _quadrangle(contour, small.shape[:2])
            if found is not None and (best is None or found[0] > best[0]):
                best = found
    if best is None:
        return None
    return _ordered(best[1] / scale)


def _masks(small: Picture) -> list[Picture]:
    """Return several ways to tell the card from what it lies on."""
    blurred = cv2.bilateralFilter(small, 7, 40, 7)
    grey = cv2.cvtColor(blurred, cv2.COLOR_BGR2GRAY)
    lab = cv2.cvtColor(blurred, cv2.COLOR_BGR2LAB)
    kernel = np.ones((5, 5), np.uint8)
    masks = []
    for channel in (grey, lab[:, :, 1], lab[:, :, 2]):
        median = float(np.median(channel))
        edges = cv2.Canny(np.ascontiguousarray(channel), max(8, 0.3 * median), max(24, 0.7 * median))
        masks.append(cv2.morphologyEx(cv2.dilate(edges, kernel), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)))
    masks.append(cv2.dilate(cv2.Canny(grey, 15, 45), np.ones((3, 3), np.uint8)))
    for channel in (grey, lab[:, :, 1], lab[:, :, 2]):
        _, over = cv2.threshold(np.ascontiguousarray(channel), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        masks += [cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel) for mask in (over, cv2.bitwise_not(over))]
    return [as_picture(mask) for mask in masks]


def _quadrangle(contour: Any, size: tuple[int, ...]) -> tuple[float, Points] | None:
    """Return how card-like the contour is with its four corners; None when it is none."""
    whole = size[0] * size[1]
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(hull)
    if not 0.10 * whole < area < 0.97 * whole:
        return None
    around = cv2.arcLength(hull, True)
    corners: Any = None
    for part in (0.02, 0.03, 0.045, 0.06):
        tried = cv2.approxPolyDP(hull, part * around, True)
        if len(tried) == 4:
            corners = tried
            break
    if corners is None or not cv2.isContourConvex(corners):
        return None
    points = _refined(hull[:, 0, :].astype(np.float32), corners[:, 0, :].astype(np.float32))
    if _at_edge(points, size) > 1:
        return None  # half the picture, or a card too near to be seen whole: then the picture is the card
    sides = [float(np.linalg.norm(points[i] - points[(i + 1) % 4])) for i in range(4)]
    if min(sides) < 20:
        return None
    long, short = sorted(((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2), reverse=True)
    if not 1.25 < long / short < 2.0:
        return None
    filled = area / max(1.0, cv2.contourArea(points))  # 1 when the hull is the quadrangle itself
    if not 0.9 < filled < 1.06:
        return None
    fit = 1 - min(1.0, abs(long / short - 1.585))
    return area / whole * (0.4 + 0.6 * fit) * (1 - 3 * abs(1 - filled)), points


def _at_edge(points: Points, size: tuple[int, ...]) -> int:
    """Return how many corners lie at the picture's own edge."""
    height, width = size
    x, y = points[:, 0], points[:, 1]
    return int(((x < EDGE) | (y < EDGE) | (x > width - EDGE) | (y > height - EDGE)).sum())


def _refined(hull: Points, corners: Points) -> Points:
    """Return the corners as the crossings of lines laid through the hull's sides: a card's own corners are round."""
    dense = []
    for i in range(len(hull)):
        a, b = hull[i], hull[(i + 1) % len(hull)]
        steps = max(1, int(np.linalg.norm(b - a) / 3))
        dense += [a + (b - a) * (k / steps) for k in range(steps)]
    points = np.array(dense, np.float32)
    lines = []
    for i in range(4):
        a, b = corners[i], corners[(i + 1) % 4]
        along = b - a
        length = float(np.linalg.norm(along))
        along = along / length
        rel = points - a
        t = rel @ along / length
        off = np.abs(rel[:, 0] * along[1] - rel[:, 1] * along[0])
        near = points[(t > 0.12) & (t < 0.88) & (off < 0.03 * length + 3)]
        if len(near) < 6:
            return corners
        vx, vy, x, y = cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((float(vx), float(vy), float(x), float(y)))
    crossed = []
    for i in range(4):
        crossing = _crossing(lines[i - 1], lines[i])
        if crossing is None or np.linalg.norm(crossing - corners[i]) > 0.1 * np.linalg.norm(corners[0] - corners[2]):
            return corners
        crossed.append(crossing)
    return np.array(crossed, np.float32)


def _crossing(a: tuple[float, ...], b: tuple[float, ...]) -> Points | None:
    across = a[0] * b[1] - a[1] * b[0]
    if abs(across) < 1e-6:
        return None
    t = ((b[2] - a[2]) * b[1] - (b[3] - a[3]) * b[0]) / across
    return np.array([a[2] + t * a[0], a[3] + t * a[1]], np.float32)


def _ordered(points: Points) -> Points:
    """Return the corners clockwise from the upper left with a long side first."""
    centre = points.mean(axis=0)
    turned = points[np.argsort(np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0]))]
    start = int(np.argmin(turned.sum(axis=1)))
    turned = np.roll(turned, -start, axis=0)
    first, second = np.linalg.norm(turned[1] - turned[0]), np.linalg.norm(turned[2] - turned[1])
    return (turned if first >= second else np.roll(turned, -1, axis=0)).astype(np.float32)


def half_turn(picture: Picture) -> Picture:
    """Return the picture upside down."""
    return as_picture(cv2.rotate(picture, cv2.ROTATE_180))


def quarter_turn(picture: Picture) -> Picture:
    """Return the picture turned by 90° clockwise."""
    return as_picture(cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE))


def turned(picture: Picture, degrees: float) -> Picture:
    """Return the picture turned back by so many degrees clockwise, on a sheet large enough for all of it."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = int(height * sin + width * cos), int(height * cos + width * sin)
    turn[:, 2] += (wide / 2 - width / 2, high / 2 - height / 2)
    return as_picture(cv2.warpAffine(picture, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE))


def sharpness(picture: Picture) -> float:
    """Return how steep the steepest edges are, 0 (none) to 100, for the contrast there is."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) / 8
    contrast = float(np.percentile(grey, 99) - np.percentile(grey, 1)) or 1.0
    return float(np.percentile(across, 99) / contrast * 100)


def glare(picture: Picture, apart: tuple[float, float, float, float] | None = None) -> float:
    """Return the part of the card that a lamp has whitened: patches brighter than its ground in that light.

    `apart`: a box, in parts of the width, that has a ground of its own.
    """
    small = cv2.resize(picture, (320, 202), interpolation=cv2.INTER_AREA)
    ground = cv2.dilate(small.min(axis=2), np.ones((9, 9), np.uint8)).astype(np.float32)  # without the ink
    if apart is not None:
        left, top, right, bottom = (int(part * 320) for part in apart)
        ground[top:bottom, left:right] = np.median(ground[:, left - 12 : left - 2])
    over = ground / _plane(ground) - 1
    count, _, stats, _ = cv2.connectedComponentsWithStats((over > WHITER).astype(np.uint8))
    large = sum(int(stats[i, cv2.CC_STAT_AREA]) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 250)
    return float(large / over.size)


def _plane(ground: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the light that falls on the card: a plane through its brightness, laid without what stands out."""
    rows, columns = np.indices(ground.shape)
    known = np.stack([np.ones(ground.size), columns.ravel() / 320, rows.ravel() / 202], axis=1)
    values, keep = ground.ravel(), np.ones(ground.size, bool)
    plane = values
    for _ in range(3):
        laid, *_ = np.linalg.lstsq(known[keep], values[keep], rcond=None)
        plane = known @ laid
        keep = np.abs(values / np.maximum(plane, 1) - 1) < WHITER
        if keep.sum() < 1000:
            break
    return np.maximum(plane, 1).reshape(ground.shape).astype(np.float32)


def as_picture(made: Any) -> Picture:
    """Return what OpenCV made as a picture."""
    return np.asarray(made, np.uint8)
