"""Specimen pages of travel documents with their machine-readable zone: a passport's data page and a permit's back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from minjing.kernel.identity.providers.standin.specimen import FONTS, INK, LABEL, SANS, Holder, face
from minjing.kernel.identity.rules.mrz import check_digit

MONO = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")  # OCR-B is not free; any fixed pitch will do here
PAGE = (1476, 1039)  # 125 × 88 mm at 300 dpi
CARD = (1011, 638)


def passport_lines(one: Holder, number: str, expiry: date) -> tuple[str, str]:
    """Return the two lines of the holder's passport (Doc 9303 part 4)."""
    surname, given = _pinyin(one.name)
    first = f"PECHN{surname}<<{given}".ljust(44, "<")[:44]
    birth, until, sex = f"{one.birth:%y%m%d}", f"{expiry:%y%m%d}", "M" if one.sex == "男" else "F"
    optional = "<" * 14
    head, tail = number + check_digit(number), until + check_digit(until) + optional + check_digit(optional)
    born = birth + check_digit(birth)
    return first, f"{head}CHN{born}{sex}{tail}{check_digit(head + born + tail)}"


def permit_lines(one: Holder, number: str, expiry: date, code: str = "CS") -> tuple[str, str, str]:
    """Return the three lines of a card-type permit, as far as their layout is known (rules.mrz)."""
    surname, given = _pinyin(one.name)
    until, birth = f"{expiry:%y%m%d}", f"{one.birth:%y%m%d}"
    first = f"{code}{number}{check_digit(number)}<{until}{check_digit(until)}<{birth}{check_digit(birth)}<0"
    second = ("<" * 12 + f"{surname}<<{given}").ljust(30, "<")[:30]
    return first, second, ("M" if one.sex == "男" else "F").ljust(30, "<")


def _pinyin(name: str) -> tuple[str, str]:
    from pypinyin import lazy_pinyin

    letters = [part.upper().replace("Ü", "YU") for part in lazy_pinyin(name.replace("·", "")) if part.isascii()]
    return (letters[0] if letters else "XXX"), "".join(letters[1:])


def passport(one: Holder, number: str = "EZ9900001", expiry: date = date(2035, 6, 1)) -> Image.Image:
    """Return the data page."""
    page = Image.new("RGB", PAGE, "#e6eee9")
    pen = ImageDraw.Draw(page)
    label, text = (ImageFont.truetype(str(FONTS / SANS), size) for size in (24, 34))
    pen.text((520, 60), "护照 PASSPORT  样本 SPECIMEN", font=text, fill=LABEL)
    rows = (("姓名/Name", one.name), ("性别/Sex", one.sex), ("出生日期/Date of birth", f"{one.birth:%d %m %Y}"),
            ("护照号/Passport No.", number), ("有效期至/Date of expiry", f"{expiry:%d %m %Y}"))  # fmt: skip
    for at, (name, value) in enumerate(rows):
        pen.text((520, 150 + at * 120), name, font=label, fill=LABEL)
        pen.text((520, 184 + at * 120), value, font=text, fill=INK)
    page.paste(face(one.face, one.sex, (360, 480)), (90, 150))
    _zone(pen, passport_lines(one, number, expiry), PAGE, 820, 75)
    return page


def permit(one: Holder, number: str = "C99000001", expiry: date = date(2035, 6, 1), code: str = "CS") -> Image.Image:
    """Return the side of a card-type permit with the zone."""
    card = Image.new("RGB", CARD, "#e9ecf3")
    pen = ImageDraw.Draw(card)
    pen.text((60, 50), "样本 SPECIMEN", font=ImageFont.truetype(str(FONTS / SANS), 30), fill=LABEL)
    _zone(pen, permit_lines(one, number, expiry, code), CARD, 420, 62)
    return card


def _zone(pen: ImageDraw.ImageDraw, lines: tuple[str, ...], size: tuple[int, int], top: int, step: int) -> None:
    pitch = (size[0] - 90) / len(lines[0])
    font = ImageFont.truetype(str(MONO), int(pitch * 1.5))
    for row, line in enumerate(lines):
        for at, char in enumerate(line):
            pen.text((45 + at * pitch, top + row * step), char, font=font, fill="#111111")
