"""Machine-readable zones (ICAO Doc 9303 parts 3 to 5) of passports and of cards, and of China's card-type permits.

TD3 (passport, 2 × 44) and TD1 (card, 3 × 30) follow the published standard, check digits included.

The card-type permits 往来港澳通行证 (CS) and 往来台湾通行证 (CD) print three lines of 30 that are *not* TD1. Their
layout is not published by the issuer; what is here was found the same in two independent public reader programs
(confidence C): line 1 is `CS` or `CD`, number (9) and its check digit, `<`, expiry (6) and check digit, `<`, birth
(6) and check digit, `<`, one last digit. Line 2 begins with 12 characters that encode the Chinese name, then pinyin.
What the last digit of line 1 covers and how the Chinese name is encoded we do not know: neither is checked or read.
Line 3 is not read at all but for the sex: it holds the place of birth, and no field of ours holds origin.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from minjing.kernel.identity.rules.card import Remark

WEIGHTS = (7, 3, 1)  # Doc 9303 part 3, 4.9
PERMITS = {"CS": "hk_macao_permit", "CD": "taiwan_permit"}


class NoMrz(ValueError):
    """The text holds no machine-readable zone of a kind that is known."""


@dataclass(frozen=True, slots=True)
class Mrz:
    """What the zone says. `checked` names the fields whose check digit fits; `failed` those whose does not."""

    kind: str  # passport, card, hk_macao_permit, taiwan_permit
    issuer: str
    surname: str
    given: str
    number: str
    nationality: str
    birth_date: date | None
    sex: str  # 男, 女 or ""
    expiry_date: date | None
    checked: tuple[str, ...]
    failed: tuple[str, ...]
    certain: bool  # False: the layout itself is not published
    lines: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def usable(self) -> bool:
        """Return whether every check digit fits and the dates are dates."""
        return not self.failed and self.birth_date is not None and self.expiry_date is not None


def check_digit(text: str) -> str:
    """Return the check digit of a field (Doc 9303 part 3, 4.9)."""
    return str(sum(_value(c) * WEIGHTS[i % 3] for i, c in enumerate(text)) % 10)


def _value(char: str) -> int:
    if char == "<":
        return 0
    return int(char) if char.isdigit() else ord(char) - 55


def find(texts: Sequence[str]) -> list[str]:
    """Return the lines among `texts`, in order, that look like a zone's: capitals, digits, fillers."""
    kept = []
    for text in texts:
        plain = _clean(text)
        if len(plain) >= 26 and re.fullmatch(r"[A-Z0-9<]+", plain) and ("<" in plain or re.search(r"\d{6}", plain)):
            kept.append(plain)
    return kept


def _clean(text: str) -> str:
    """Return a line as the zone writes it: no spaces, fillers for what an engine takes for one."""
    folded = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}).upper()
    return re.sub(
        r"\s", "", re.sub(r"[«‹〈《＜≤くKㄑ]+(?=[«‹〈《＜≤くㄑ<]|$)", lambda m: "<" * len(m.group()), folded)
    ).replace("«", "<<")


def parse(texts: Sequence[str], today: date) -> Mrz:
    """Return what the zone in these lines says. Raises NoMrz."""
    lines = find(texts)
    for first, second in pairwise(lines):
        if first.startswith("P") and 40 <= len(first) <= 48 and 40 <= len(second) <= 48:
            return _passport(_exact(first, 44), _exact(second, 44), today)
    for at, first in enumerate(lines):
        if re.match(r"C[SDO5]C?[A-Z0-9]\d", first) and re.match(r".{9,12}<?\d{6}", first[2:]) and len(first) <= 33:
            permit = _permit(_exact(first, 30), lines[at + 1 : at + 3], today)
            if permit is not None:
                return permit
    for at in range(len(lines) - 2):
        if all(26 <= len(line) <= 33 for line in lines[at : at + 3]):
            return _card([_exact(line, 30) for line in lines[at : at + 3]], today)
    raise NoMrz("no zone")


def _exact(line: str, length: int) -> str:
    """Return the line with exactly so many characters: an engine miscounts long runs of fillers, nothing else."""
    while len(line) > length and "<<<" in line:
        line = line.replace("<<<", "<<", 1)
    if len(line) < length:
        runs = list(re.finditer(r"<{2,}", line))
        at = runs[-1].end() if runs else len(line)
        line = line[:at] + "<" * (length - len(line)) + line[at:]
    return line[:length]


_TO_DIGIT = str.maketrans("OQDIZSBGL", "000125861")
_TO_LETTER = str.maketrans("01258", "OIZSB")


def _digits(text: str) -> str:
    return text.translate(_TO_DIGIT)


def _passport(first: str, second: str, today: date) -> Mrz:
    """TD3, Doc 9303 part 4, 4.2.2."""
    surname, given = _names(first[5:])
    number = second[:9]
    if check_digit(number) != _digits(second[9]):
        number = _fit(number, _digits(second[9]))
    birth, expiry = _digits(second[13:19]), _digits(second[21:27])
    optional, optional_check = second[28:42], second[42]
    marks = [
        ("number", number, _digits(second[9])),
        ("birth_date", birth, _digits(second[19])),
        ("expiry_date", expiry, _digits(second[27])),
    ]
    whole = number + _digits(second[9]) + birth + _digits(second[19]) + expiry + _digits(second[27]) + second[28:43]
    if optional.strip("<") or optional_check not in "<0":
        marks.append(("optional", optional, _digits(optional_check)))
    marks.append(("composite", whole, _digits(second[43])))
    return _said(
        "passport", first[2:5], surname, given, number, second[10:13], birth, second[20], expiry, marks,
        (first, second), today,
    )  # fmt: skip


def _card(lines: Sequence[str], today: date) -> Mrz:
    """TD1, Doc 9303 part 5, 4.2.2; numbers longer than nine characters run on into the optional data."""
    first, second, third = lines
    surname, given = _names(third)
    number, number_check = first[5:14], first[14]
    if number_check == "<" and first[15:30].strip("<"):
        more = first[15:30].split("<")[0]
        number, number_check = number + more[:-1], more[-1]
    birth, expiry = _digits(second[:6]), _digits(second[8:14])
    line2 = birth + _digits(second[6]) + second[7] + expiry + _digits(second[14]) + second[15:]
    marks = [
        ("number", number, _digits(number_check)),
        ("birth_date", birth, line2[6]),
        ("expiry_date", expiry, line2[14]),
        ("composite", first[5:30] + line2[:7] + line2[8:15] + line2[18:29], _digits(second[29])),
    ]
    return _said(
        "card", first[2:5], surname, given, number, second[15:18], birth, second[7], expiry, marks,
        (first, second, third), today,
    )  # fmt: skip


def _permit(first: str, rest: Sequence[str], today: date) -> Mrz | None:
    """China's card-type permit; None when the first line does not hold together."""
    code = first[:2].translate(str.maketrans("5O0", "SDD"))
    number, expiry, birth = first[2:11], _digits(first[13:19]), _digits(first[21:27])
    number = number[:1].translate(_TO_LETTER) + number[1:2] + _digits(number[2:])
    marks = [
        ("number", number, _digits(first[11])),
        ("expiry_date", expiry, _digits(first[19])),
        ("birth_date", birth, _digits(first[27])),
    ]
    if code not in PERMITS or not all(digits.isdigit() for digits in (expiry, birth)):
        return None
    surname, given = _names(_exact(rest[0], 30)[12:]) if rest else ("", "")
    sex = rest[1][0] if len(rest) > 1 else ""
    return _said(
        PERMITS[code], "CHN", surname, given, number, "CHN", birth, sex, expiry, marks, (first, *rest), today,
        certain=False,
    )  # fmt: skip


def _fit(number: str, check: str) -> str:
    """Return the number with letters and digits set right after its first letter, if the check digit then fits."""
    tried = number[:1].translate(_TO_LETTER) + number[1:2] + _digits(number[2:])
    return tried if check_digit(tried) == check else number


def _names(text: str) -> tuple[str, str]:
    surname, _, given = text.strip("<").partition("<<")
    return (
        surname.translate(_TO_LETTER).replace("<", " ").strip(),
        re.sub(r"<+", " ", given.translate(_TO_LETTER)).strip(),
    )


def _said(
    kind: str, issuer: str, surname: str, given: str, number: str, nationality: str, birth: str, sex: str,
    expiry: str, marks: Sequence[tuple[str, str, str]], lines: tuple[str, ...], today: date, certain: bool = True,
) -> Mrz:  # fmt: skip
    fits = {
        name: bool(re.fullmatch(r"[A-Z0-9<]*", text)) and check_digit(text) == check for name, text, check in marks
    }
    failed = tuple(name for name, ok in fits.items() if not ok)
    expires = _date(expiry, today, future=True)
    remarks = []
    if failed:
        remarks.append(
            Remark(
                "mrz_check",
                "机读码的校验位对不上，可能没有拍清。请把证件放平，重新拍一张。",
                "A check digit of the machine-readable lines does not fit: the photo may be unclear. Lay the document"
                " flat and take it again.",
                failed,
                stops=True,
            )
        )
    if expires is not None and expires < today:
        remarks.append(
            Remark(
                "expired",
                f"这本证件已于 {expires.isoformat()} 过期。",
                f"This document expired on {expires.isoformat()}.",
                ("expiry_date",),
            )
        )
    return Mrz(
        kind=kind,
        issuer=issuer.translate(_TO_LETTER).strip("<"),
        surname=surname,
        given=given,
        number=number.strip("<"),
        nationality=nationality.translate(_TO_LETTER).strip("<"),
        birth_date=_date(birth, today, future=False),
        sex={"M": "男", "F": "女"}.get(sex, ""),
        expiry_date=expires,
        checked=tuple(name for name, ok in fits.items() if ok),
        failed=failed,
        certain=certain,
        lines=lines,
        remarks=tuple(remarks),
    )


def _date(text: str, today: date, *, future: bool) -> date | None:
    """Return the day of six digits: births lie in the past, expiries at most 20 years ahead (part 3, 4.8)."""
    if not re.fullmatch(r"\d{6}", text):
        return None
    year = 2000 + int(text[:2])
    if (future and year > today.year + 20) or (not future and year > today.year):
        year -= 100
    try:
        return date(year, int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
