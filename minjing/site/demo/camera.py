"""Pictures as a crossing's camera takes them, drawn: a road, a light, a car with its plate, the camera's words."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from minjing.base.clock import CHINA
from minjing.kernel.identity.actor import SYSTEM
from minjing.kernel.identity.providers.standin.specimen import FONTS, SANS
from minjing.modules.traffic.actions import evidence
from minjing.modules.traffic.actions.telling import title_of
from minjing.modules.traffic.models import Violation, ViolationPhoto
from minjing.modules.traffic.rules import plates

WIDTH, HEIGHT = 960, 540
NIGHT = (19, 7)  # from and until which hour the sky is dark
RED_LIGHT = ("SZP01", "SZP05")  # conducts at a light that shows red
BLUE, GREEN, WHITE = "#1f4fa3", "#cfeccd", "#f4f4f0"


def photograph(violation: Violation) -> None:
    """Keep what the crossing's camera would have taken of a violation."""
    kind = ViolationPhoto.CAMERA
    evidence.add_photo(violation, kind, picture(violation), by=SYSTEM, now=violation.recorded_at)


def picture(violation: Violation) -> bytes:
    """Return a JPEG of the violation: nothing in it but its time, its place, its plate and what it was."""
    at = violation.violated_at.astimezone(CHINA)
    dark = at.hour >= NIGHT[0] or at.hour < NIGHT[1]
    scene = Image.new("RGB", (WIDTH, HEIGHT), "#2b3340" if dark else "#c9d6df")
    pen = ImageDraw.Draw(scene)
    _road(pen, dark)
    _light(pen, violation.conduct in RED_LIGHT)
    _car(pen, violation)
    _written(pen, violation, at)
    out = BytesIO()
    scene.save(out, "JPEG", quality=82)
    return out.getvalue()


def _road(pen: ImageDraw.ImageDraw, dark: bool) -> None:
    """Draw a road that runs away from the camera, its lanes, the line to stop at."""
    houses, road, paint = ("#222a35", "#3a3f45", "#b9b9ac") if dark else ("#aab7bd", "#6d7275", "#eeeeea")
    for x, top in ((0, 96), (120, 150), (230, 120), (640, 130), (740, 84), (860, 140)):
        pen.rectangle((x, top, x + 108, 250), fill=houses)
    pen.polygon(((300, 220), (660, 220), (1_180, HEIGHT), (-220, HEIGHT)), fill=road)
    for far, near in ((420, 240), (540, 720)):
        for step in range(6):
            y = 240 + step * 50
            at, then = (y - 220) / (HEIGHT - 220), (y + 24 - 220) / (HEIGHT - 220)
            start, end = far + (near - far) * at, far + (near - far) * then
            pen.line((start, y, end, y + 24), fill=paint, width=3 + step)
    pen.polygon(((226, 300), (734, 300), (752, 312), (208, 312)), fill=paint)


def _light(pen: ImageDraw.ImageDraw, is_red: bool) -> None:
    pen.rectangle((812, 150, 820, 330), fill="#30363c")
    pen.rounded_rectangle((784, 60, 848, 200), 10, fill="#20252a")
    colours = ("#ff3b30" if is_red else "#4a2321", "#4b4120", "#1e3d28" if is_red else "#31d158")
    for row, colour in enumerate(colours):
        pen.ellipse((798, 70 + row * 42, 834, 106 + row * 42), fill=colour)


def _car(pen: ImageDraw.ImageDraw, violation: Violation) -> None:
    """Draw a car from behind; its colour follows from its number."""
    colour = ("#d9dbdd", "#8a8f94", "#2f3337", "#f1f1ee", "#7d2b2b")[violation.pk.int % 5]
    pen.ellipse((330, 448, 630, 486), fill="#25292d")
    for left in (352, 566):
        pen.rounded_rectangle((left, 420, left + 42, 474), 8, fill="#15181a")
    pen.polygon(((392, 240), (568, 240), (612, 340), (348, 340)), fill=colour)
    pen.polygon(((404, 252), (556, 252), (588, 330), (372, 330)), fill="#39444d")
    pen.rounded_rectangle((336, 332, 624, 446), 18, fill=colour, outline="#3a3f45", width=2)
    for left in (346, 572):
        pen.rounded_rectangle((left, 352, left + 42, 378), 6, fill="#e0342b")
    is_new_energy = len(violation.plate) == 8
    edge = "#5d6b62" if is_new_energy else WHITE
    pen.rounded_rectangle((388, 386, 572, 430), 5, fill=GREEN if is_new_energy else BLUE, outline=edge, width=2)
    words = plates.shown(violation.plate)
    type_ = ImageFont.truetype(str(FONTS / SANS), 26)
    pen.text((480, 407), words, font=type_, fill="#16202b" if is_new_energy else WHITE, anchor="mm")


def _written(pen: ImageDraw.ImageDraw, violation: Violation, at: datetime) -> None:
    """Write what a camera writes into its pictures, and that this one is made up."""
    type_ = ImageFont.truetype(str(FONTS / SANS), 20)
    pen.rectangle((0, 0, WIDTH, 40), fill="#0c1118")
    pen.text((16, 8), f"{at:%Y-%m-%d %H:%M:%S}  {violation.place}", font=type_, fill=WHITE)
    pen.rectangle((0, HEIGHT - 36, WIDTH, HEIGHT), fill="#0c1118")
    pen.text((16, HEIGHT - 31), title_of(violation.conduct)["zh"], font=type_, fill=WHITE)
    pen.text((WIDTH - 16, HEIGHT - 31), "示意图 · 虚构数据  DEMO", font=type_, fill="#c9d6df", anchor="ra")
