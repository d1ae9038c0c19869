"""Limits on trying: how often what may be done from where, in one upsert each, the same for all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from minjing.kernel.identity.errors import TooMany
from minjing.kernel.identity.sealing import blind_index


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` times in `window`, which begins with the first."""

    count: int
    window: timedelta


# Per phone and network address together: a person who did not get the message asks again, a machine does not.
CODE_AGAIN = Limit(1, timedelta(seconds=50))
CODE_HERE = Limit(6, timedelta(hours=1))
# Per network address: a family or an office behind one address signs in.
CODE_ADDRESS = Limit(60, timedelta(hours=1))
# Per phone over all addresses: keeps a stranger's phone from being flooded; high enough not to lock its owner out.
CODE_PHONE = Limit(30, timedelta(days=1))
# Words that stop codes to a phone: guesses per network address and per phone, of 2^30.
STOP = Limit(20, timedelta(hours=1))
STOP_PHONE = Limit(50, timedelta(days=1))
# Guessing names that go with an ID number, per account.
WHO = Limit(8, timedelta(hours=1))
# Checks of oneself by card and photo, per account: begun, cards sent, photos taken before the camera.
CHECK = Limit(6, timedelta(days=1))
CARD = Limit(10, timedelta(hours=1))
SELFIE = Limit(8, timedelta(hours=1))
# Mandates offered, per account.
MANDATE = Limit(20, timedelta(days=1))
# Names and numbers that do not go together, typed at a counter, per officer.
RECEPTION = Limit(20, timedelta(hours=1))
# Codes typed at a counter, per officer: 10^8 codes, a few of them open.
COUNTER = Limit(30, timedelta(hours=1))
# Failures per network address over all logins; failures per login and address are counted by django-axes.
PASSWORD_ADDRESS = Limit(100, timedelta(hours=1))
# Guesses at the second factor per account: needs the password first, so no stranger can lock an officer out.
SECOND = Limit(10, timedelta(minutes=15))

# Anybody may send us rubbish; so many pieces from one address are put on record in an hour, the rest are counted.
RUBBISH = Limit(60, timedelta(hours=1))
# Ways to another platform and back begun at one network address, each a session: many phones share one.
DOOR = Limit(300, timedelta(hours=1))

_COUNT = """
INSERT INTO identity_tally AS t (key_index, since, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key_index) DO UPDATE SET
  count = CASE WHEN t.since <= %(edge)s THEN 1 ELSE t.count + 1 END,
  since = CASE WHEN t.since <= %(edge)s THEN %(now)s ELSE t.since END
RETURNING count, since
"""


def spend(what: str, who: str, limit: Limit, now: datetime) -> None:
    """Count one try. Raises TooMany when it is one too many."""
    tried, since = count(what, who, limit, now)
    if tried > limit.count:
        raise TooMany(int((since + limit.window - now).total_seconds()) + 1)


def count(what: str, who: str, limit: Limit, now: datetime) -> tuple[int, datetime]:
    """Count one try and return how many there were since when."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": _key(what, who), "now": now, "edge": now - limit.window})
        tried, since = cursor.fetchone()
        return tried, since


def is_worth_an_entry(what: str, address: str, now: datetime) -> bool:
    """Count a piece of rubbish that came from an address, and say whether it is put on record."""
    tried, _ = count(what, address, RUBBISH, now)
    return tried <= RUBBISH.count


def check(what: str, who: str, limit: Limit, now: datetime) -> None:
    """Raise TooMany when the limit is spent; counts nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count, since FROM identity_tally WHERE key_index = %s AND since > %s",
            [_key(what, who), now - limit.window],
        )
        row = cursor.fetchone()
    if row and row[0] >= limit.count:
        raise TooMany(int((row[1] + limit.window - now).total_seconds()) + 1)


def clear(what: str, who: str) -> None:
    """Forget the tries, after a success."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM identity_tally WHERE key_index = %s", [_key(what, who)])


def _key(what: str, who: str) -> bytes:
    return blind_index("tally", f"{what}|{who}")
