"""The drivers of the made-up city: names, ID numbers, licences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from minjing.base.idnumber import CHECKS, WEIGHTS
from minjing.site.demo.fleet.dice import day, drawn, identifier, identifier_hex, spread, table
from minjing.site.demo.names import FEMALE_CHARS, MALE_CHARS, SURNAMES

SINCE_MS = 1_704_067_200_000  # 2024-01-01: the ids of people sort before those of vehicles
LICENCE_MS = SINCE_MS + 10_000_000
# Counties that the demo's households do not come from: no number of theirs can be one of these.
AREAS = (
    "430103", "430121", "430211", "420102", "420111", "420281", "360102", "360111", "360281", "450102", "450107",
    "510105", "510107", "500105", "410103", "410122", "340102", "340121", "320102", "330102", "350102", "440104",
    "440111", "441302",
)  # fmt: skip
FIRST_BIRTH, DAYS = date(1957, 1, 1), 18_250  # the youngest are born in December 2006
_FIRST_GROWN = FIRST_BIRTH.toordinal() + 6_580  # eighteen
ORDERS = 500  # 500 to 999
NUMBERS = len(AREAS) * DAYS * ORDERS
STEP = 15_485_863  # prime, and none of the divisors of NUMBERS

_AREA_SUM = [sum(int(d) * w for d, w in zip(area, WEIGHTS, strict=False)) for area in AREAS]
_DAY_TEXT = [(FIRST_BIRTH + timedelta(days=n)).strftime("%Y%m%d") for n in range(DAYS)]
_DAY_SUM = [sum(int(d) * w for d, w in zip(text, WEIGHTS[6:14], strict=True)) for text in _DAY_TEXT]
_ORDER_SUM = [sum(int(d) * w for d, w in zip(f"{n:03d}", WEIGHTS[14:], strict=True)) for n in range(1000)]

CLASSES = table({"C1": 640, "C2": 230, "C1,D": 30, "C1,E": 25, "B2": 40, "A2": 18, "A1": 8, "B1": 6, "C5": 2, "D": 1})
HEAVY = ("A1", "A2", "A3", "B1", "B2")
STATUS = table({"valid": 1010, "full_points": 4, "suspended": 2, "stopped": 3, "revoked": 2, "cancelled": 3})
LONG_TERM = "9999-12-31"


class Drivers:
    """The drivers of one seed, `many` of them, as they are on `today`."""

    def __init__(self, seed: int, many: int, today: date) -> None:
        self.seed, self.many, self.today = seed, many, today
        self._today = today.isoformat()

    def person_id(self, row: int) -> UUID:
        """Return who driver `row` is."""
        return identifier(self.seed + 1, SINCE_MS, row)

    def person_hex(self, row: int) -> str:
        """Return the same as COPY takes it."""
        return identifier_hex(self.seed + 1, SINCE_MS, row)

    def id_number(self, row: int) -> str:
        """Return the ID number of driver `row`: well formed, and each once."""
        place = spread(row, STEP, NUMBERS)
        rest, order = divmod(place, ORDERS)
        area, born = divmod(rest, DAYS)
        order += 500
        check = CHECKS[(_AREA_SUM[area] + _DAY_SUM[born] + _ORDER_SUM[order]) % 11]
        return f"{AREAS[area]}{_DAY_TEXT[born]}{order}{check}"

    def birth(self, row: int) -> date:
        """Return the day of birth that the number says."""
        return FIRST_BIRTH + timedelta(days=spread(row, STEP, NUMBERS) // ORDERS % DAYS)

    def name(self, row: int, number: str) -> str:
        """Return a name for the sex that the number says."""
        bits = drawn(self.seed + 2, row)
        chars = MALE_CHARS if int(number[16]) % 2 else FEMALE_CHARS
        second = chars[(bits >> 24) % len(chars)] if bits & 3 else ""
        return SURNAMES[(bits >> 40) % len(SURNAMES)] + chars[(bits >> 8) % len(chars)] + second

    def people(self, first: int = 0) -> Iterator[tuple[UUID, str, str]]:
        """Yield (id, name, ID number) of each driver."""
        for row in range(first, self.many):
            number = self.id_number(row)
            yield self.person_id(row), self.name(row, number), number

    def licences(self, first: int = 0) -> Iterator[str]:
        """Yield the licence of each driver, as COPY reads it: `take_over.LICENCE`."""
        for row in range(first, self.many):
            yield self._licence(row)

    def _licence(self, row: int) -> str:
        bits = drawn(self.seed + 3, row)
        today = self.today.toordinal()
        grown = _FIRST_GROWN + spread(row, STEP, NUMBERS) // ORDERS % DAYS
        issued = min(grown + bits % min(max(1, today - grown - 30), 7_000), today - 20)
        first = day(issued)
        since, until = term(first, self._today)
        classes = CLASSES[(bits >> 20) & 1023]
        status = STATUS[(bits >> 30) & 1023]
        checkup = day(today + (bits >> 40) % 365) if classes in HEAVY else "\\N"
        suspended = day(today + (bits >> 40) % 180) if status == "suspended" else "\\N"
        probation = day(issued + 365) if today - issued < 365 else "\\N"
        return (
            f"{identifier_hex(self.seed + 4, LICENCE_MS, row)}\t{bits % 11 + 1}\t{self.person_hex(row)}"
            f"\t4403{row:08d}\t{classes}\t{first}\t{since}\t{until}"
            f"\t{probation}\t{checkup}\t{status}\t{suspended}\t{since}T00:00:00Z\n"
        )

    def licence_id(self, row: int) -> UUID:
        """Return the id of the licence of driver `row`."""
        return identifier(self.seed + 4, LICENCE_MS, row)


def term(issued: str, today: str) -> tuple[str, str]:
    """Return the term in force of a licence, days as text: six years, then ten, then for long (驾驶证规定)."""
    rest = "-02-28" if issued[4:] == "-02-29" else issued[4:]
    year = int(issued[:4])
    held = int(today[:4]) - year - (today[4:] < rest)
    if held < 6:
        return issued, f"{year + 6}{rest}"
    if held < 16:
        return f"{year + 6}{rest}", f"{year + 16}{rest}"
    return f"{year + 16}{rest}", LONG_TERM
