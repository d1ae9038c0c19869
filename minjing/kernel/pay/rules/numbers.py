"""Numbers of bills, attempts and refunds.

A bill number (非税收入票据号) has 18 digits: 4 of the city's area code, 2 of the district, 2 of the year, 8 counted
per district and year, 2 check digits (ISO/IEC 7064, MOD 97-10). The format is the platform's own: a city that is
connected to the treasury's system of non-tax revenue gets its numbers from there and replaces `bill_number`.

Attempts and refunds append two counted digits and eight random characters: unique for ever at the gateway, also
after a database was set up anew, and not to be guessed. At most 32 of [0-9A-Z], as WeChat and UnionPay demand.
"""

import secrets
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
RANDOM = 8
ATTEMPTS_MAX = 99


def bill_number(area: str, org_id: int, year: int, count: int) -> str:
    """Return the number of a bill. Raises ValueError when a part does not fit."""
    body = f"{area[:4]}{org_id:02d}{year % 100:02d}{count:08d}"
    if len(body) != 16 or not body.isdigit():
        raise ValueError(f"{body} cannot be a bill number")
    return f"{body}{98 - int(body) * 100 % 97:02d}"


def is_bill_number(text: str) -> bool:
    """Say whether the check digits hold."""
    return len(text) == 18 and text.isascii() and text.isdigit() and int(text) % 97 == 1


def grouped(bill_no: str) -> str:
    """Return a bill number as people read it: 4403 04 26 00000123 45."""
    return " ".join((bill_no[:4], bill_no[4:6], bill_no[6:8], bill_no[8:16], bill_no[16:]))


def attempt_number(bill_no: str, seq: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """Return the number of the `seq`-th attempt at a bill."""
    return f"{bill_no}{seq:02d}{_random(choice)}"


def refund_number(bill_no: str, seq: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """Return the number of the `seq`-th refund of a bill."""
    return f"{bill_no}R{seq:02d}{_random(choice)}"


def _random(choice: Callable[[str], str]) -> str:
    return "".join(choice(ALPHABET) for _ in range(RANDOM))
