"""The resident identity card: what its two sides say, checked against each other. Pure.

Layout and wording follow the card as it is carried. That 居民身份证法 art. 5 rules the periods is confidence A (so in
our facts, HZ1201); the ages and years below are confidence C, from general knowledge, not from the text of the law.
民族 is printed on the card and is read by any engine with the rest; card_text drops it in the first function that
sees the text, because no procedure of this platform may ask for a person's origin (ARCHITECTURE, Personal data).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from minjing.base import idnumber

LONG_TERM = "long_term"  # 长期: the card does not expire
FRONT_FIELDS = ("name", "sex", "birth_date", "address", "id_number")
BACK_FIELDS = ("issuer", "valid_from", "valid_to")
TITLES = {
    "name": ("姓名", "Name"),
    "sex": ("性别", "Sex"),
    "birth_date": ("出生日期", "Date of birth"),
    "address": ("住址", "Address"),
    "id_number": ("公民身份号码", "Identity number"),
    "issuer": ("签发机关", "Issuing authority"),
    "valid_from": ("有效期起", "Valid from"),
    "valid_to": ("有效期止", "Valid until"),
}
# Below this a field is shown to its holder for confirmation. Names and addresses have no check digit.
SURE = {"name": 0.93, "address": 0.9, "issuer": 0.9}
SURE_OTHERWISE = 0.85
# Codes of provinces, the first two digits (confidence C: the list is not in our facts); 81, 82 and 83 stand in
# residence permits of Hong Kong, Macao and Taiwan residents.
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)


@dataclass(frozen=True, slots=True)
class Field:
    """What one field says, how sure the reading is (0 to 1) and whether another field bears it out."""

    value: str
    confidence: float
    borne_out: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the holder must be told: a contradiction, an expired card, a photo that cannot be read well."""

    key: str
    zh: str
    en: str
    fields: tuple[str, ...] = ()
    stops: bool = False  # the reading cannot be used as evidence


@dataclass(frozen=True, slots=True)
class CardReading:
    """Both sides of a card as read, what to confirm and what is wrong. `portrait` is a JPEG and never kept here."""

    fields: Mapping[str, Field]
    confirm: tuple[str, ...]
    remarks: tuple[Remark, ...]
    engine: str = ""
    seconds: float = 0.0
    portrait: bytes | None = field(default=None, repr=False)

    def value(self, name: str) -> str:
        """Return what the field says, "" when it could not be read."""
        found = self.fields.get(name)
        return found.value if found else ""

    @property
    def usable(self) -> bool:
        """Return whether every field was read and nothing speaks against the card."""
        return all(self.value(n) for n in FRONT_FIELDS + BACK_FIELDS) and not any(r.stops for r in self.remarks)


def judge(fields: Mapping[str, Field], today: date) -> CardReading:
    """Return the fields with what bears them out, what to confirm and what is wrong."""
    fields, remarks = _against_number(dict(fields))
    fields, more = _validity(fields, today)
    remarks += more + _issuer(fields)
    doubted = {name for remark in remarks for name in remark.fields if remark.key != "expired"}
    confirm = tuple(n for n in FRONT_FIELDS + BACK_FIELDS if n in doubted or not _sure(n, fields.get(n)))
    missing = [n for n in FRONT_FIELDS + BACK_FIELDS if not fields.get(n)]
    if missing:
        remarks.append(_missing(missing))
    return CardReading(fields, confirm, tuple(remarks))


def _sure(name: str, found: Field | None) -> bool:
    if found is None:
        return False
    return found.borne_out or found.confidence >= SURE.get(name, SURE_OTHERWISE)


def _missing(names: Sequence[str]) -> Remark:
    zh = "、".join(TITLES[n][0] for n in names)
    en = ", ".join(TITLES[n][1].lower() for n in names)
    return Remark(
        "missing",
        f"没有读到：{zh}。请对照证件手工填写，或重新拍一张。",
        f"Not read: {en}. Type what the card says, or take the photo again.",
        tuple(names),
    )


# --- one against the other ---------------------------------------------------------------------------------------


def _against_number(fields: dict[str, Field]) -> tuple[dict[str, Field], list[Remark]]:
    """Hold the number's check digit, birth date and sex against what is printed above it."""
    remarks: list[Remark] = []
    given = fields.get("id_number")
    if given is None:
        return fields, remarks
    printed = fields.get("birth_date")
    repaired = _repaired(given.value, printed.value if printed else "", fields.get("sex"))
    if repaired is None:
        fields["id_number"] = replace(given, confidence=min(given.confidence, 0.3))
        remarks.append(
            Remark(
                "number_check",
                "身份号码的校验码对不上，可能有一位读错了。请逐位核对。",
                "The check digit of the identity number does not fit: a digit may be misread. Compare each digit.",
                ("id_number",),
            )
        )
        return fields, remarks
    if repaired != given.value:
        fields["id_number"] = Field(repaired, 0.5)
        remarks.append(
            Remark(
                "number_repaired",
                "身份号码有一处看不清，已按校验码推算。请逐位核对。",
                "One place of the identity number was unclear and was worked out. Compare each digit.",
                ("id_number",),
            )
        )
    number = idnumber.parse(repaired)
    agree = _agree(fields, number, remarks)
    if agree and repaired == given.value:
        fields["id_number"] = replace(given, confidence=max(given.confidence, 0.99), borne_out=True)
    if number.text[:2] not in PROVINCES:
        remarks.append(
            Remark(
                "number_area",
                "身份号码的前两位不是任何省份的代码。请核对。",
                "The first two digits of the identity number belong to no province. Check them.",
                ("id_number",),
                stops=True,
            )
        )
    return fields, remarks


def _agree(fields: dict[str, Field], number: idnumber.IdNumber, remarks: list[Remark]) -> bool:
    """Compare birth and sex with the number; fill what was not read. Return whether the birth date agrees."""
    agree = False
    expected = {"birth_date": number.birth.isoformat(), "sex": "男" if number.is_male else "女"}
    for name, value in expected.items():
        read_as = fields.get(name)
        if read_as is None:
            fields[name] = Field(value, 0.9)  # by the number, whose check digit fits
        elif read_as.value == value:
            fields[name] = Field(value, max(read_as.confidence, 0.99), borne_out=True)
            agree = agree or name == "birth_date"
        else:
            fields[name] = replace(read_as, confidence=min(read_as.confidence, 0.4))
            zh, en = TITLES[name]
            remarks.append(
                Remark(
                    f"{name}_differs",
                    f"证面的{zh}与身份号码里的不一致。请核对这两项；若证件上确实不一致，请到窗口办理。",
                    f"The {en.lower()} printed on the card is not the one in the identity number. Check both; if the"
                    " card itself says so, come to a counter.",
                    (name, "id_number"),
                    stops=True,
                )
            )
    return agree


def checks(number: str) -> bool:
    """Return whether the number has a right check character and a possible birth date."""
    try:
        idnumber.parse(number)
    except idnumber.WrongIdNumber:
        return False
    return True


def _repaired(number: str, birth: str, sex: Field | None) -> str | None:
    """Return the number if its check digit fits, the one number a single misread place leads to, or None."""
    if checks(number):
        return number
    if len(number) != 18:
        return None
    candidates = set()
    if birth:
        candidates.add(number[:6] + birth.replace("-", "") + number[14:])
    for at, char in enumerate(number):
        for other in _LOOKALIKES.get(char, ""):
            candidates.add(number[:at] + other + number[at + 1 :])
    fits = {c for c in candidates if checks(c)}
    if birth:
        fits = {c for c in fits if c[6:14] == birth.replace("-", "")}
    if sex is not None:
        fits = {c for c in fits if (int(c[16]) % 2 == 1) == (sex.value == "男")}
    return fits.pop() if len(fits) == 1 else None


_LOOKALIKES = {
    "0": "869", "1": "74", "2": "7", "3": "89", "4": "1", "5": "68", "6": "805", "7": "12", "8": "0369", "9": "083",
    "X": "1",
}  # fmt: skip


def _validity(fields: dict[str, Field], today: date) -> tuple[dict[str, Field], list[Remark]]:
    """Hold the period against the holder's age at issue and against the day.

    What does not fit is asked again; the way over the counter stands open beside it, for the ages are confidence C.
    """
    start, end, birth = fields.get("valid_from"), fields.get("valid_to"), fields.get("birth_date")
    remarks: list[Remark] = []
    if start and date.fromisoformat(start.value) > today:
        remarks.append(_period("not_yet", ("valid_from",)))
    if end and end.value != LONG_TERM and date.fromisoformat(end.value) < today:
        remarks.append(
            Remark(
                "expired",
                f"这张身份证已于 {end.value} 过期，不能用来核验身份。请先换领新证。",
                f"This card expired on {end.value} and cannot prove who you are. Renew it first.",
                ("valid_to",),
                stops=True,
            )
        )
    if not (start and end and birth):
        return fields, remarks
    issued, born = date.fromisoformat(start.value), date.fromisoformat(birth.value)
    if issued < born:
        remarks.append(_period("before_birth", ("valid_from", "birth_date")))
    elif _fits(issued, end.value, born):
        for name in ("valid_from", "valid_to"):
            fields[name] = replace(fields[name], confidence=max(fields[name].confidence, 0.97), borne_out=True)
    else:
        remarks.append(_period("unlawful", ("valid_from", "valid_to")))
    return fields, remarks


def years_for(age: int) -> int | None:
    """Return the years a card issued at this age is valid, None for long term (ages and years: confidence C)."""
    if age < 16:
        return 5
    if age <= 25:
        return 10
    return 20 if age <= 45 else None


def age_on(birth: date, day: date) -> int:
    """Return the full years on that day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _fits(issued: date, end: str, born: date) -> bool:
    # The age counts on the day of the application, the period from the day of issue (confidence C); up to 60 days lie
    # between (居民身份证法 art. 12, confidence A).
    lawful = {years_for(age_on(born, day)) for day in (issued, issued - timedelta(days=60)) if day >= born}
    if end == LONG_TERM:
        return None in lawful
    return any(abs((date.fromisoformat(end) - _later(issued, years)).days) <= 1 for years in lawful if years)


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _period(key: str, names: tuple[str, ...]) -> Remark:
    return Remark(
        f"period_{key}",
        "有效期限与签发时的年龄或今天的日期不符，可能读错了。请核对。",
        "The period of validity does not fit the age at issue or today's date: it may be misread. Check it.",
        names,
    )


def _issuer(fields: Mapping[str, Field]) -> list[Remark]:
    """The card is issued where its holder was registered then: a place named by the issuer stands in the address."""
    issuer, address = fields.get("issuer"), fields.get("address")
    if issuer is None:
        return []
    if not re.search(r"公安(局|厅)|公安.*分局", issuer.value):
        return [_issuer_remark("issuer_odd")]
    place = re.split(r"公安", issuer.value)[0]
    if address and place and not any(part in address.value for part in _places(place)):
        return [_issuer_remark("issuer_elsewhere")]
    return []


def _places(text: str) -> list[str]:
    """Return the names of places in an issuer's name, with and without their kind: 深圳市 and 深圳."""
    parts = re.findall(r"[^省市县区旗州盟]+[省市县区旗州盟]", text) or [text]
    return [*parts, *(part[:-1] for part in parts if len(part) > 2)]


def _issuer_remark(key: str) -> Remark:
    return Remark(
        key,
        "签发机关的名称与住址不像同一个地方。请核对；迁过户口的，以证面为准。",
        "The issuing authority does not seem to belong to the address. Check it; what the card says counts.",
        ("issuer",),
    )
