"""Number plates (机动车号牌): read as people write them, kept in one form, refused with the reason.

GA 36 gives the shape: the province's character, the letter of the office, then five signs (six for new-energy
vehicles); the letters I and O are never given out, because they read as 1 and 0. A plate is kept without the dot:
`粤B12345`, new energy `粤BD12345`. Kinds are those of GA/T 16.7 (02 small, 01 large, 52 and 51 new energy …).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O
SIGNS = LETTERS + "0123456789"
BATTERY, OTHER_ENERGY = "DABCE", "FGHJK"  # GA 36-2018: which letter says what drives the vehicle
LARGE, SMALL, MOTORCYCLE, MOPED, TRAILER, TEMPORARY = "01", "02", "07", "08", "15", "22"
TRAINING, POLICE, LARGE_NEW_ENERGY, SMALL_NEW_ENERGY = "16", "23", "51", "52"
NEW_ENERGY = (SMALL_NEW_ENERGY, LARGE_NEW_ENERGY)
ENDINGS = {"挂": TRAILER, "学": TRAINING, "警": POLICE}  # written as the last sign
ABROAD = {"港": "05", "澳": "05"}  # 粤Z plates of cars from Hong Kong and Macao: 境外汽车

_NOISE = re.compile(r"[\s·•・.．‧∙\-－_]+")
_WIDE = {code: code - 0xFEE0 for code in range(ord("！"), ord("～") + 1)}


class WrongPlate(ValueError):
    """The text is no plate; `reason` is one of empty, province, office, length, letter, signs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Plate:
    """A checked plate: its text as it is kept, the office that gave it, and whether it is a new-energy one."""

    text: str
    kind: str  # of GA/T 16.7, as far as the text says it; a yellow plate of a lorry looks like a car's blue one

    @property
    def office(self) -> str:
        """Return province and letter: 粤B is Shenzhen."""
        return self.text[:2]

    @property
    def new_energy(self) -> bool:
        """Say whether it is a green plate of six signs."""
        return self.kind in NEW_ENERGY

    @property
    def shown(self) -> str:
        """Return it as it stands on the vehicle: 粤B·12345."""
        return shown(self.text)


def normalise(text: str) -> str:
    """Return `text` without dots, spaces and hyphens, in half-width capitals."""
    return _NOISE.sub("", text.translate(_WIDE)).upper()


def parse(text: str) -> Plate:
    """Return the plate that `text` stands for. Raises WrongPlate with the reason."""
    plate = normalise(text)
    if not plate:
        raise WrongPlate("empty")
    if plate[0] not in PROVINCES:
        raise WrongPlate("province")
    if len(plate) not in (7, 8):
        raise WrongPlate("length")
    if set("IO") & set(plate[1:]):
        raise WrongPlate("letter")
    if plate[1] not in LETTERS:
        raise WrongPlate("office")
    return Plate(plate, _kind_of(plate[2:]))


def _kind_of(signs: str) -> str:
    """Return the kind that the signs behind the office's letter say. Raises WrongPlate."""
    if len(signs) == 6:
        return _new_energy(signs)
    last = ENDINGS.get(signs[-1]) or ABROAD.get(signs[-1])
    body = signs[:-1] if last else signs
    if any(sign not in SIGNS for sign in body):
        raise WrongPlate("signs")
    # GA 36: at most two letters among the five signs of an ordinary plate (confidence B: 2018 text, from memory).
    if sum(sign in LETTERS for sign in body) > 2:
        raise WrongPlate("signs")
    return last or SMALL


def _new_energy(signs: str) -> str:
    """Return the kind of six signs: small ones have the letter first (a second may follow), large ones last."""
    driven = BATTERY + OTHER_ENERGY
    if signs[0] in driven and signs[1] in SIGNS and signs[2:].isdigit() and signs[2:].isascii():
        return SMALL_NEW_ENERGY
    if signs[-1] in driven and signs[:-1].isdigit() and signs[:-1].isascii():
        return LARGE_NEW_ENERGY
    raise WrongPlate("signs")


def shown(text: str) -> str:
    """Return a kept plate as it stands on the vehicle, with the dot."""
    return f"{text[:2]}·{text[2:]}" if len(text) > 2 else text


def masked(text: str) -> str:
    """Return a kept plate as it is shown where it is not needed: 粤B·1**45."""
    return shown(f"{text[:3]}{'*' * max(0, len(text) - 5)}{text[-2:]}") if len(text) > 5 else "*" * len(text)


def fits(plate: Plate, kind: str) -> bool:
    """Say whether a plate of this text can be of `kind`: green ones only new energy, five signs never."""
    if plate.kind in (SMALL_NEW_ENERGY, LARGE_NEW_ENERGY) or kind in NEW_ENERGY:
        return plate.kind == kind
    return True


def nth(office: str, number: int) -> str:
    """Return the plate number `number` of an office's ordinary series: 00000 to 99999, then with one letter.

    The series is the demo's own way of counting distinct plates; offices give numbers out by drawing.
    """
    if number < 100_000:
        return f"{office}{number:05d}"
    letter, rest = divmod(number - 100_000, 10_000)
    place, which = divmod(letter, len(LETTERS))
    if place < 5:
        digits = f"{rest:04d}"
        return f"{office}{digits[:place]}{LETTERS[which]}{digits[place:]}"
    second, rest = divmod(number - 100_000 - 5 * len(LETTERS) * 10_000, 1_000)
    first_place, pair = divmod(second, len(LETTERS) ** 2)
    if first_place >= 4:
        raise ValueError("the series is used up")
    digits = f"{rest:03d}"
    two = LETTERS[pair // len(LETTERS)] + LETTERS[pair % len(LETTERS)]
    return f"{office}{digits[:first_place]}{two}{digits[first_place:]}"


def nth_new_energy(office: str, number: int) -> str:
    """Return the small new-energy plate `number` of an office: letter, then a letter or digit, then four digits."""
    head, rest = divmod(number, 10_000)
    letter, second = divmod(head, len(SIGNS))
    driven = BATTERY + OTHER_ENERGY
    if letter >= len(driven):
        raise ValueError("the series is used up")
    return f"{office}{driven[letter]}{SIGNS[second]}{rest:04d}"
