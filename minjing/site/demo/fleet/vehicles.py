"""The vehicles of the made-up city: plates, VINs with their check digit, owners, and a few that changed hands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from minjing.modules.traffic.rules.plates import nth, nth_new_energy
from minjing.site.demo.fleet.dice import day, drawn, identifier, identifier_hex, spread, table
from minjing.site.demo.fleet.drivers import Drivers

SINCE_MS = 1_735_689_600_000  # 2025-01-01
OFFICE = "粤B"
MOST = 3_400_000  # the green plates of one office's letter, as `nth_new_energy` counts them
ORDINARY = 3_604_000
GREEN_STEP, BLUE_STEP, OWNER_STEP = 1_299_709, 1_299_721, 2_750_159  # primes

# Kind of plate, body, use, energy; the shares of a city with many new-energy cars (made up).
SORTS = table(
    {
        "52\tcar\tprivate\tbattery": 250,
        "52\tsuv\tprivate\thybrid": 110,
        "52\tcar\tride_hail\tbattery": 45,
        "52\tcar\ttaxi\tbattery": 6,
        "02\tcar\tprivate\tpetrol": 350,
        "02\tsuv\tprivate\tpetrol": 180,
        "02\tvan\tfreight\tpetrol": 30,
        "01\ttruck\tfreight\tdiesel": 30,
        "01\tbus\tbus\tdiesel": 5,
        "07\tmotorcycle\tprivate\tpetrol": 15,
        "02\tvan\trescue\tpetrol": 3,
    }
)
PERSONS = frozenset(sort for sort in SORTS if sort.split("\t")[2] in ("private", "ride_hail"))
BRANDS = ("鹏程", "南粤", "海风", "云岭", "山岳", "星河", "东江", "长川")
MODELS = ("EV-1", "EV-3", "L5", "S7", "X2", "X6", "M3", "T9")
COLOURS = table({"white": 40, "black": 22, "grey": 14, "silver": 8, "blue": 7, "red": 5, "green": 3, "yellow": 1})
SEATS = {"truck": 2, "motorcycle": 2, "bus": 45}
FIRMS = (
    "深圳示范物流有限公司",
    "深圳示范出租汽车有限公司",
    "深圳示范公交集团",
    "深圳示范租赁有限公司",
    "深圳示范科技有限公司",
)

# GB 16735 (as ISO 3779): what each sign counts, and the weight of each place; the ninth is the check digit.
_SIGNS = ("0", "1AJ", "2BKS", "3CLT", "4DMU", "5ENV", "6FW", "7GPX", "8HY", "9RZ")
_VALUE = {sign: value for value, signs in enumerate(_SIGNS) for sign in signs}
_WEIGHT = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_YEARS = "ABCDEFGHJKLMNPRSTVWXY"  # 2010 to 2030
_SERIAL_SUM = [sum(int(d) * w for d, w in zip(f"{n:03d}", _WEIGHT[11:14], strict=True)) for n in range(1000)]
_TAIL_SUM = [sum(int(d) * w for d, w in zip(f"{n:03d}", _WEIGHT[14:], strict=True)) for n in range(1000)]


def vin_check(head: str, tail: str) -> str:
    """Return the check digit between the first eight and the last eight signs of a VIN."""
    signs = head + "0" + tail
    rest = sum(_VALUE[sign] * weight for sign, weight in zip(signs, _WEIGHT, strict=True)) % 11
    return "X" if rest == 10 else str(rest)


_HEADS = [
    f"L{'MNP'[n % 3]}{'ABCDEFGH'[n]}{'EXS'[n % 3]}{n}{'HJK'[n % 3]}{(n * 3) % 10}{'BCD'[n % 3]}" for n in range(8)
]
_HEAD_SUM = [sum(_VALUE[s] * w for s, w in zip(head, _WEIGHT, strict=False)) for head in _HEADS]


class Vehicles:
    """The vehicles of one seed, as they are on `today`, owned by its drivers or by firms."""

    def __init__(self, seed: int, many: int, drivers: Drivers, today: date) -> None:
        if many > MOST:
            raise ValueError(f"one office's letter has plates for {MOST:,} vehicles")
        self.seed, self.many, self.drivers, self.today = seed, many, drivers, today
        self._today = today.toordinal()
        self._lately = day(self._today - 40)

    def vehicle_id(self, row: int) -> UUID:
        """Return the id of vehicle `row`."""
        return identifier(self.seed + 11, SINCE_MS, row)

    def vehicle_hex(self, row: int) -> str:
        """Return the same as COPY takes it."""
        return identifier_hex(self.seed + 11, SINCE_MS, row)

    def sort(self, row: int) -> str:
        """Return plate kind, body, use and energy, with tabs between."""
        return SORTS[drawn(self.seed + 12, row) & 1023]

    def plate(self, row: int) -> str:
        """Return the plate of vehicle `row`."""
        return self.plate_by(row, self.sort(row)[:2])

    def plate_by(self, row: int, kind: str) -> str:
        """Return the plate of vehicle `row`, whose kind of plate is known."""
        if kind == "52":
            return nth_new_energy(OFFICE, spread(row, GREEN_STEP, MOST))
        return nth(OFFICE, spread(row, BLUE_STEP, ORDINARY))

    def owner(self, row: int) -> int | None:
        """Return which driver owns vehicle `row`; None for a firm. One in eight has two."""
        return self.owner_by(row, self.sort(row))

    def owner_by(self, row: int, sort: str) -> int | None:
        """Return which driver owns vehicle `row`, whose sort is known."""
        if sort not in PERSONS:
            return None
        of = row // 2 if drawn(self.seed + 13, row) % 8 == 0 else row
        return of * OWNER_STEP % self.drivers.many

    def rows(self, first: int = 0) -> Iterator[tuple[str, str]]:
        """Yield each vehicle and, where it changed hands, the state before, as COPY reads them; "" for none."""
        for row in range(first, self.many):
            yield self._vehicle(row)

    def _vehicle(self, row: int) -> tuple[str, str]:
        bits = drawn(self.seed + 14, row)
        sort = self.sort(row)
        kind, body, use, energy = sort.split("\t")
        registered = self._registered(bits, kind)
        owner = self.owner_by(row, sort)
        of = f"{self.drivers.person_hex(owner)}\t" if owner is not None else f"\\N\t{FIRMS[(bits >> 50) % 5]}"
        first = day(registered)
        plate = self.plate_by(row, kind)
        own = identifier_hex(self.seed + 11, SINCE_MS, row)
        inspected = self._inspected_until(first, bits)
        insured = day(self._today + (bits >> 37) % 365 - 3)
        # What stands in both rows of one that changed hands, before the owner and after it.
        worn = (
            f"{(bits >> 44) % 11 + 1}\t{plate}\t{kind}\t{use}"
            f"\t{COLOURS[(bits >> 16) & 1023]}\t{(bits >> 20) % 10**7:07d}"
        )
        moved = self._changed_hands(registered, bits)
        since, past = first, ""
        if moved:
            since = day(moved)
            before = self.drivers.person_hex((row * 7 + 3) % self.drivers.many)
            past = (
                f"{own}\t{since}T02:00:00Z\t{worn}\t{before}\t\t{inspected}\t{insured}\tf\tvalid\t{first}T02:00:00Z\n"
            )
        made = day(registered - 20 - (bits >> 36) % 200)
        sold = (bits >> 40) % 8
        return (
            f"{own}\t{worn}\t{of}\t{inspected}\t{insured}\t{'t' if (bits >> 58) % 20 == 0 else 'f'}"
            f"\t{'stolen' if (bits >> 52) & 4095 == 7 else 'valid'}\t{since}T02:00:00Z"
            f"\t{self._vin(row, sold, int(made[:4]))}\t{BRANDS[sold]}\t{MODELS[sold]}"
            f"\t{body}\t{energy}\t{SEATS.get(body, 5)}\t{made}\t{first}\n",
            past,
        )

    def _registered(self, bits: int, kind: str) -> int:
        """Return the day of registration; more vehicles are young: the square of an even draw."""
        share = (bits & 0xFFFF) / 65_536
        return self._today - 30 - int(share * share * (3_300 if kind == "52" else 5_400))

    def _changed_hands(self, registered: int, bits: int) -> int:
        """Return the day on which the vehicle was sold, 0 for never: three in a hundred of the older ones."""
        owned = self._today - registered
        if (bits >> 26) & 31 or owned <= 500:
            return 0
        return registered + 200 + (bits >> 31) % (owned - 250)

    def _inspected_until(self, registered: str, bits: int) -> str:
        """Return until when it is inspected; one in twenty-five of those due lately is overdue."""
        rest = "-02-28" if registered[4:] == "-02-29" else registered[4:]
        due = f"{self.today.year}{rest}"
        if due < (self._lately if (bits >> 33) % 25 == 0 else self.today.isoformat()):
            return f"{self.today.year + 1}{rest}"
        return due

    def _vin(self, row: int, sold: int, year: int) -> str:
        plant, serial = divmod(row, 1_000_000)
        letter, works = _YEARS[max(0, year - 2010)], "ABCD"[plant]
        first, last = divmod(serial, 1000)
        total = (
            _HEAD_SUM[sold]
            + _VALUE[letter] * _WEIGHT[9]
            + _VALUE[works] * _WEIGHT[10]
            + _SERIAL_SUM[first]
            + _TAIL_SUM[last]
        ) % 11
        return f"{_HEADS[sold]}{'X' if total == 10 else total}{letter}{works}{serial:06d}"
