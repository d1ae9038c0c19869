"""Photos of specimen cards as a phone takes them: tilted, turned, lit unevenly, blurred, with glare and noise."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

import cv2
import numpy as np
from PIL import Image

from minjing.kernel.identity.providers.standin import specimen

TODAY = date(2026, 11, 27)


@dataclass(frozen=True)
class Shot:
    """How a photo was taken. Angles in degrees; blur is the sigma in pixels of the card at 1,011 wide."""

    turn_deg: float
    tilt: float  # how far the far corners come together, in parts of the card
    blur: float
    shake: int  # length of a movement's smear in the photo's pixels
    glare: float  # strength, 0 none; 1 burns the ground out
    noise: float
    light: float  # how much darker the dark side is
    quality: int
    ground: tuple[int, int, int]
    half_turn: bool


def shot(drawn: random.Random) -> Shot:
    """Return a shot with a bit of everything that goes wrong at home."""
    return Shot(
        turn_deg=drawn.uniform(-14, 14),
        tilt=drawn.uniform(0, 0.16),
        blur=drawn.choice((0.0, 0.6, 0.9, 1.2, 1.6)),
        shake=drawn.choice((0, 0, 0, 3, 5)),
        glare=drawn.choice((0.0, 0.0, 0.5, 0.8, 1.0)),
        noise=drawn.uniform(1, 7),
        light=drawn.uniform(0, 0.45),
        quality=drawn.randint(60, 92),
        ground=drawn.choice(
            ((58, 62, 70), (120, 92, 70), (186, 178, 168), (36, 40, 44), (96, 110, 92), (210, 205, 198))
        ),
        half_turn=drawn.random() < 0.1,
    )


def photograph(card: Image.Image, how: Shot, drawn: random.Random, width: int = 1600) -> bytes:
    """Return the JPEG of the card as it was shot, lying on a table, the photo `width` wide and 4 to 3."""
    grain = np.random.default_rng(drawn.randint(0, 2**31))
    flat = np.asarray(card)[:, :, ::-1].astype(np.float32)
    if how.glare:
        flat = _glare(flat, how.glare, drawn)
    if how.blur:
        flat = cv2.GaussianBlur(flat, (0, 0), how.blur)
    height = width * 3 // 4
    laid, mask = _laid(flat, how, drawn, width, height)
    table = np.full((height, width, 3), how.ground[::-1], np.float32)
    table += cv2.GaussianBlur(grain.normal(0, 40, (height, width, 1)).astype(np.float32), (0, 0), 3)[:, :, None]
    photo = table * (1 - mask) + laid * mask
    ramp = np.linspace(1 - how.light, 1, width, dtype=np.float32)[None, :, None]
    photo *= ramp if drawn.random() < 0.5 else ramp[:, ::-1]
    if how.shake:
        kernel = np.zeros((how.shake, how.shake), np.float32)
        if drawn.random() < 0.5:
            np.fill_diagonal(kernel, 1 / how.shake)
        else:
            kernel[how.shake // 2] = 1 / how.shake
        photo = cv2.filter2D(photo, -1, kernel)
    photo += grain.normal(0, how.noise, photo.shape).astype(np.float32)
    _, kept = cv2.imencode(".jpg", np.clip(photo, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, how.quality])
    return kept.tobytes()


def _glare(flat: np.ndarray, strength: float, drawn: random.Random) -> np.ndarray:
    """Return the card with a lamp's reflection on it: it burns the ground out and greys the ink."""
    height, width = flat.shape[:2]
    spot = np.zeros((height, width), np.float32)
    centre = drawn.randint(0, width), drawn.randint(0, height)
    axes = drawn.randint(60, 170), drawn.randint(30, 80)
    cv2.ellipse(spot, centre, axes, drawn.randint(0, 180), 0, 360, 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), 28)[:, :, None] * strength
    return flat + (255 - flat) * np.minimum(spot, 1) * 0.72 + 25 * spot


def _laid(
    flat: np.ndarray, how: Shot, drawn: random.Random, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the card in the photo's perspective and where it lies, with round corners."""
    card_height, card_width = flat.shape[:2]
    part = drawn.uniform(0.6, 0.82)
    w, h = width * part / 2, width * part / 2 * card_height / card_width
    pull = [drawn.uniform(0, how.tilt) for _ in range(4)]
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]], np.float32)
    corners *= np.array([[1 - pull[i], 1 - pull[i] * 0.8] for i in range(4)], np.float32)
    angle = np.radians(how.turn_deg + (180 if how.half_turn else 0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    corners = corners @ turn.T + np.array([width / 2, height / 2], np.float32)
    source = np.array([[0, 0], [card_width, 0], [card_width, card_height], [0, card_height]], np.float32)
    lens = cv2.getPerspectiveTransform(source, corners)
    shape = np.zeros((card_height, card_width), np.float32)
    radius = 38
    cv2.rectangle(shape, (radius, 0), (card_width - radius, card_height), 1.0, -1)
    cv2.rectangle(shape, (0, radius), (card_width, card_height - radius), 1.0, -1)
    for x in (radius, card_width - radius):
        for y in (radius, card_height - radius):
            cv2.circle(shape, (x, y), radius, 1.0, -1)
    laid = cv2.warpPerspective(flat, lens, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(shape, lens, (width, height), flags=cv2.INTER_LINEAR)[:, :, None]
    return laid, mask


def pair(seed: int, hard: bool = True) -> tuple[specimen.Holder, bytes, bytes, Shot, Shot]:
    """Return a holder and the photos of both sides, always the same for one seed."""
    drawn = random.Random(seed)
    one = specimen.holder(drawn, TODAY)
    serif = drawn.random() < 0.35
    front_shot, back_shot = shot(drawn), shot(drawn)
    front = photograph(specimen.front(one, serif=serif), front_shot, drawn)
    back = photograph(specimen.back(one, serif=serif), back_shot, drawn)
    return one, front, back, front_shot, back_shot
