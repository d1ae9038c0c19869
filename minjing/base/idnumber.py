"""Resident identity numbers: GB 11643-1999, 18 characters, the last a check character (ISO 7064 MOD 11-2)."""

import re
from dataclasses import dataclass
from datetime import date

# GB 11643-1999, clause 4: weights of the first 17 digits and the check characters by remainder.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
OLDEST = 130  # years; nobody has reached them
_SHAPE = re.compile(r"[0-9]{17}[0-9X]\Z")  # not \d: it takes the digits of every script


class WrongIdNumber(ValueError):
    """The text is not an identity number; `reason` is one of length, check, birth."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked identity number and what it says of its holder."""

    text: str
    area: str
    birth: date
    is_male: bool


def normalise(text: str) -> str:
    """Return `text` without spaces, with full-width digits and x as the standard writes them."""
    table = {ord("０") + i: ord("0") + i for i in range(10)}
    return re.sub(r"\s", "", text.translate(table)).upper().replace("Ｘ", "X")


def check_character(first17: str) -> str:
    """Return the check character that belongs to the first 17 digits."""
    return CHECKS[sum(int(c) * w for c, w in zip(first17, WEIGHTS, strict=True)) % 11]


def parse(text: str, today: date | None = None) -> IdNumber:
    """Return the number `text` stands for, or raise WrongIdNumber.

    With `today`, the day in China, it must be somebody's who can be alive: whoever takes in a number gives it.
    """
    number = normalise(text)
    if not _SHAPE.match(number):
        raise WrongIdNumber("length")
    if check_character(number[:17]) != number[17]:
        raise WrongIdNumber("check")
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise WrongIdNumber("birth") from None
    if today is not None and not _may_live(birth, today):
        raise WrongIdNumber("birth")
    return IdNumber(number, number[:6], birth, int(number[16]) % 2 == 1)


def _may_live(birth: date, today: date) -> bool:
    oldest = (today.year - OLDEST, today.month, today.day)
    return birth <= today and (birth.year, birth.month, birth.day) >= oldest


def compose(area: str, birth: date, order: int) -> str:
    """Return the number of the person with this area code, birth day and order (odd for males)."""
    first17 = f"{area}{birth:%Y%m%d}{order:03d}"
    return first17 + check_character(first17)


def mask(number: str) -> str:
    """Return the number as it is shown where it is not needed: 4403************1X."""
    return number[:4] + "*" * (len(number) - 6) + number[-2:] if len(number) > 6 else "*" * len(number)
