"""An identity card's fields in the lines of text of its two sides. Pure; engines differ, this does not know which.

民族 stands beside 性别 and is read over: what follows it goes into no field, no record and no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from minjing.kernel.identity.rules.card import LONG_TERM, CardReading, Field, checks, judge


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text where it stands: the box in parts of the card's width, from the upper left corner."""

    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Return the height of the line's middle."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Return the height of the line."""
        return self.bottom - self.top


def side_of(lines: Sequence[Line]) -> str:
    """Return front, back or "" by the words printed on each side."""
    text = _plain("".join(line.text for line in lines))
    front = sum(word in text for word in ("姓名", "性别", "出生", "住址", "公民身份", "身份号码"))
    back = sum(word in text for word in ("签发机关", "有效期限", "居民身份证", "公安局", "中华人民"))
    front += bool(re.search(r"\d{15,17}[\dX]", text)) * 2
    back += bool(re.search(r"\d{4}\.\d{2}\.\d{2}", text)) * 2
    if front == back:
        return ""
    return "front" if front > back else "back"


def read(front: Sequence[Line], back: Sequence[Line], today: date) -> CardReading:
    """Return what both sides say, checked against each other and against the day."""
    fields = {**read_front(front), **read_back(back)}
    return judge(fields, today)


# --- the front -------------------------------------------------------------------------------------------------


def read_front(lines: Sequence[Line]) -> dict[str, Field]:
    """Return the fields of the side with the portrait. 民族 is read over: no field of ours holds it."""
    rows = _rows([line for line in lines if line.text.strip()])
    found: dict[str, Field] = {}
    number, number_at = _number(rows)
    if number:
        found["id_number"] = number
    birth, birth_at = _birth(rows[:number_at] if number_at is not None else rows)
    if birth:
        found["birth_date"] = birth
    sex, sex_at = _sex(rows)
    if sex:
        found["sex"] = sex
    name = _name(rows, min((at for at in (sex_at, birth_at) if at is not None), default=len(rows)))
    if name:
        found["name"] = name
    address = _home(rows, birth_at, number_at)
    if address:
        found["address"] = address
    return found


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines as rows from top to bottom, each from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: one.middle):
        last = rows[-1] if rows else None
        if last and abs(line.middle - sum(o.middle for o in last) / len(last)) < 0.55 * max(o.height for o in last):
            last.append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _plain(text: str) -> str:
    """Return the text without spaces, full-width digits and letters as plain ones."""
    folded = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}).replace("•", "·").replace("．", ".")
    return re.sub(r"\s+", "", folded)


def _joined(row: Sequence[Line]) -> str:
    return _plain("".join(line.text for line in row))


def _least(row: Sequence[Line]) -> float:
    return min((line.score for line in row), default=0.0)


# What an engine takes for a digit in a number of digits only.
_DIGITS = str.maketrans(
    {"O": "0", "o": "0", "D": "0", "Q": "0", "I": "1", "l": "1", "|": "1", "i": "1", "Z": "2", "z": "2", "S": "5"}
    | {"s": "5", "B": "8", "b": "6", "G": "6", "g": "9", "q": "9", "×": "X", "x": "X", "✕": "X", "K": "X"}
)
_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


def _number(rows: Sequence[Sequence[Line]]) -> tuple[Field | None, int | None]:
    best: tuple[float, Field, int] | None = None
    for at, row in enumerate(rows):
        text = re.sub(r"^.*?号码", "", _joined(row))
        for line_text, score in [(text, _least(row)), *((_plain(one.text), one.score) for one in row)]:
            digits = re.sub(r"[^0-9X]", "", re.sub(r"^[^0-9OolI|]*", "", line_text).translate(_DIGITS))
            if not 16 <= len(digits) <= 20 or sum(c.isdigit() for c in line_text) < 12:
                continue
            hit = _NUMBER.search(digits)
            value = hit.group() if hit else digits
            weight = score + checks(value) + (len(value) == 18)
            if best is None or weight > best[0]:
                best = (weight, Field(value, score), at)
    return (best[1], best[2]) if best else (None, None)


_BIRTH = re.compile(r"((?:19|20)[0-9OoIl]{2})年?([0-9OoIl]{1,2})月([0-9OoIl]{1,2})日?")


def _birth(rows: Sequence[Sequence[Line]]) -> tuple[Field | None, int | None]:
    for at, row in enumerate(rows):
        text = _joined(row)
        hit = _BIRTH.search(text)
        if not hit:
            continue
        day = _day(*(part.translate(_DIGITS) for part in hit.groups()))
        return (Field(day.isoformat(), _least(row)) if day else None), at
    for at, row in enumerate(rows):
        if "出生" in _joined(row):
            return None, at
    return None, None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _sex(rows: Sequence[Sequence[Line]]) -> tuple[Field | None, int | None]:
    """Return what stands after 性别, and nothing of what stands after 民族 in the same row."""
    for at, row in enumerate(rows):
        text = _joined(row)
        hit = re.search(r"(?:性别|性|别)(男|女)", text) or re.match(r"(男|女)(?:民族|民|族)", text)
        if hit:
            scores = [line.score for line in row if hit.group(1) in line.text]
            return Field(hit.group(1), min(scores, default=0.5)), at
        if "性别" in text or "民族" in text:
            return None, at
    return None, None


_NAME = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323AF·]{2,30}")


def _name(rows: Sequence[Sequence[Line]], before: int) -> Field | None:
    for row in rows[: before or 1]:
        text = _joined(row)
        if "姓" in text or "名" in text:
            value = re.sub(r"^.*?姓?名|^.*?姓", "", text, count=1)
            hit = _NAME.match(value)
            if hit:
                return Field(
                    _dots(hit.group()), _least([one for one in row if _plain(one.text) not in ("姓名", "姓", "名")])
                )
    for row in rows[:before]:
        hit = _NAME.fullmatch(_joined(row))
        if hit and not re.search(r"样本|居民|身份|姓名|性别|民族|出生|住址", hit.group()):
            return Field(_dots(hit.group()), 0.8 * _least(row))
    return None


def _dots(name: str) -> str:
    return re.sub(r"·+", "·", name).strip("·")


def _home(rows: Sequence[Sequence[Line]], birth_at: int | None, number_at: int | None) -> Field | None:
    start = next((at for at, row in enumerate(rows) if re.match(r"住址?|址", _joined(row))), None)
    if start is None:
        start = birth_at + 1 if birth_at is not None else None
    if start is None:
        return None
    parts: list[str] = []
    scores: list[float] = []
    left = None
    for row in rows[start:number_at]:
        text = re.sub(r"^(住址|住|址)", "", _joined(row)) if not parts else _joined(row)
        if "身份" in text or "号码" in text:
            break
        if not text or re.search(r"样本|SPECIMEN", text):
            continue
        words = [line for line in row if _plain(line.text) not in ("住址", "住", "址")]
        if left is not None and words and words[0].left > left + 0.25:
            continue  # something of the portrait
        if left is None and words:
            left = words[0].left
        parts.append(text)
        scores += [line.score for line in words]
    value = "".join(parts)
    return Field(value, min(scores, default=0.0)) if len(value) >= 5 else None


# --- the back --------------------------------------------------------------------------------------------------

_PERIOD = re.compile(
    r"(\d{4})[.,·。:]?(\d{2})[.,·。:]?(\d{2})[-—–一~至到.]*(长期|(\d{4})[.,·。:]?(\d{2})[.,·。:]?(\d{2}))"
)


def read_back(lines: Sequence[Line]) -> dict[str, Field]:
    """Return the fields of the side with the emblem."""
    found: dict[str, Field] = {}
    rows = _rows([line for line in lines if line.text.strip()])
    for row in rows:
        text = _joined(row)
        hit = _PERIOD.search(re.sub(r"^.*?期限", "", text))
        if hit and (start := _day(*hit.group(1, 2, 3))):
            found["valid_from"] = Field(start.isoformat(), _least(row))
            end = None if hit.group(4) == "长期" else _day(*hit.group(5, 6, 7))
            if end or hit.group(4) == "长期":
                found["valid_to"] = Field(end.isoformat() if end else LONG_TERM, _least(row))
    for at, row in enumerate(rows):
        text = _joined(row)
        if "签发" in text or "机关" in text or re.search(r"公安(局|分局|厅)", text):
            value = re.sub(r"^.*?(签发机关|机关|签发)", "", text)
            words = [line for line in row if _plain(line.text) not in ("签发机关", "签发", "机关")]
            below = rows[at + 1] if at + 1 < len(rows) else []
            if below and not re.search(r"公安.*[局厅]$", value) and re.match(r"[^0-9有效]+[局厅]$", _joined(below)):
                value, words = value + _joined(below), words + list(below)  # a long name takes two lines
            if len(value) >= 4:
                found["issuer"] = Field(value, _least(words))
                break
    return found
