"""Both sides of an identity card, from photos to checked fields."""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from minjing.kernel.identity.providers.engines import pictures, text
from minjing.kernel.identity.providers.engines.pictures import Picture
from minjing.kernel.identity.providers.engines.trouble import Trouble
from minjing.kernel.identity.rules import card, card_text
from minjing.kernel.identity.rules.card import Remark
from minjing.kernel.identity.rules.card_text import Line

FIELDS = {"front": card.FRONT_FIELDS, "back": card.BACK_FIELDS}
SHARP_MIN = 9.0
GLARE_MAX = 0.012
# Where the portrait stands on the front, in parts of the width: measured on specimens of our own making.
PORTRAIT = (0.615, 0.07, 0.945, 0.475)


@dataclasses.dataclass(frozen=True)
class Side:
    """One side as it lies straight before us."""

    kind: str
    lines: Sequence[Line]
    picture: Picture
    found: bool
    sharp: float
    glare: float


def read(facts: dict[str, Any], given: list[bytes]) -> dict[str, Any]:
    """Return the reading as JSON; see reading.read_card."""
    began = time.monotonic()
    text.quiet()
    sides = [_side(pictures.decode(content)) for content in given]
    front, back = _sorted(sides)
    reading = card_text.read(_without_portrait(front), back.lines, date.fromisoformat(facts["today"]))
    remarks = [*reading.remarks, *_seen(front, back, reading)]
    return {
        "fields": {name: dataclasses.asdict(one) for name, one in reading.fields.items()},
        "confirm": list(reading.confirm),
        "remarks": [dataclasses.asdict(one) for one in remarks],
        "engine": text.name(),
        "seconds": round(time.monotonic() - began, 3),
        "portrait": base64.b64encode(pictures.jpeg(_portrait(front))).decode() if front.found else "",
    }


def _side(picture: Picture) -> Side:
    straight, found = pictures.lay_straight(picture)
    side = _read(straight, found)
    if found and _count(side) < len(FIELDS.get(side.kind, FIELDS["front"])):
        # What was cut out may not have been the card: something on it, or what it lies on.
        again = _read(pictures.whole(picture), False)
        if _count(again) > _count(side):
            return again
    return side


def _read(picture: Picture, found: bool) -> Side:
    lines, upright = text.lines(picture)
    kind = card_text.side_of(lines)
    return Side(
        kind,
        lines,
        upright,
        found,
        pictures.sharpness(upright),
        pictures.glare(upright, PORTRAIT if found and kind == "front" else None),
    )


def _count(side: Side) -> int:
    """Return how many fields of the side were read."""
    if not side.kind:
        return 0
    if side.kind == "back":
        return len(card_text.read_back(side.lines))
    return len(card_text.read_front(_without_portrait(side)))


def _sorted(sides: Sequence[Side]) -> tuple[Side, Side]:
    """Return front and back, whichever way round they were given. Raises Trouble when neither shows a card."""
    first, second = sides
    if not first.kind and not second.kind:
        raise Trouble("no_card")
    if first.kind == "back" or second.kind == "front":
        return second, first
    return first, second


def _without_portrait(side: Side) -> list[Line]:
    if not side.found:
        return list(side.lines)
    left, top, right, bottom = PORTRAIT
    return [
        one
        for one in side.lines
        if not (one.left > left - 0.02 and one.right < right + 0.05 and top < one.middle < bottom)
    ]


def _portrait(side: Side) -> Picture:
    width = side.picture.shape[1]
    left, top, right, bottom = (int(part * width) for part in PORTRAIT)
    return side.picture[top:bottom, left:right]


def _seen(front: Side, back: Side, reading: card.CardReading) -> list[Remark]:
    """Say what is wrong with the photo of a side that was not read well: a good reading needs no advice."""
    remarks = []
    for side, zh, en, names in (
        (front, "人像面", "side with the portrait", card.FRONT_FIELDS),
        (back, "国徽面", "side with the emblem", card.BACK_FIELDS),
    ):
        unsure = tuple(name for name in names if name in reading.confirm)
        if not unsure:
            continue
        if side.sharp < SHARP_MIN:
            remarks.append(_remark("blurred", zh, en, unsure))
        elif side.glare > GLARE_MAX:
            remarks.append(_remark("glare", zh, en, unsure))
        elif not side.found:
            remarks.append(_remark("no_edges", zh, en, unsure))
    return remarks


_ADVICE = {
    "glare": (
        "{zh}有反光。请关掉闪光灯，把证件转一个角度避开灯光，重新拍。",
        "There is glare on the {en}. Switch off the flash, turn the card away from the lamp and take it again.",
    ),
    "blurred": (
        "{zh}拍得不清楚。请擦净镜头，拿稳手机，等对焦后重新拍。",
        "The {en} is blurred. Wipe the lens, hold the phone still, let it focus and take it again.",
    ),
    "no_edges": (
        "没有看到{zh}的四个角。请把证件放在颜色不同的平面上，四角都拍进来。",
        "The four corners of the {en} were not seen. Lay the card on a plain surface of another colour and show them"
        " all.",
    ),
}


def _remark(key: str, zh: str, en: str, names: tuple[str, ...]) -> Remark:
    chinese, english = _ADVICE[key]
    return Remark(key, chinese.format(zh=zh), english.format(en=en), names)
