"""One drawn face against another: how often the machine decides, doubts and errs. The set is drawn, and says so.

200 faces of nobody (specimen.face), each in a straight and in a second view: turned, lit from the side, smiling,
smaller, blurred or as a bad JPEG. Same: the two views of one face. Different: each against the straight view of the
next of the same sex. Drawn faces resemble one another far more than people do: the rates show that the thresholds and
the doubt between them work, and say nothing about people. docs/face.md says what a city must measure before use.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image, ImageFilter

from bench.table import Row
from minjing.kernel.identity.providers.engines import faces
from minjing.kernel.identity.providers.engines.trouble import Trouble
from minjing.kernel.identity.providers.standin import specimen
from minjing.kernel.identity.rules.faces import DIFFERENT_FROM, SAME_AT_MOST

COUNT = 200
SIZE = (300, 375)


def second_view(seed: int, drawn: random.Random) -> bytes:
    """Return the face again, on another day and by another camera."""
    view = specimen.View(
        yaw=drawn.uniform(-0.3, 0.3),
        roll_deg=drawn.uniform(-6, 6),
        scale=drawn.uniform(0.8, 1.1),
        light=drawn.uniform(-0.6, 0.6),
        smile=drawn.uniform(0, 1),
        ground=drawn.choice(("#f4f5f6", "#9aa6ad", "#6d6258")),
    )
    picture = specimen.face(seed, sex_of(seed), SIZE, view).filter(
        ImageFilter.GaussianBlur(drawn.choice((0, 0.6, 1.2)))
    )
    return jpeg(picture, drawn.randint(45, 92))


def sex_of(seed: int) -> str:
    """Return the sex a face was drawn for."""
    return "男女"[seed % 2]


def jpeg(picture: Image.Image, quality: int = 90) -> bytes:
    """Return the picture as a JPEG."""
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()


def scores(pairs: list[tuple[bytes, bytes]]) -> tuple[list[float], int]:
    """Return the distances of the pairs, and how many had no face to compare."""
    found, none = [], 0
    for a, b in pairs:
        try:
            found.append(faces.compare([a, b])["score"])
        except Trouble:
            none += 1
    return found, none


def run(say: Callable[[str], None]) -> list[Row]:
    """Measure both sets."""
    drawn = random.Random(4)
    straight = {seed: jpeg(specimen.face(seed, sex_of(seed), SIZE)) for seed in range(COUNT)}
    same, no_face = scores([(straight[seed], second_view(seed, drawn)) for seed in range(COUNT)])
    say("the same face compared")
    other, _ = scores([(straight[seed], straight[(seed + 2) % COUNT]) for seed in range(COUNT)])
    note = f"drawn faces of nobody, {COUNT} pairs; thresholds {SAME_AT_MOST} and {DIFFERENT_FROM}; not people"
    return [
        part("same face held for the same", sum(s <= SAME_AT_MOST for s in same), note),
        part("same face doubted", sum(SAME_AT_MOST < s < DIFFERENT_FROM for s in same), note),
        part("same face held for another", sum(s >= DIFFERENT_FROM for s in same), note),
        part("same face: none found in the second view", no_face, note),
        part("another face held for the same", sum(s <= SAME_AT_MOST for s in other), note),
        part("another face doubted", sum(SAME_AT_MOST < s < DIFFERENT_FROM for s in other), note),
        part("another face held for another", sum(s >= DIFFERENT_FROM for s in other), note),
    ]


def part(name: str, count: int, note: str) -> Row:
    """Return a row for orientation: nothing is aimed at, since the set is drawn."""
    return Row(f"faces: {name}", 100 * count / COUNT, None, None, "", None, "%", note)
